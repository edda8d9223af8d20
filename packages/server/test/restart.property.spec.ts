import { CLOCK, type Clock, SCHEDULER, STORAGE, type Scheduler } from '@zk/contracts';
import { MemoryStorage } from '@zk/storage-memory';
import { CreateMode, KeeperError, OPEN_ACL_UNSAFE, type Stat } from '@zk/model';
import { ConnectionClosedError, type RawClient } from '@zk/test-client';
import fc from 'fast-check';
import { systemScheduler } from '../src/index.js';
import { Harness } from './harness.js';
import { MortalStorage } from './mortal-storage.js';
import { rest } from './virtual-time.js';

/** What a client can see of a tree: data and Stat by path. */
type Seen = ReadonlyMap<string, { readonly data: string | null; readonly stat: Stat }>;

async function look(client: RawClient, path = '/'): Promise<Seen> {
  const seen = new Map<string, { data: string | null; stat: Stat }>();
  const open = [path];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { data, stat } = await client.getData(at);
    seen.set(at, { data: data === null ? null : Buffer.from(data).toString('latin1'), stat });
    for (const name of await client.getChildren(at)) open.push(at === '/' ? `/${name}` : `${at}/${name}`);
  }
  return seen;
}

const names = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/b/x/deep', '/c'];
const path = fc.constantFrom(...names);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('create' as const), path, flags: fc.constantFrom(0, 0, 0, 1, 2) }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('delete' as const), path }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('set' as const), path, data: fc.string({ maxLength: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('acl' as const), path }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('multi' as const), path }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('snapshot' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('session' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function perform(harness: Harness, client: RawClient, s: Step): Promise<unknown> {
  switch (s.op) {
    case 'create':
      return client.create(s.path, 'new', { flags: s.flags });
    case 'delete':
      return client.delete(s.path);
    case 'set':
      return client.setData(s.path, s.data);
    case 'acl':
      return client.setACL(s.path, [...OPEN_ACL_UNSAFE, { perms: 1, scheme: 'ip', id: '10.0.0.1' }]);
    case 'multi':
      return client.multi([
        { op: 'setData', path: s.path, data: new Uint8Array(3), version: -1 },
        { op: 'create', path: `${s.path}/m`, data: null, acl: OPEN_ACL_UNSAFE, flags: CreateMode.persistentSequential },
      ]);
    case 'snapshot':
      void harness.server.snapshotter.take();
      return Promise.resolve();
    case 'session':
      return harness.connect().then((c) => c.close());
  }
}

async function all(calls: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'fulfilled' || result.reason instanceof KeeperError) continue;
    if (!(result.reason instanceof ConnectionClosedError)) throw result.reason;
  }
}

/** As in real use, but often: a snapshot every few transactions, taken while others go on. */
const options = { snapCount: 12, purgeIntervalHours: 0, tickTimeMs: 2000 };

describe('a server with snapshots taken while it writes', () => {
  it('has the same tree and the same sessions after a stop', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const harness = await new Harness({ options }).start();
        const client = await harness.connect();
        await all(steps.map((s) => perform(harness, client, s)));
        const before = await look(client);
        const { lastZxid } = harness.server;
        const { digest } = harness.server.database.tree;
        const ids = [...harness.server.sessions.sessions()].map((s) => s.id);
        await harness.restart();
        expect(harness.server.lastZxid).toBe(lastZxid);
        expect(harness.server.database.tree.digest).toEqual(digest);
        expect([...harness.server.sessions.sessions()].map((s) => s.id)).toEqual(ids);
        const again = await harness.reattach(client);
        expect(await look(again)).toEqual(before);
        await harness.end();
      }),
      { numRuns: 40 },
    );
  });

  it('has everything that was acknowledged after a crash, and what it has goes on as before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat({ max: 30 }), async (steps, turns) => {
        const storage = new MemoryStorage();
        const firstLife = new MortalStorage(storage);
        const crashed = await new Harness({ storage, options, registrations: [[STORAGE, firstLife.view]] }).start();
        const client = await crashed.connect();
        await client.create('/counter');
        const acknowledged = { version: 0, paths: new Set<string>() };
        const calls: Promise<unknown>[] = steps.map((s) => perform(crashed, client, s));
        for (let i = 0; i < 20; i++) {
          calls.push(client.create(`/done${i}`).then((path) => acknowledged.paths.add(path)));
          calls.push(client.setData('/counter', 'x').then(({ version }) => (acknowledged.version = version)));
        }
        const ended = all(calls);
        for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve));
        const kept = { version: acknowledged.version, paths: [...acknowledged.paths] };
        firstLife.die();
        crashed.transport.cut();
        await rest();
        // Those who were just about to connect.
        crashed.transport.cut();
        await ended;

        const harness = await new Harness({ storage, options }).start();
        const again = await harness.reattach(client);
        const seen = await look(again);
        expect(seen.get('/counter')!.stat.version).toBeGreaterThanOrEqual(kept.version);
        for (const path of kept.paths) expect(seen.has(path)).toBe(true);
        // Acknowledged in order, so kept without gaps.
        for (let i = 1; i < 20; i++) if (seen.has(`/done${i}`)) expect(seen.has(`/done${i - 1}`)).toBe(true);
        await again.create('/after');
        await harness.restart();
        const later = await look(await harness.reattach(client));
        expect(later.has('/after')).toBe(true);
        expect([...later.keys()].filter((p) => p !== '/after').toSorted()).toEqual([...seen.keys()].toSorted());
        await harness.stop();
        expect([...crashed.log.errors, ...harness.log.errors]).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('has the same tree after a crash in which every snapshot was taken in many slices, between writes', async () => {
    const storage = new MemoryStorage();
    const firstLife = new MortalStorage(storage);
    let nowMs = 0;
    // Every look at the clock ends a slice.
    const clock: Clock = { wallMs: () => 1_770_000_000_000, monotonicMs: () => (nowMs += 2) };
    // A pause is one turn.
    const scheduler: Scheduler = {
      ...systemScheduler,
      after: (delayMs, callback) => systemScheduler.after(delayMs < 10 ? 0 : delayMs, callback),
    };
    const crashed = await new Harness({
      storage,
      options: { ...options, snapCount: 300, tickTimeMs: 10_000_000 },
      registrations: [
        [STORAGE, firstLife.view],
        [CLOCK, clock],
        [SCHEDULER, scheduler],
      ],
    }).start();
    const client = await crashed.connect();
    const data = new Uint8Array(20_000);
    for (let i = 0; i < 60; i++) await client.create(`/n${i}`, data);
    for (let round = 0; round < 12; round++) {
      const calls: Promise<unknown>[] = [];
      for (let i = 0; i < 60; i++) {
        calls.push(client.setData(`/n${i}`, data.subarray(0, 10_000 + round)));
        calls.push(round % 2 === 0 ? client.create(`/n${i}/c`) : client.delete(`/n${i}/c`));
      }
      await Promise.all(calls);
      // At least one is finished, and something comes after it.
      if (round === 8) await crashed.server.snapshotter.idle;
    }
    const before = await look(client);
    const { digest } = crashed.server.database.tree;
    const taken = await storage.snapshots.list();
    expect(taken.length).toBeGreaterThan(1);
    firstLife.die();
    crashed.transport.cut();

    const harness = await new Harness({ storage, options }).start();
    expect(harness.server.loadReport!.snapshot).toBe(taken[0]!.name);
    expect(harness.server.database.tree.digest).toEqual(digest);
    expect(await look(await harness.reattach(client))).toEqual(before);
    await harness.stop();
    expect([...crashed.log.errors, ...harness.log.errors]).toEqual([]);
  });

  it('starts from the snapshot and the log behind it', async () => {
    const harness = await new Harness({ options: { ...options, snapCount: 1_000_000 } }).start();
    const client = await harness.connect();
    for (let i = 0; i < 50; i++) await client.create(`/n${i}`);
    await harness.server.snapshotter.take();
    for (let i = 50; i < 60; i++) await client.create(`/n${i}`);
    await harness.restart();
    expect(harness.server.loadReport).toMatchObject({ snapshot: 'snapshot.33', replayedTxns: 10, zxid: 61n });
    expect(await (await harness.reattach(client)).getChildren('/')).toHaveLength(61);
    await harness.stop();
  });

  it('takes them by itself, after about as many transactions as it was told', async () => {
    // In virtual time a snapshot costs none, so that none has to wait for the last one to be forgotten.
    const harness = await Harness.inVirtualTime({ options: { ...options, snapCount: 100 } }).start();
    const client = await harness.connect();
    for (let i = 0; i < 400; i++) await client.setData('/', String(i));
    await harness.server.snapshotter.idle;
    const taken = (await harness.storage.snapshots.list()).length - 1;
    expect(taken).toBeGreaterThanOrEqual(4);
    expect(taken).toBeLessThanOrEqual(8);
    await harness.restart();
    expect(harness.server.loadReport!.replayedTxns).toBeLessThanOrEqual(100);
    await harness.stop();
  });

  it('a restart is quick however often it happens: replayed transactions count towards the next snapshot', async () => {
    const harness = await Harness.inVirtualTime({ options: { ...options, snapCount: 40 } }).start();
    for (let round = 0; round < 10; round++) {
      const client = await harness.connect();
      for (let i = 0; i < 10; i++) await client.setData('/', String(i));
      await harness.server.snapshotter.idle;
      await harness.restart();
      expect(harness.server.loadReport!.replayedTxns).toBeLessThanOrEqual(60);
    }
    await harness.stop();
  });

  it('passes over a damaged snapshot and says so, when an older one and its log are there', async () => {
    const harness = await new Harness({ options: { ...options, snapCount: 1_000_000 } }).start();
    const client = await harness.connect();
    await client.create('/a');
    await harness.server.snapshotter.take();
    await harness.stop();
    const [newest] = await harness.storage.snapshots.list();
    const read = harness.storage.snapshots.read.bind(harness.storage.snapshots);
    harness.storage.snapshots.read = async function* (info) {
      for await (const piece of read(info)) {
        if (info.name === newest!.name) piece[piece.length >> 1]! ^= 0x40;
        yield piece;
      }
    };
    await harness.start();
    expect(harness.server.loadReport!.snapshot).toBe('snapshot.0');
    expect(harness.log.errors).toHaveLength(1);
    expect(await (await harness.reattach(client)).getChildren('/')).toContain('a');
    await harness.stop();
  });
});
