import { MemoryStorage } from '@zk/storage-memory';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';

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

function words(id: bigint): [hi: number, lo: number] {
  return [Number(id >> 32n), Number(BigInt.asIntN(32, id))];
}
