import { STORAGE } from '@zk/contracts';
import { MemoryStorage } from '@zk/storage-memory';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';
import { MortalStorage } from './mortal-storage.js';

const EPHEMERAL = { flags: 1 };

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

/** The newest snapshot, whole. */
async function snapshotOf(harness: Harness): Promise<Uint8Array> {
  const info = await harness.server.snapshotter.take();
  const parts: Uint8Array[] = [];
  for await (const piece of harness.storage.snapshots.read(info!)) parts.push(Uint8Array.from(piece));
  return Buffer.concat(parts);
}

async function text(client: RawClient, path: string): Promise<string> {
  return Buffer.from((await client.getData(path)).data!).toString();
}

describe('a server whose state is replaced by a snapshot', () => {
  let harness: Harness;
  let client: RawClient;
  let snapshot: Uint8Array;

  beforeEach(async () => {
    harness = await new Harness().start();
    client = await harness.connect();
    await client.create('/kept', 'as it was');
    await client.create('/ephemeral', '', EPHEMERAL);
    snapshot = await snapshotOf(harness);
    await client.setData('/kept', 'changed');
    await client.create('/later');
  });
  afterEach(() => harness.stop());

  it('has what the snapshot has, and says which zxid that is', async () => {
    expect(await harness.server.restore(pieces(snapshot))).toBe(3n);
    const again = await harness.connect();
    expect(await text(again, '/kept')).toBe('as it was');
    expect([...(await again.getChildren('/'))].sort()).toEqual(['ephemeral', 'kept', 'zookeeper']);
  });

  it('goes on counting where it was: no client sees a zxid go back', async () => {
    const before = harness.server.lastZxid;
    await harness.server.restore(pieces(snapshot));
    expect(harness.server.lastZxid).toBe(before);
    const again = await harness.connect();
    await again.create('/next');
    expect(harness.server.lastZxid).toBe(before + 2n);
  });

  it('starts from it the next time, with what came later', async () => {
    await harness.server.restore(pieces(snapshot));
    const again = await harness.connect();
    await again.create('/next', 'n');
    await harness.restart();
    const last = await harness.connect();
    expect([await text(last, '/kept'), await text(last, '/next')]).toEqual(['as it was', 'n']);
    expect(harness.server.database.digestMismatches).toBe(0);
  });

  it('goes on counting how long requests took, as its other counters do', async () => {
    const countOf = async (): Promise<string | undefined> =>
      /^zk_cnt_updatelatency\t(.*)$/m.exec(await harness.word('mntr'))?.[1];
    const before = await countOf();
    expect(Number(before)).toBeGreaterThan(0);
    await harness.server.restore(pieces(snapshot));
    expect(await countOf()).toBe(before);
  });

  it('closes every connection; a session that the snapshot knows goes on', async () => {
    const stranger = await harness.connect();
    await stranger.create('/stranger', '', EPHEMERAL);
    await harness.server.restore(pieces(snapshot));
    await Promise.all([client.closed, stranger.closed]);
    expect(harness.server.sessions.get(...words(client.sessionId))).toBeDefined();
    expect(harness.server.sessions.get(...words(stranger.sessionId))).toBeUndefined();
  });

  it.each([
    ['cut off', (whole: Uint8Array) => whole.subarray(0, whole.length - 9)],
    ['damaged', (whole: Uint8Array) => whole.map((byte, at) => (at === whole.length >> 1 ? byte ^ 1 : byte))],
    ['empty', () => new Uint8Array()],
  ])('stays as it is when the snapshot is %s', async (_title, damage) => {
    await expect(harness.server.restore(pieces(damage(snapshot)))).rejects.toThrow('the snapshot');
    expect(await text(client, '/kept')).toBe('changed');
  });

  it('stays as it is when the snapshot cannot be written', async () => {
    jest.spyOn(harness.storage.snapshots, 'create').mockRejectedValueOnce(new Error('no space'));
    await expect(harness.server.restore(pieces(snapshot))).rejects.toThrow('everything is as before');
    expect(harness.log.errors.splice(0)).toEqual([expect.stringContaining('no space')]);
    const again = await harness.connect();
    expect(await text(again, '/kept')).toBe('changed');
    expect(harness.server.sessions.get(...words(client.sessionId))).toBeDefined();
  });

  it('serves on as it was when the writing ends in a defect', async () => {
    jest.spyOn(harness.server.snapshotter, 'take').mockRejectedValueOnce(new Error('a defect'));
    await expect(harness.server.restore(pieces(snapshot))).rejects.toThrow('a defect');
    expect(await text(await harness.connect(), '/kept')).toBe('changed');
    await harness.server.restore(pieces(snapshot));
    expect(await text(await harness.connect(), '/kept')).toBe('as it was');
  });

  it('is refused while the log takes no writes, and disturbs nobody', async () => {
    harness.storage.failWrites(new Error('ENOSPC'));
    await expect(client.create('/full')).rejects.toThrow();
    await expect(harness.server.restore(pieces(snapshot))).rejects.toThrow('the log takes no writes');
    expect(await text(client, '/kept')).toBe('changed');
    expect(harness.log.errors.splice(0)).toEqual([expect.stringContaining('ENOSPC')]);
  });

  it('lets go of its clients when the log is lost while their writes are waited for: nobody reads from them', async () => {
    harness.storage.holdSyncs();
    const waiting = client.create('/waiting').catch(() => 'refused');
    while (harness.server.pipeline!.inFlight === 0) await new Promise(setImmediate);
    const decoded = jest.spyOn(harness.server.database, 'decode');
    const isRefused = expect(harness.server.restore(pieces(snapshot))).rejects.toThrow('the server does not serve');
    await decoded.mock.results[0]!.value;
    harness.storage.failNextSync(new Error('EIO'));
    harness.storage.releaseSyncs();
    await isRefused;
    await client.closed;
    expect(await waiting).toBe('refused');
    expect(harness.log.errors.splice(0)).toEqual([expect.stringContaining('EIO')]);
  });

  it('takes one at a time', async () => {
    const results = await Promise.allSettled([1, 2].map(() => harness.server.restore(pieces(snapshot))));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('may be a new one: zxids go on from those of the snapshot', async () => {
    const fresh = await new Harness({ storage: new MemoryStorage() }).start();
    await fresh.server.restore(pieces(snapshot));
    expect(fresh.server.lastZxid).toBe(3n);
    await fresh.restart();
    expect(await text(await fresh.connect(), '/kept')).toBe('as it was');
    await fresh.stop();
  });
});

describe('a server that is stopped in the middle of a restore', () => {
  let harness: Harness;
  let snapshot: Uint8Array;
  const states: string[] = [];

  beforeEach(async () => {
    harness = await new Harness().start();
    const client = await harness.connect();
    await client.create('/kept', 'as it was');
    snapshot = await snapshotOf(harness);
    await client.setData('/kept', 'changed');
    await client.close();
    states.length = 0;
    harness.server.state$.subscribe((state) => states.push(state));
  });
  afterEach(() => harness.stop());

  const stop = (): void => void harness.server.stop();
  const create = (): jest.SpyInstance => jest.spyOn(harness.storage.snapshots, 'create');

  /** Stops the server, or has it stopped, at some point; @returns what is to be restored */
  type Moment = () => AsyncIterable<Uint8Array>;
  const moments: readonly (readonly [string, Moment])[] = [
    [
      'while the snapshot comes in',
      async function* () {
        yield snapshot.subarray(0, 100);
        stop();
        yield snapshot.subarray(100);
      },
    ],
    [
      'long before the snapshot has come in',
      async function* () {
        await harness.server.stop();
        yield snapshot;
      },
    ],
    [
      'while the present state is put away',
      () => {
        jest.spyOn(harness.server.snapshotter, 'abandon').mockImplementationOnce(async () => stop());
        return pieces(snapshot);
      },
    ],
    [
      'when the file is begun',
      () => {
        const { snapshots } = harness.storage;
        const begin = snapshots.create.bind(snapshots);
        create().mockImplementationOnce((zxid: bigint) => {
          stop();
          return begin(zxid);
        });
        return pieces(snapshot);
      },
    ],
    [
      'when the file is complete',
      () => {
        const { snapshots } = harness.storage;
        const begin = snapshots.create.bind(snapshots);
        create().mockImplementationOnce(async (zxid: bigint) => {
          const writer = await begin(zxid);
          const commit = writer.commit.bind(writer);
          writer.commit = () => {
            stop();
            return commit();
          };
          return writer;
        });
        return pieces(snapshot);
      },
    ],
  ];

  it.each(moments)('%s, serves nobody any more, and has after the next start what it said', async (_when, moment) => {
    const [result] = await Promise.allSettled([harness.server.restore(moment())]);
    await harness.server.stop();
    expect(states.slice(states.indexOf('stopping'))).toEqual(['stopping', 'stopped']);
    expect(harness.log.errors).toEqual([]);
    await harness.start();
    const client = await harness.connect();
    expect(await text(client, '/kept')).toBe(result.status === 'fulfilled' ? 'as it was' : 'changed');
    await client.create('/next');
    await harness.restart();
    expect(await text(await harness.connect(), '/kept')).toBe(result.status === 'fulfilled' ? 'as it was' : 'changed');
  });

  it('keeps its storage open until the restore has ended', async () => {
    const order: string[] = [];
    const { storage, server } = harness;
    const { log } = storage;
    const [roll, close] = [log.roll.bind(log), storage.close.bind(storage)];
    jest.spyOn(log, 'roll').mockImplementation(() => (order.push('roll'), roll()));
    jest.spyOn(storage, 'close').mockImplementation(() => (order.push('close'), close()));
    jest.spyOn(server.snapshotter, 'abandon').mockImplementationOnce(async () => {
      stop();
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    });
    await expect(server.restore(pieces(snapshot))).rejects.toThrow('everything is as before');
    await server.stop();
    expect(order).toEqual(['roll', 'close']);
  });

  it('is not restored any more once it has stopped', async () => {
    await harness.server.stop();
    await expect(harness.server.restore(pieces(snapshot))).rejects.toThrow('the server does not serve');
  });
});

describe('a server that loses its power in the middle of a restore', () => {
  it.each(['begun', 'complete'] as const)('has all it had when the file was not yet %s', async (point) => {
    const storage = new MemoryStorage();
    const firstLife = new MortalStorage(storage);
    const lost = await new Harness({ storage, registrations: [[STORAGE, firstLife.view]] }).start();
    const client = await lost.connect();
    await client.create('/kept', 'as it was');
    const snapshot = await snapshotOf(lost);
    await client.setData('/kept', 'changed');

    const { snapshots } = storage;
    const begin = snapshots.create.bind(snapshots);
    await new Promise<void>((resolve) => {
      const die = (): void => {
        firstLife.die();
        resolve();
      };
      jest.spyOn(snapshots, 'create').mockImplementationOnce(async (zxid) => {
        if (point === 'begun') die();
        const writer = await begin(zxid);
        if (point === 'complete') die();
        return writer;
      });
      void lost.server.restore(pieces(snapshot));
    });
    lost.transport.cut();

    const next = await new Harness({ storage }).start();
    expect(await text(await next.connect(), '/kept')).toBe('changed');
    await next.end();
  });
});

function words(id: bigint): [hi: number, lo: number] {
  return [Number(id >> 32n), Number(BigInt.asIntN(32, id))];
}
