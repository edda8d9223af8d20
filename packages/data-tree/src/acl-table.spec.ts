import type { Acl } from '@zk/model';
import { OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '@zk/model';
import { AclTable, OPEN_ACL_KEY, encodeAcls, endOfAcls } from './acl-table.js';

const MIXED: readonly Acl[] = [
  { perms: 17, scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' },
  { perms: 1, scheme: 'world', id: 'anyone' },
  { perms: 4, scheme: 'world', id: 'anyone' },
  { perms: 31, scheme: 'ip', id: '' },
];

function intern(table: AclTable, acls: readonly Acl[]): number {
  const bytes = encodeAcls(acls);
  return table.intern(bytes, 0, bytes.length);
}

describe('AclTable', () => {
  it('gives equal lists one key, others the next, and never a key twice', () => {
    const table = new AclTable();
    expect(intern(table, OPEN_ACL_UNSAFE)).toBe(1);
    expect(intern(table, READ_ACL_UNSAFE)).toBe(2);
    expect(intern(table, OPEN_ACL_UNSAFE)).toBe(1);
    table.release(2);
    expect(table.size).toBe(1);
    expect(intern(table, READ_ACL_UNSAFE)).toBe(3);
    table.release(1);
    expect(table.size).toBe(2);
    table.release(1);
    expect(table.size).toBe(1);
  });

  it('keeps lists apart by content and order', () => {
    const table = new AclTable();
    expect(intern(table, MIXED)).not.toBe(intern(table, [...MIXED].reverse()));
    expect(table.entries(1)).toEqual(MIXED);
    expect(table.entries(2)).toEqual([...MIXED].reverse());
    expect([...table.keys()]).toEqual([1, 2]);
  });

  it.each([
    ['an empty list', Uint8Array.of(0, 0, 0, 0)],
    ['no list', Uint8Array.of(255, 255, 255, 255)],
  ])('takes %s for the open one', (_name, bytes) => {
    const table = new AclTable();
    expect(table.intern(bytes, 0, 4)).toBe(OPEN_ACL_KEY);
    expect(table.internAt(bytes, 0, 4)).toBe(OPEN_ACL_KEY);
    expect(table.scannedTo).toBe(4);
  });

  it.each([
    [MIXED, 5],
    [OPEN_ACL_UNSAFE, 31],
    [READ_ACL_UNSAFE, 1],
    [[{ perms: 31, scheme: 'auth', id: 'anyone' }], 0],
  ])('knows what anybody may do under %j', (acls, perms) => {
    const table = new AclTable();
    expect(table.worldPerms(intern(table, acls))).toBe(perms);
  });

  it('answers for the open list without an entry', () => {
    const table = new AclTable();
    expect(table.worldPerms(OPEN_ACL_KEY)).toBe(31);
    expect(table.entries(OPEN_ACL_KEY)).toEqual([]);
    expect(table.encoded(OPEN_ACL_KEY)).toEqual(encodeAcls(OPEN_ACL_UNSAFE));
    table.release(OPEN_ACL_KEY);
    expect(table.size).toBe(0);
  });

  it('lets nobody in under a key it does not know', () => {
    const table = new AclTable();
    expect(table.worldPerms(7)).toBe(0);
    expect(table.entries(7)).toEqual([{ perms: 0, scheme: 'world', id: 'anyone' }]);
    expect(table.retainLoaded(7)).toBe(false);
    expect(table.worldPerms(7)).toBe(0);
    expect(intern(table, MIXED)).toBe(8);
    table.release(7);
    expect([...table.keys()]).toEqual([8]);
  });

  it('keeps the keys of a snapshot and forgets those no znode used', () => {
    const table = new AclTable();
    const bytes = encodeAcls(MIXED);
    table.load(5, bytes, 0, bytes.length);
    table.load(9, bytes, 0, bytes.length);
    expect(table.retainLoaded(5)).toBe(true);
    table.dropUnused();
    expect([...table.keys()]).toEqual([5]);
    expect(intern(table, MIXED)).toBe(5);
    expect(intern(table, OPEN_ACL_UNSAFE)).toBe(10);
  });

  it('counts every use', () => {
    const table = new AclTable();
    const key = intern(table, MIXED);
    intern(table, MIXED);
    table.release(key);
    expect(table.entries(key)).toEqual(MIXED);
    table.release(key);
    expect(table.size).toBe(0);
  });

  it('finds the end of a list inside something longer', () => {
    const table = new AclTable();
    const list = encodeAcls(MIXED);
    const longer = Uint8Array.of(9, 9, ...list, 1, 2, 3);
    for (let round = 0; round < 2; round++) {
      expect(table.internAt(longer, 2, longer.length)).toBe(1);
      expect(table.scannedTo).toBe(2 + list.length);
    }
    expect(endOfAcls(longer, 2, longer.length)).toBe(2 + list.length);
  });

  it('refuses a list that is cut off anywhere', () => {
    const list = encodeAcls(MIXED);
    for (let end = 0; end < list.length; end++) {
      expect(() => endOfAcls(list, 0, end)).toThrow(/cut off/);
    }
  });
});
