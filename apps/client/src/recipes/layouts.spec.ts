import { recognise } from './layouts.js';

const GUID = '_c_6d7e682c-1050-4efd-92fa-271523cd5b90-';
const OTHER = '_c_17e6d1ac-6c3f-4f7a-8b0e-1d0a3d1f6c11-';
const HEX = '9f86d081884c4d63a1f1a2f6b1c7c0de';

function roles(children: readonly string[]): readonly string[] {
  return recognise(children)?.contenders.map(({ role, mode, name }) => `${role} ${mode ?? ''} ${name}`) ?? [];
}

describe('recognise', () => {
  it.each([
    ["Curator's mutex", [`${GUID}lock-0000000007`], 'lock', 'curator', true],
    ['a mutex without protection', ['lock-0000000007'], 'lock', 'curator', false],
    ["kazoo's lock", [`${HEX}__lock__0000000007`], 'lock', 'kazoo', true],
    ['a lock shared by both', [`${HEX}__lock__0000000007`, `${GUID}lock-0000000008`], 'lock', 'both', true],
    ['a leader latch', [`${GUID}latch-0000000000`], 'leaderLatch', 'curator', true],
    ['leases of a semaphore', [`${GUID}lease-0000000000`], 'semaphore', 'curator', true],
    ['a read/write lock', [`${GUID}__READ__0000000000`, `${GUID}__WRIT__0000000001`], 'readWriteLock', 'curator', true],
    ["kazoo's read/write lock", [`${HEX}__rlock__0000000000`], 'readWriteLock', 'kazoo', true],
    ["Curator's queue", ['queue-0000000000', 'queue-0000000001'], 'queue', 'curator', true],
    ['a simple queue', ['qn-0000000000'], 'queue', 'curator', true],
    ["kazoo's queue", ['entry-100-0000000000'], 'queue', 'kazoo', true],
    ["kazoo's party", [`${HEX}__party__`], 'party', 'kazoo', true],
    ['a lease', ['lease_holder'], 'lease', 'kazoo', true],
    ['a double barrier', ['ready', 'one'], 'doubleBarrier', 'unknown', false],
  ])('knows %s', (_, children, kind, dialect, isCertain) => {
    expect(recognise(children)).toMatchObject({ kind, dialect, isCertain });
  });

  it.each([[[]], [['config', 'users']], [['lock-file']], [['ready']], [['0000000001']]])(
    'sees nothing in %j',
    (children) => {
      expect(recognise(children)).toBeUndefined();
    },
  );

  it('lets the lowest number hold, whatever comes before it in the name', () => {
    expect(roles([`${GUID}lock-0000000008`, `${OTHER}lock-0000000007`])).toEqual([
      `holds  ${OTHER}lock-0000000007`,
      `waits  ${GUID}lock-0000000008`,
    ]);
  });

  it('lets readers hold together until a writer stands between', () => {
    const names = ['__READ__0000000001', '__READ__0000000002', '__WRIT__0000000003', '__READ__0000000004'];
    expect(roles(names.map((name) => GUID + name)).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'holds read',
      'holds read',
      'waits write',
      'waits read',
    ]);
  });
});
