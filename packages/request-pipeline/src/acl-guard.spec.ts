import type { AuthProvider, AuthProviders } from '@zk/contracts';
import { DataTree, encodeAcls } from '@zk/data-tree';
import { type Acl, type Id, Perms } from '@zk/model';
import { AclGuard } from './acl-guard.js';
import { ChangeRecord } from './change-record.js';

describe('AclGuard', () => {
  const tree = new DataTree();
  const asked: string[] = [];
  const digest: AuthProvider = {
    scheme: 'digest',
    isAuthenticated: true,
    authenticate: () => undefined,
    matches: (connectionId, aclId) => {
      asked.push(`${connectionId}/${aclId}`);
      return connectionId === aclId;
    },
    isValid: () => true,
    userName: (connectionId) => connectionId,
  };
  const providers: AuthProviders = {
    get: (scheme) => (scheme === 'digest' ? digest : undefined),
    initialIds: () => [],
  };
  const guard = new AclGuard(tree, providers, false);
  const of = (id: string): readonly Id[] => [{ scheme: 'digest', id }];

  const many = Array.from({ length: 8 }, (_, i) => `other-${i}`);
  const allOf = (id: string): string[] => many.map((other) => `${id}/${other}`);

  function listOf(...ids: string[]): number {
    const bytes = encodeAcls(ids.map((id) => ({ scheme: 'digest', id, perms: Perms.read | Perms.write })));
    return tree.acls.intern(bytes, 0, bytes.length);
  }

  const adminsOf = (...ids: string[]): Acl[] => ids.map((id) => ({ scheme: 'digest', id, perms: Perms.admin }));

  beforeEach(() => (asked.length = 0));

  it('asks about a long list once for each connection, whatever is to be done', () => {
    const key = listOf('ann', 'bob', ...many);
    const [ann, bob, eve] = [of('ann'), of('bob'), of('eve')];
    for (let i = 0; i < 3; i++) {
      expect(guard.allows(key, Perms.read, ann)).toBe(true);
      expect(guard.allows(key, Perms.write, bob)).toBe(true);
      expect(guard.allows(key, Perms.delete, bob)).toBe(false);
      expect(guard.allows(key, Perms.read, eve)).toBe(false);
    }
    expect(asked).toEqual(['ann/ann', 'bob/ann', 'bob/bob', 'eve/ann', 'eve/bob'].concat(allOf('eve')));
  });

  it('asks about no entry behind the one that gives what is asked for, however long the list', () => {
    const key = listOf('ann', ...many);
    const entries = [{ scheme: 'digest', id: 'ann', perms: Perms.read }, ...adminsOf(...many, 'ann')];
    const bytes = encodeAcls(entries);
    const mixed = tree.acls.intern(bytes, 0, bytes.length);
    const ann = of('ann');
    expect(guard.allows(key, Perms.write, ann)).toBe(true);
    expect(guard.allows(mixed, Perms.read, ann)).toBe(true);
    expect(asked).toEqual(['ann/ann', 'ann/ann']);
    asked.length = 0;
    for (let i = 0; i < 3; i++) expect(guard.allows(mixed, Perms.admin, ann)).toBe(true);
    expect(asked).toEqual([...allOf('ann'), 'ann/ann']);
  });

  it('asks about a long list that is not applied yet once, too', () => {
    const record = Object.assign(new ChangeRecord(), { aclEntries: adminsOf(...many, 'ann'), aclWorldPerms: 0 });
    const [ann, eve] = [of('ann'), of('eve')];
    for (let i = 0; i < 3; i++) {
      expect(guard.allowsRecord(record, Perms.admin, ann)).toBe(true);
      expect(guard.allowsRecord(record, Perms.admin, eve)).toBe(false);
      expect(guard.allowsRecord(record, Perms.read, ann)).toBe(false);
    }
    expect(asked).toEqual([...allOf('ann'), 'ann/ann', ...allOf('eve'), 'eve/ann']);
  });

  it('asks again when the connection has proved another id', () => {
    const key = listOf(...many, 'carol');
    const before = of('ann');
    expect(guard.allows(key, Perms.read, before)).toBe(false);
    expect(guard.allows(key, Perms.read, [...before, ...of('carol')])).toBe(true);
  });

  it('asks about a short list each time', () => {
    const key = listOf('ann');
    const [ann, eve] = [of('ann'), of('eve')];
    for (const ids of [ann, eve, ann, eve]) expect(guard.allows(key, Perms.read, ids)).toBe(ids === ann);
    expect(asked).toEqual(['ann/ann', 'eve/ann', 'ann/ann', 'eve/ann']);
  });

  it('asks about every list, however many there are', () => {
    const ids = of('user-7');
    const keys = Array.from({ length: 1000 }, (_, i) => listOf(`user-${i % 10}`, `of list ${i}`, ...many));
    for (let round = 0; round < 2; round++) {
      expect(keys.map((key) => guard.allows(key, Perms.read, ids))).toEqual(keys.map((_, i) => i % 10 === 7));
    }
  });

  it('asks nobody where the world may, or where ACLs are switched off', () => {
    const key = listOf('dora', ...many);
    expect(guard.allows(-1, Perms.admin, of('eve'))).toBe(true);
    expect(new AclGuard(tree, providers, true).allows(key, Perms.admin, of('eve'))).toBe(true);
    expect(asked).toEqual([]);
  });
});
