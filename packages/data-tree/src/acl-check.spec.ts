import type { AuthProvider, AuthProviders } from '@zk/contracts';
import type { Acl, Id } from '@zk/model';
import { Perms } from '@zk/model';
import type { SubmittedAcl } from './acl-check.js';
import { checkAcl, fixupAcls } from './acl-check.js';

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

describe('checkAcl', () => {
  it.each<[string, boolean, string[], string[], number]>([
    ['no entries', true, [], [], Perms.admin],
    ['the world may', true, ['world:anyone=1'], [], Perms.read],
    ['the world may, but something else', false, ['world:anyone=1'], [], Perms.write],
    ['the world may, written in another way', false, ['world:anybody=31'], [], Perms.read],
    ['its id is named', true, ['digest:bob=1'], ['digest:bob'], Perms.read],
    ['its id is named, for something else', false, ['digest:bob=30'], ['digest:bob'], Perms.read],
    ['another id is named', false, ['digest:ann=31'], ['digest:bob'], Perms.read],
    ['its id is named under another scheme', false, ['ip:bob=31'], ['digest:bob'], Perms.read],
    ['any of its ids is named by any entry', true, ['digest:ann=31', 'ip:x=2'], ['digest:b', 'ip:x'], Perms.write],
    ['any of the wanted permissions is enough', true, ['digest:bob=16'], ['digest:bob'], Perms.read | Perms.admin],
    ['nobody knows the scheme', false, ['sasl:bob=31'], ['sasl:bob'], Perms.read],
    ['nobody knows the scheme, a later entry grants', true, ['sasl:b=31', 'digest:b=1'], ['digest:b'], Perms.read],
    ['super', true, ['digest:ann=0'], ['digest:bob', 'super:'], Perms.admin],
    ['a permission bit beyond the five', true, ['world:anyone=64'], [], 64],
    ['all bits at once, as -1', true, ['world:anyone=-1'], [], Perms.delete],
    ['no ids at all', false, ['digest:bob=31'], [], Perms.read],
  ])('%s: %p', (_case, allowed, entries, connection, perms) => {
    expect(checkAcl(entries.map(acl), ids(...connection), perms, providers)).toBe(allowed);
  });

  it('allows everything when ACLs are switched off', () => {
    expect(checkAcl([acl('digest:ann=1')], [], Perms.admin, providers, true)).toBe(true);
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
