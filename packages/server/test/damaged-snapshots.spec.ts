import { RecordWriter } from '@zk/jute';
import { OpCode, hiOf, int64, loOf } from '@zk/model';
import { MemoryStorage } from '@zk/storage-memory';
import { Harness } from './harness.js';

/** A storage in which snapshots can be damaged, and whose purges can be waited for. */
class FragileStorage {
  readonly storage = new MemoryStorage();
  readonly damaged = new Set<string>();
  private readonly purging: Promise<unknown>[] = [];

  constructor() {
    const { storage, damaged, purging } = this;
    const read = storage.snapshots.read.bind(storage.snapshots);
    storage.snapshots.read = async function* (info) {
      for await (const piece of read(info)) {
        if (damaged.has(info.name)) piece[piece.length >> 1]! ^= 0x40;
        yield piece;
      }
    };
    const purge = storage.purge.bind(storage);
    storage.purge = (retain) => {
      const removed = purge(retain);
      purging.push(removed);
      return removed;
    };
  }

  async names(): Promise<readonly string[]> {
    return (await this.storage.snapshots.list()).map(({ name }) => name);
  }

  /** Resolves when a purge has ended, the first one of a start. */
  async purged(): Promise<void> {
    while (this.purging.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(this.purging.splice(0));
  }
}

describe('a start with damaged snapshots', () => {
  let fragile: FragileStorage;
  const start = (purgeIntervalHours: number): Promise<Harness> =>
    new Harness({ storage: fragile.storage, options: { purgeIntervalHours, snapCount: 1_000_000 } }).start();
  const childrenOf = async (harness: Harness): Promise<string[]> =>
    (await (await harness.connect()).getChildren('/')).filter((name) => name !== 'zookeeper').sort();

  /** Writes come before and behind each of five snapshots, of which the newest three are damaged then. */
  beforeEach(async () => {
    fragile = new FragileStorage();
    const harness = await start(0);
    const client = await harness.connect();
    for (let i = 1; i <= 4; i++) {
      await client.create(`/n${i}`);
      fragile.storage.log.roll();
      await harness.server.snapshotter.take();
    }
    await client.create('/n5');
    await harness.end();
    for (const name of (await fragile.names()).slice(0, 3)) fragile.damaged.add(name);
  });

  it('leads to all that was acknowledged, and so does the next one, though purging begins at once', async () => {
    const { snapshots } = fragile.storage;
    const create = snapshots.create.bind(snapshots);
    snapshots.create = () => Promise.reject(new Error('no space left'));
    const first = await start(1);
    await fragile.purged();
    expect(first.server.loadReport).toMatchObject({ snapshot: 'snapshot.2', passedOver: 3 });
    await first.stop();
    snapshots.create = create;
    const second = await start(1);
    expect(second.server.loadReport).toMatchObject({ snapshot: 'snapshot.2', passedOver: 3 });
    expect(await childrenOf(second)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
    await second.stop();
  });

  it('takes a new one at once, from which the next start goes', async () => {
    const before = await fragile.names();
    const first = await start(1);
    await fragile.purged();
    const [newest, ...others] = await fragile.names();
    expect(others).toEqual(before);
    await first.stop();
    const second = await start(1);
    expect(second.server.loadReport).toMatchObject({ snapshot: newest, passedOver: 0 });
    expect(await childrenOf(second)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
    await second.end();
  });

  it('takes none when the newest one is whole', async () => {
    fragile.damaged.clear();
    const before = await fragile.names();
    const harness = await start(1);
    await fragile.purged();
    expect(await fragile.names()).toEqual(before.slice(0, 3));
    await harness.end();
  });

  it('is refused when the log does not lead beyond them', async () => {
    await fragile.storage.open();
    await fragile.storage.log.clear();
    await fragile.storage.close();
    await expect(start(1)).rejects.toThrow((await fragile.names())[0]);
  });
});

describe('a start in the directory of a former member', () => {
  const EPOCH = 0x1_0000_0000n;
  let storage: MemoryStorage;

  /** A member writes a snapshot where it took its state over from a leader, and leaves out what came before it. */
  const member = async (zxids: readonly bigint[], damagedSnapshot: bigint): Promise<void> => {
    storage = new MemoryStorage();
    await (await new Harness({ storage }).start()).end();
    await storage.open();
    const durable = new Promise<void>((resolve) => {
      const onDurable = (hi: number, lo: number): void => {
        if (int64(hi, lo) === zxids.at(-1)) resolve();
      };
      const fail = (error: Error): never => {
        throw error;
      };
      storage.log.listen({ onDurable, onFailure: fail, onFatal: fail, onRecovered: () => undefined });
    });
    for (const zxid of zxids) {
      const txn = createSession(zxid);
      storage.log.append(hiOf(zxid), loOf(zxid), txn, 0, txn.length);
    }
    storage.log.sync();
    await durable;
    const writer = await storage.snapshots.create(damagedSnapshot);
    writer.write(Uint8Array.of(1, 2, 3));
    writer.seal();
    await writer.commit();
    await storage.close();
  };

  it('is refused where transactions may be missing at a damaged snapshot between two epochs', async () => {
    await member([EPOCH + 1n, 4n * EPOCH + 1n], 3n * EPOCH + 5n);
    await expect(new Harness({ storage }).start()).rejects.toThrow('snapshot.300000005');
  });

  it('goes past a damaged snapshot within an epoch, whose log has no gaps', async () => {
    await member([EPOCH + 1n, EPOCH + 2n, 4n * EPOCH + 1n], EPOCH + 1n);
    const harness = await new Harness({ storage }).start();
    expect(harness.server.loadReport).toMatchObject({ passedOver: 1, zxid: 4n * EPOCH + 1n });
    await harness.stop();
  });
});

/** A transaction that stands for any. */
function createSession(zxid: bigint): Uint8Array {
  const writer = new RecordWriter(64);
  return writer.int64(zxid).int32(0).int64(zxid).int64(0n).int32(OpCode.createSession).int32(10_000).bytes();
}
