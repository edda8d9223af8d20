import { AddWatchMode, CreateMode, EventType, OPEN_ACL_UNSAFE, OpCode, WatcherType, Xid } from '@zk/model';
import { RecordReader, readWatcherEvent } from '@zk/jute';
import type { RawClient } from '@zk/test-client';
import { outcome } from './outcomes.js';
import { RawSession } from './raw-session.js';
import { heardBy, watchSceneForEach, told } from './watch-scene.js';

const { nodeCreated, nodeDeleted, nodeDataChanged, nodeChildrenChanged } = EventType;
const kinds = {
  data: (c: RawClient, path: string) => c.getData(path, true),
  exists: (c: RawClient, path: string) => c.exists(path, true),
  child: (c: RawClient, path: string) => c.getChildren(path, true),
  child2: (c: RawClient, path: string) => c.getChildren2(path, true),
  persistent: (c: RawClient, path: string) => c.addWatch(path, AddWatchMode.persistent),
  recursive: (c: RawClient, path: string) => c.addWatch(path, AddWatchMode.persistentRecursive),
} as const;

type Kind = keyof typeof kinds;

describe('watches', () => {
  const scene = watchSceneForEach();

  const heard = (client = scene.watcher): Promise<string[]> => heardBy(client);

  const changes = {
    'setData /p/n': () => scene.writer.setData('/p/n', 'x'),
    'setACL /p/n': () => scene.writer.setACL('/p/n', OPEN_ACL_UNSAFE),
    'create /p/n/new': () => scene.writer.create('/p/n/new'),
    'delete /p/n/c': () => scene.writer.delete('/p/n/c'),
    'setData /p/n/c': () => scene.writer.setData('/p/n/c', 'x'),
    'delete /p/n': async () => {
      await scene.writer.multi([
        { op: 'delete', path: '/p/n/c', version: -1 },
        { op: 'delete', path: '/p/n', version: -1 },
      ]);
    },
    'create /p/m': () => scene.writer.create('/p/m'),
    'a refused setData': () => scene.writer.setData('/p/n', 'x', 9).catch(() => undefined),
    'a failed multi': () =>
      scene.writer.multi([
        { op: 'setData', path: '/p/n', data: null, version: -1 },
        { op: 'check', path: '/p/n', version: 99 },
      ]),
  } as const;

  /** What each kind of watch on /p/n hears of each change; nothing where no entry is. */
  const matrix: Partial<Record<keyof typeof changes, Partial<Record<Kind, readonly string[]>>>> = {
    'setData /p/n': {
      data: ['nodeDataChanged /p/n'],
      exists: ['nodeDataChanged /p/n'],
      persistent: ['nodeDataChanged /p/n'],
      recursive: ['nodeDataChanged /p/n'],
    },
    'create /p/n/new': {
      child: ['nodeChildrenChanged /p/n'],
      child2: ['nodeChildrenChanged /p/n'],
      persistent: ['nodeChildrenChanged /p/n'],
      recursive: ['nodeCreated /p/n/new'],
    },
    'delete /p/n/c': {
      child: ['nodeChildrenChanged /p/n'],
      child2: ['nodeChildrenChanged /p/n'],
      persistent: ['nodeChildrenChanged /p/n'],
      recursive: ['nodeDeleted /p/n/c'],
    },
    'setData /p/n/c': { recursive: ['nodeDataChanged /p/n/c'] },
    'delete /p/n': {
      data: ['nodeDeleted /p/n'],
      exists: ['nodeDeleted /p/n'],
      child: ['nodeChildrenChanged /p/n'],
      child2: ['nodeChildrenChanged /p/n'],
      persistent: ['nodeChildrenChanged /p/n', 'nodeDeleted /p/n'],
      recursive: ['nodeDeleted /p/n/c', 'nodeDeleted /p/n'],
    },
  };

  const rows = Object.keys(changes).flatMap((change) =>
    (Object.keys(kinds) as Kind[]).map(
      (kind) => [kind, change, matrix[change as keyof typeof changes]?.[kind] ?? []] as const,
    ),
  );

  it.each(rows)('%s on /p/n, then %s', async (kind, change, expected) => {
    await kinds[kind](scene.watcher, '/p/n');
    await changes[change as keyof typeof changes]();
    expect(await heard()).toEqual(expected);
  });

  it.each([
    ['data', false],
    ['exists', false],
    ['child', false],
    ['persistent', true],
    ['recursive', true],
  ] as const)('%s: fires again: %s', async (kind, isLasting) => {
    await kinds[kind](scene.watcher, '/p/n');
    const change =
      kind === 'child'
        ? () => scene.writer.create('/p/n/', null, { flags: 2 })
        : () => scene.writer.setData('/p/n', 'x');
    await change();
    await change();
    expect(await heard()).toHaveLength(isLasting ? 2 : 1);
  });

  it.each(['exists', 'persistent', 'recursive'] as const)(
    '%s on a znode that is not there hears of its creation',
    async (kind) => {
      await kinds[kind](scene.watcher, '/p/later').catch(() => undefined);
      await scene.writer.create('/p/later');
      expect(await heard()).toEqual(['nodeCreated /p/later']);
    },
  );

  it.each(['data', 'child'] as const)('%s on a znode that is not there sets nothing', async (kind) => {
    expect(await outcome(kinds[kind](scene.watcher, '/p/later'))).toBe('NONODE');
    await scene.writer.create('/p/later');
    expect(await heard()).toEqual([]);
  });

  it('persistent ones outlive their znode', async () => {
    await scene.watcher.addWatch('/p/n/c', AddWatchMode.persistent);
    await scene.writer.delete('/p/n/c');
    await scene.writer.create('/p/n/c');
    await scene.writer.create('/p/n/c/x');
    expect(await heard()).toEqual(['nodeDeleted /p/n/c', 'nodeCreated /p/n/c', 'nodeChildrenChanged /p/n/c']);
  });

  it('on the root hear of its children, and of everything when recursive', async () => {
    const other = await scene.harness.connect();
    await scene.watcher.getChildren('/', true);
    await other.addWatch('/', AddWatchMode.persistentRecursive);
    await scene.writer.create('/q');
    await scene.writer.setData('/p/n/c', 'x');
    expect(await heard()).toEqual(['nodeChildrenChanged /']);
    expect(await heard(other)).toEqual(['nodeCreated /q', 'nodeDataChanged /p/n/c']);
  });

  it('tell a connection once per change and table', async () => {
    await scene.watcher.getData('/p/n', true);
    await scene.watcher.exists('/p/n', true);
    await scene.watcher.addWatch('/p/n', AddWatchMode.persistent);
    await scene.watcher.addWatch('/p/n', AddWatchMode.persistentRecursive);
    await scene.watcher.addWatch('/p', AddWatchMode.persistentRecursive);
    await scene.writer.setData('/p/n', '1');
    expect(await heard()).toEqual(['nodeDataChanged /p/n']);
    await scene.writer.create('/p/n/z');
    expect(await heard()).toEqual(['nodeCreated /p/n/z', 'nodeChildrenChanged /p/n']);
  });

  it('tell of a deletion once, whichever tables they are in', async () => {
    await scene.watcher.getData('/p/n/c', true);
    await scene.watcher.getChildren('/p/n/c', true);
    await scene.watcher.getChildren('/p/n', true);
    await scene.writer.delete('/p/n/c');
    expect(await heard()).toEqual(['nodeDeleted /p/n/c', 'nodeChildrenChanged /p/n']);
  });

  it('carry the zxid of the transaction, also those of one multi, in the order of its parts', async () => {
    await scene.watcher.addWatch('/', AddWatchMode.persistentRecursive);
    await scene.writer.multi([
      { op: 'create', path: '/m', data: null, acl: OPEN_ACL_UNSAFE, flags: 0 },
      { op: 'setData', path: '/p/n', data: null, version: -1 },
      { op: 'delete', path: '/m', version: -1 },
    ]);
    const zxid = scene.harness.server.lastZxid;
    await scene.watcher.sync();
    const events = scene.watcher.takeEvents();
    expect(told(events)).toEqual(['nodeCreated /m', 'nodeDataChanged /p/n', 'nodeDeleted /m']);
    expect(events.map((e) => e.zxid)).toEqual([zxid, zxid, zxid]);
    expect(events.every((e) => e.state === 3)).toBe(true);
  });

  it('tell the writer before its reply', async () => {
    const raw = await RawSession.open(scene.harness);
    raw.send(1, OpCode.getData, (w) => w.ustring('/p').boolean(true));
    raw.send(2, OpCode.setData, (w) => w.ustring('/p').int32(-1).int32(-1));
    expect(await raw.take(3)).toEqual(['1:0', `${Xid.notification}:0`, '2:0']);
  });

  it('tell another client before it can read the new data', async () => {
    for (let i = 0; i < 50; i++) {
      const { stat } = await scene.watcher.getData('/p/n', true);
      const write = scene.writer.setData('/p/n', String(i));
      let seen = stat.version;
      while (seen === stat.version) seen = (await scene.watcher.getData('/p/n')).stat.version;
      expect(told(scene.watcher.takeEvents())).toEqual(['nodeDataChanged /p/n']);
      await write;
    }
  });

  it.each(Object.keys(kinds) as Kind[])('of kind %s on the empty path hear nothing of the root', async (kind) => {
    await kinds[kind](scene.watcher, '');
    await scene.watcher.checkWatches('', WatcherType.any);
    await scene.writer.setData('/', 'x');
    await scene.writer.create('/q');
    expect(await heard()).toEqual([]);
    await scene.watcher.removeWatches('', WatcherType.any);
  });

  it('hear of ephemerals that go with their session', async () => {
    const short = await scene.harness.connect();
    await short.create('/p/e', null, { flags: CreateMode.ephemeral });
    await scene.watcher.exists('/p/e', true);
    await scene.watcher.getChildren('/p', true);
    await short.close();
    expect(await heard()).toEqual(['nodeDeleted /p/e', 'nodeChildrenChanged /p']);
  });

  it('vanish with their connection, not with the session', async () => {
    await scene.watcher.addWatch('/p', AddWatchMode.persistentRecursive);
    await scene.watcher.getData('/p/n', true);
    expect(scene.harness.server.database.watches.watchCount).toBe(2);
    await scene.watcher.disconnect();
    const again = await scene.harness.reattach(scene.watcher);
    await scene.writer.setData('/p/n', 'x');
    expect(await heard(again)).toEqual([]);
    expect(scene.harness.server.database.watches.watchCount).toBe(0);
  });

  it('of a connection that is gone are not inherited by the next one', async () => {
    for (let i = 0; i < 5; i++) {
      const c = await scene.harness.connect();
      await c.addWatch('/p', AddWatchMode.persistentRecursive);
      await c.disconnect();
    }
    const next = await Promise.all(Array.from({ length: 5 }, () => scene.harness.connect()));
    await scene.writer.setData('/p/n', 'x');
    for (const c of next) expect(await heard(c)).toEqual([]);
  });

  it('of thousands of clients and paths each hear of their own', async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => scene.harness.connect()));
    await Promise.all(Array.from({ length: 50 }, (_, i) => scene.writer.create(`/p/${i}`)));
    await Promise.all(
      clients.flatMap((c, at) =>
        Array.from({ length: 50 }, (_, i) => (i % 40 === at % 20 ? c.getData(`/p/${i}`, true) : undefined)),
      ),
    );
    await Promise.all(Array.from({ length: 50 }, (_, i) => scene.writer.setData(`/p/${i}`, 'x')));
    for (const [at, c] of clients.entries()) {
      const mine = Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 40 === at % 20);
      expect((await heard(c)).sort()).toEqual(mine.map((i) => `nodeDataChanged /p/${i}`).sort());
    }
  });

  describe('are told only to who may read', () => {
    const secret = [{ perms: 31, scheme: 'digest', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' }];

    it('the znode, at the time of the event', async () => {
      const bob = await scene.harness.connect();
      await bob.auth('digest', 'bob:pw');
      for (const c of [scene.watcher, bob]) {
        await c.getData('/p/n/c', true);
        await c.addWatch('/p', AddWatchMode.persistentRecursive);
      }
      await scene.writer.auth('digest', 'bob:pw');
      await scene.writer.setACL('/p/n/c', secret);
      await scene.writer.setData('/p/n/c', 'x');
      await scene.writer.create('/p/hidden', null, { acl: secret });
      await scene.writer.delete('/p/n/c');
      expect(await heard(bob)).toEqual(['nodeDataChanged /p/n/c', 'nodeCreated /p/hidden', 'nodeDeleted /p/n/c']);
      expect(await heard()).toEqual([]);
    });

    it('and are used up although nothing was told', async () => {
      await scene.watcher.getData('/p/n', true);
      await scene.writer.auth('digest', 'bob:pw');
      await scene.writer.setACL('/p/n', secret);
      await scene.writer.setData('/p/n', 'x');
      await scene.writer.setACL('/p/n', OPEN_ACL_UNSAFE);
      await scene.writer.setData('/p/n', 'y');
      expect(await heard()).toEqual([]);
    });

    it('the parent, for changes of its children', async () => {
      await scene.watcher.getChildren('/p/n', true);
      await scene.writer.create('/p/n/x', null, { acl: secret });
      expect(await heard()).toEqual(['nodeChildrenChanged /p/n']);
    });
  });

  describe('asked about and removed', () => {
    const set = {
      data: () => scene.watcher.getData('/p/n', true),
      exists: () => scene.watcher.exists('/p/n', true),
      child: () => scene.watcher.getChildren('/p/n', true),
      persistent: () => scene.watcher.addWatch('/p/n', AddWatchMode.persistent),
      recursive: () => scene.watcher.addWatch('/p/n', AddWatchMode.persistentRecursive),
    } as const;
    const { children, data, any, persistent, persistentRecursive } = WatcherType;
    const matching: Record<keyof typeof set, readonly number[]> = {
      data: [data, any],
      exists: [data, any],
      child: [children, any],
      persistent: [any, persistent],
      recursive: [any, persistentRecursive],
    };
    const rows = (Object.keys(set) as (keyof typeof set)[]).flatMap((kind) =>
      [children, data, any, persistent, persistentRecursive].map((type) => [kind, type] as const),
    );

    it.each(rows)('a %s watch by type %i', async (kind, type) => {
      const expected = matching[kind].includes(type) ? 'OK' : 'NOWATCHER';
      await set[kind]();
      expect(await outcome(scene.watcher.checkWatches('/p/n', type))).toBe(expected);
      expect(await outcome(scene.watcher.checkWatches('/p', type))).toBe('NOWATCHER');
      expect(await outcome(scene.writer.checkWatches('/p/n', type))).toBe('NOWATCHER');
      expect(await outcome(scene.watcher.removeWatches('/p/n', type))).toBe(expected);
      expect(await outcome(scene.watcher.removeWatches('/p/n', type))).toBe('NOWATCHER');
      await scene.writer.setData('/p/n', 'x');
      await scene.writer.create('/p/n/x');
      const events = await heard();
      if (expected === 'OK') expect(events).toEqual([]);
      else expect(events).not.toEqual([]);
    });

    it('one kind leaves the others', async () => {
      await scene.watcher.getData('/p/n', true);
      await scene.watcher.addWatch('/p/n', AddWatchMode.persistent);
      await scene.watcher.removeWatches('/p/n', WatcherType.persistent);
      expect(await outcome(scene.watcher.checkWatches('/p/n', WatcherType.data))).toBe('OK');
      await scene.writer.create('/p/n/x');
      await scene.writer.setData('/p/n', 'x');
      expect(await heard()).toEqual(['nodeDataChanged /p/n']);
    });
  });

  it('an event is a frame that clients know', async () => {
    const event = new Uint8Array([0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 2, 0x2f, 0x61]);
    expect(readWatcherEvent(new RecordReader(event))).toEqual({ type: nodeCreated, state: 3, path: '/a' });
    expect([nodeCreated, nodeDeleted, nodeDataChanged, nodeChildrenChanged]).toEqual([1, 2, 3, 4]);
  });
});
