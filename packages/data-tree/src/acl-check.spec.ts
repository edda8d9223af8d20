import type { AuthProvider, AuthProviders } from '@zk/contracts';
import type { Acl, Id } from '@zk/model';
import { Perms } from '@zk/model';
import type { SubmittedAcl } from './acl-check.js';
import { fixupAcls, grantOf, permsOf } from './acl-check.js';

/** A scheme whose ids match when equal; ids that contain a blank are not valid. */
function plainProvider(scheme: string, isAuthenticated: boolean): AuthProvider {
  return {
    scheme,
    isAuthenticated,
    authenticate: () => undefined,
    matches: (connectionId, aclId) => connectionId === aclId,
    isValid: (aclId) => !aclId.includes(' '),
    userName: (connectionId) => connectionId,
  };
}

const schemes = new Map([plainProvider('digest', true), plainProvider('ip', false)].map((each) => [each.scheme, each]));
const providers: AuthProviders = { get: (scheme) => schemes.get(scheme), initialIds: () => [] };

/** `scheme:id=perms` */
function acl(text: string): Acl {
  const [, scheme, id, perms] = /^(\w+):(.*)=(-?\d+)$/.exec(text)!;
  return { scheme: scheme!, id: id!, perms: Number(perms) };
}

function ids(...texts: string[]): Id[] {
  return texts.map((text) => {
    const [scheme, id] = text.split(':') as [string, string];
    return { scheme, id };
  });
}

describe('permsOf', () => {
  it.each<[string, number, string[], string[]]>([
    ['everything where there are no entries', 31, [], []],
    ['what the world may', 1, ['world:anyone=1'], []],
    ['what the world may, together', 5, ['world:anyone=1', 'world:anyone=4'], []],
    ['nothing to the world written in another way', 0, ['world:anybody=31'], []],
    ['what its id may', 30, ['digest:bob=30'], ['digest:bob']],
    ['nothing of what another id may', 0, ['digest:ann=31'], ['digest:bob']],
    ['nothing of what its id may under another scheme', 0, ['ip:bob=31'], ['digest:bob']],
    ['what any of its ids may by any entry', 18, ['digest:ann=1', 'ip:x=2', 'digest:b=16'], ['digest:b', 'ip:x']],
    ['nothing by a scheme that nobody knows', 0, ['sasl:bob=31'], ['sasl:bob']],
    ['what an entry behind one of such a scheme grants', 1, ['sasl:b=31', 'digest:b=1'], ['digest:b']],
    ['everything to super', 31, ['digest:ann=0'], ['digest:bob', 'super:']],
    ['no bit beyond the five', 1, ['world:anyone=65'], []],
    ['all of them for -1', 31, ['world:anyone=-1'], []],
    ['nothing without ids', 0, ['digest:bob=31'], []],
  ])('grants %s: %p', (_case, perms, entries, connection) => {
    expect(permsOf(entries.map(acl), ids(...connection), providers)).toBe(perms);
  });

  it('asks the provider only about what would add something', () => {
    const asked: string[] = [];
    const matches = (_connectionId: string, aclId: string): boolean => {
      asked.push(aclId);
      return true;
    };
    const curious: AuthProviders = { ...providers, get: () => ({ ...plainProvider('digest', true), matches }) };
    const entries = ['digest:a=3', 'digest:b=2', 'digest:c=29', 'digest:d=31'];
    expect(permsOf(entries.map(acl), ids('digest:x'), curious)).toBe(Perms.all);
    expect(asked).toEqual(['a', 'c']);
  });
});

describe('grantOf', () => {
  const entries = ['digest:ann=3', 'digest:bob=1', 'digest:bob=6', 'ip:x=96'].map(acl);

  it.each<[string, number, number, string[]]>([
    ['all that the first entry gives which gives some of it', 3, Perms.write | Perms.admin, ['digest:ann']],
    ['nothing where no entry gives any of it', 0, Perms.admin, ['digest:ann', 'digest:bob']],
    ['what the second entry of its id gives where the first does not', 6, Perms.write, ['digest:bob']],
    ['no bit beyond the five', 0, -1, ['ip:x']],
    ['everything to super', 31, Perms.read, ['super:']],
  ])('is %s: %p', (_case, granted, wanted, connection) => {
    expect(grantOf(entries, ids(...connection), providers, wanted)).toBe(granted);
  });
});

describe('fixupAcls', () => {
  const connection = ids('ip:127.0.0.1', 'digest:bob', 'super:', 'digest:ann');

  it.each<[string, string[], string[]]>([
    ['keeps the world', ['world:anyone=31'], ['world:anyone=31']],
    ['keeps order', ['ip:b=1', 'digest:a=2', 'ip:a=4'], ['ip:b=1', 'digest:a=2', 'ip:a=4']],
    ['keeps the first of duplicates', ['ip:a=1', 'ip:b=1', 'ip:a=1', 'ip:b=1'], ['ip:a=1', 'ip:b=1']],
    ['keeps entries that differ in permissions', ['ip:a=1', 'ip:a=2'], ['ip:a=1', 'ip:a=2']],
    ['keeps permissions of any value', ['ip:a=-1', 'ip:a=0', 'ip:a=99'], ['ip:a=-1', 'ip:a=0', 'ip:a=99']],
    ['replaces auth by each authenticated id', ['auth:=7'], ['digest:bob=7', 'digest:ann=7']],
    ['ignores the id beside auth', ['auth:me at home=7'], ['digest:bob=7', 'digest:ann=7']],
    [
      'does not look for duplicates of what auth became',
      ['digest:bob=7', 'auth:=7', 'auth:x=7'],
      ['digest:bob=7', 'digest:bob=7', 'digest:ann=7', 'digest:bob=7', 'digest:ann=7'],
    ],
  ])('%s', (_case, submitted, stored) => {
    expect(fixupAcls(submitted.map(acl), connection, providers)).toEqual(stored.map(acl));
  });

  it.each<[string, string[], boolean]>([
    ['itself when there is nothing to change', ['digest:bob=7', 'ip:a=1', 'world:anyone=1'], true],
    ['another one without duplicates', ['ip:a=1', 'ip:b=1', 'ip:a=1'], false],
    ['another one without auth', ['ip:a=1', 'auth:=1'], false],
  ])('gives back %s', (_case, entries, isItself) => {
    const submitted = entries.map(acl);
    expect(fixupAcls(submitted, connection, providers) === submitted).toBe(isItself);
  });

  it('tells a text from one that is missing, and where one ends from where the next begins', () => {
    const submitted: SubmittedAcl[] = [
      { perms: 1, scheme: 'digest', id: 'null' },
      { perms: 1, scheme: 'digest', id: null },
    ];
    expect(fixupAcls(submitted, connection, providers)).toBeUndefined();
    const [one, other] = [plainProvider('digest', true), plainProvider('digestx', true)];
    const both: AuthProviders = { ...providers, get: (scheme) => (scheme === 'digest' ? one : other) };
    const list = [acl('digest:xa=1'), acl('digestx:a=1')];
    expect(fixupAcls(list, connection, both)).toEqual(list);
  });

  it.each<[string, SubmittedAcl[] | null]>([
    ['no list', null],
    ['an empty list', []],
    ['the world under another id', [acl('world:anybody=31')]],
    ['super, which has no provider', [acl('super:=31')]],
    ['a scheme nobody knows', [acl('kerberos:bob=31')]],
    ['an id its scheme does not accept', [acl('digest:a b=31')]],
    ['one bad entry among good ones', [acl('world:anyone=31'), acl('digest:a b=31')]],
    ['a null scheme', [{ perms: 31, scheme: null, id: 'anyone' }]],
    ['a null id', [{ perms: 31, scheme: 'digest', id: null }]],
  ])('refuses %s', (_case, submitted) => {
    expect(fixupAcls(submitted, connection, providers)).toBeUndefined();
  });

  it('refuses auth from a connection that has proved nothing', () => {
    expect(fixupAcls([acl('auth:=31')], ids('ip:127.0.0.1', 'super:'), providers)).toBeUndefined();
    expect(fixupAcls([acl('auth:=31')], [], providers)).toBeUndefined();
  });

  it('replaces auth even when its id is null', () => {
    const fixed = fixupAcls([{ perms: 1, scheme: 'auth', id: null }], connection, providers);
    expect(fixed).toEqual([acl('digest:bob=1'), acl('digest:ann=1')]);
  });
});
