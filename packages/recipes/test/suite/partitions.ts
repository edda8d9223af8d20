import type { ZkClient } from '@zk/client-api';
import { SetPartitioner, type Share, UniqueIds } from '../../src/index.js';
import { type RecipeRig, RigClients, type RigFaults, aborted, childrenOf, eventually, freshPath } from './rig.js';

/** What the set partitioner and unique ids do on any server that speaks the protocol. */
export function describePartitions(rig: RecipeRig): void {
  describe(`partitions on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe('a set partitioner', () => partitionerSuite(clients, rig.faults));
    describe('unique ids', () => uniqueIdSuite(clients));
  });
}

const ITEMS = ['q1', 'q2', 'q3', 'q4', 'q5'];
const QUICK = { timeBoundary: 60, maxReactionTime: '5s' } as const;

/** A member at work: what it has at present, and everything it ever had. */
class Worker {
  share: Share | undefined;
  readonly history: string[] = [];
  readonly #controller = new AbortController();
  readonly #done: Promise<void>;

  constructor(client: ZkClient, path: string, identifier: string) {
    const partitioner = new SetPartitioner(client, path, ITEMS, { ...QUICK, identifier });
    this.#done = (async () => {
      for await (const share of partitioner.shares({ signal: this.#controller.signal })) {
        share.assertHeld();
        this.share = share;
        this.history.push(share.items.join());
        await aborted(share.signal);
        this.share = undefined;
      }
    })();
  }

  get items(): string {
    return this.share?.items.join() ?? 'none';
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.#done;
  }
}

function partitionerSuite(clients: RigClients, faults: RigFaults | undefined): void {
  async function workers(count: number): Promise<{ path: string; open: ZkClient[]; all: Worker[] }> {
    const open = await Promise.all(Array.from({ length: count }, () => clients.open()));
    const path = freshPath(open[0]!, 'partition');
    return { path, open, all: open.map((client, index) => new Worker(client, path, `w${index + 1}`)) };
  }

  it('divides a set as kazoo does, and anew when members come and go', async () => {
    const { path, open, all } = await workers(2);
    await eventually(() => all[0]!.items === 'q1,q3,q5' && all[1]!.items === 'q2,q4');
    expect(all[0]!.share?.memberCount).toBe(2);
    const third = new Worker(open[0]!, path, 'w3');
    await eventually(() => all[0]!.items === 'q1,q4' && all[1]!.items === 'q2,q5' && third.items === 'q3');
    expect(() => third.share!.token('q1')).toThrow(RangeError);
    expect(third.share!.token('q3')).toBeGreaterThan(0n);
    await all[0]!.stop();
    await eventually(() => all[1]!.items === 'q1,q3,q5' && third.items === 'q2,q4');
    await Promise.all([all[1]!.stop(), third.stop()]);
    await eventually(async () => (await childrenOf(open[0]!, `${path}/party`)).length === 0);
    for (const item of ITEMS) {
      await eventually(async () => (await childrenOf(open[0]!, `${path}/locks/${item}`)).length === 0);
    }
  });

  it('leaves an idle member without items, and ready', async () => {
    const open = await clients.open();
    const path = freshPath(open, 'partition');
    const one = new SetPartitioner(open, path, ['only'], { ...QUICK, identifier: 'a' });
    const other = new SetPartitioner(open, path, ['only'], { ...QUICK, identifier: 'b' });
    const first = one.shares();
    const second = other.shares();
    const [a, b] = await Promise.all([first.next(), second.next()]);
    const owned = [a.value!, b.value!];
    // Unless they met before they divided, one of them had all for a moment and is about to give it up.
    if (owned.every(({ memberCount }) => memberCount === 2)) {
      expect(owned.map(({ items }) => items.length)).toEqual([1, 0]);
    }
    await Promise.all([first.return(), second.return()]);
  });

  it('ends when it is cancelled, also before it has begun', async () => {
    const client = await clients.open();
    const partitioner = new SetPartitioner(client, freshPath(client, 'partition'), ITEMS);
    const shares = partitioner.shares({ signal: AbortSignal.abort() });
    expect(await shares.next()).toMatchObject({ done: true });
    const controller = new AbortController();
    const waiting = partitioner.shares({ signal: controller.signal }).next();
    controller.abort();
    expect(await waiting).toMatchObject({ done: true });
  });

  it.each(['a/b', '', '.'])('takes no item that cannot be a name: "%s"', async (item) => {
    const client = await clients.open();
    expect(() => new SetPartitioner(client, '/x', [item])).toThrow(RangeError);
  });

  if (faults === undefined) return;

  it('goes on in a new session, and nobody ever has what another has', async () => {
    const { open, all } = await workers(2);
    await eventually(() => all[0]!.items === 'q1,q3,q5' && all[1]!.items === 'q2,q4');
    const { signal } = all[0]!.share!;
    await faults.expireSession(open[0]!);
    expect(await aborted(signal)).toBeInstanceOf(Error);
    await eventually(() => all[0]!.items === 'q1,q3,q5' && all[1]!.items === 'q2,q4');
    faults.cut(open[0]!);
    faults.cut(open[1]!);
    await open[0]!.connected();
    await Promise.all(all.map((worker) => worker.stop()));
  });
}

function uniqueIdSuite(clients: RigClients): void {
  it('are unique among all, and taken in blocks', async () => {
    const open = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(open[0]!, 'ids');
    const generators = open.map((client) => new UniqueIds(client, path, { blockSize: 10 }));
    const ids = await Promise.all(generators.flatMap((ids) => Array.from({ length: 25 }, () => ids.next())));
    expect(new Set(ids).size).toBe(50);
    const { data, stat } = await open[0]!.get(path);
    // Two blocks and a half for each: six blocks, one write for each.
    expect([Buffer.from(data).readBigInt64BE(), stat.version]).toEqual([60n, 5]);
    await Promise.all(generators.map((ids) => ids.close()));
    expect(await childrenOf(open[0]!, path)).toEqual([]);
  });

  it('start where the znode says, and end where the numbers do', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'ids');
    const data = Buffer.alloc(8);
    data.writeBigInt64BE(2n ** 63n - 11n);
    await client.create(path, data, { parents: 'persistent' });
    const ids = new UniqueIds(client, path, { blockSize: 10 });
    expect(await ids.next()).toBe(2n ** 63n - 11n);
    for (let i = 1; i < 10; i++) await ids.next();
    await expect(ids.next()).rejects.toThrow(RangeError);
    expect(() => new UniqueIds(client, path, { blockSize: 0 })).toThrow(RangeError);
  });

  it('run out of time for the one who asks, and not for the others', async () => {
    const client = await clients.open();
    const ids = new UniqueIds(client, freshPath(client, 'ids'));
    await expect(ids.next({ signal: AbortSignal.abort('no') })).rejects.toMatchObject({
      name: 'AbortError',
      cause: 'no',
    });
    expect(await ids.next()).toBe(0n);
    expect(await ids.next()).toBe(1n);
  });
}
