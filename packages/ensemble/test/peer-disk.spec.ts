import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Storage, silentLogger } from '@zk/contracts';
import { FileStorage } from '@zk/storage-file';
import { MemoryStorage } from '@zk/storage-memory';
import { createTxn, realClock } from './cluster.js';
import { Life } from './disk-life.js';

const E1 = 0x1_0000_0000n;
const E2 = 0x2_0000_0000n;

describe.each(['memory', 'file'])('a disk over %s', (kind) => {
  let folder: string;
  let memory: MemoryStorage;
  let life: Life;

  const storage = (): Storage =>
    kind === 'memory' ? memory : new FileStorage({ dataDir: folder, dataLogDir: folder, logger: silentLogger });
  const restart = async (): Promise<void> => {
    await life.disk.close();
    life = await new Life(storage()).begin();
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zk-disk-'));
    memory = new MemoryStorage();
    life = await new Life(storage()).begin();
  });

  afterEach(async () => {
    await life.disk.close();
    await rm(folder, { recursive: true });
  });

  it('begins with an empty snapshot and no epochs', async () => {
    expect(life.contents).toEqual({ lastZxid: 0n, recent: [] });
    expect(life.epochs).toMatchObject({ accepted: undefined, current: undefined });
    expect((await life.storage.snapshots.list()).map(({ name }) => name)).toEqual(['snapshot.0']);
  });

  it('epochs outlive a restart, in files that Apache ZooKeeper reads', async () => {
    expect(await life.write({ kind: 'accepted-epoch', epoch: 4_000_000_000 })).toBe('ok');
    expect(await life.write({ kind: 'current-epoch', epoch: 3 })).toBe('ok');
    expect(await life.storage.state.read('acceptedEpoch')).toBe('4000000000');
    await restart();
    expect(life.epochs).toMatchObject({ accepted: 4_000_000_000, current: 3 });
    if (kind === 'file') {
      expect(await readdir(join(folder, 'version-2'))).toEqual(
        expect.arrayContaining(['acceptedEpoch', 'currentEpoch']),
      );
    }
  });

  it('a write waits for everything appended before it', async () => {
    for (let i = 1n; i <= 5n; i++) life.log(E1 + i);
    await life.write({ kind: 'current-epoch', epoch: 1 });
    expect(life.heard.at(-2)).toBe('durable 100000005');
  });

  it('what was logged is there after a restart, in memory too', async () => {
    for (let i = 1n; i <= 5n; i++) life.log(E1 + i);
    await life.write({ kind: 'reload' });
    await restart();
    expect(life.contents!.lastZxid).toBe(E1 + 5n);
    expect(life.contents!.recent.map(({ zxid }) => zxid - E1)).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(life.has('/100000005')).toBe(true);
  });

  it('a log is cut, and goes on from there', async () => {
    for (let i = 1n; i <= 5n; i++) life.log(E1 + i);
    expect(await life.write({ kind: 'truncate', to: E1 + 3n })).toBe('ok 100000003');
    expect([life.has('/100000003'), life.has('/100000004')]).toEqual([true, false]);
    life.log(E1 + 4n, 'again');
    await life.write({ kind: 'reload' });
    await restart();
    expect([life.has('/100000004'), life.has('/100000004again')]).toEqual([false, true]);
  });

  it('a cut that leads nowhere is refused, and changes nothing', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i);
    expect(await life.write({ kind: 'truncate', to: E1 + 9n })).toContain('cannot be cut behind zxid 0x100000009');
    expect(await life.write({ kind: 'truncate', to: E1 })).toContain('cannot be cut behind zxid 0x100000000');
    expect(await life.write({ kind: 'reload' })).toBe('ok 100000003');
  });

  it('a cut to the first snapshot leaves an empty log', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i, 'mine');
    expect(await life.write({ kind: 'truncate', to: 0n })).toBe('ok 0');
    life.log(E2 + 1n);
    await life.write({ kind: 'reload' });
    await restart();
    expect([life.has('/100000001mine'), life.has('/200000001')]).toEqual([false, true]);
    expect(life.contents!.recent.map(({ zxid }) => zxid)).toEqual([E2 + 1n]);
  });

  it('a cut to a snapshot takes the log behind it away, whether or not its transaction is in the log', async () => {
    await life.write({ kind: 'snapshot', zxid: E1 + 5n });
    for (let i = 6n; i <= 8n; i++) life.log(E1 + i);
    expect(await life.write({ kind: 'truncate', to: E1 + 5n })).toBe('ok 100000005');
    life.log(E1 + 6n, 'again');
    await life.write({ kind: 'snapshot', zxid: E1 + 6n });
    await restart();
    expect([life.has('/100000006'), life.has('/100000006again')]).toEqual([false, true]);
    expect(life.contents).toMatchObject({ lastZxid: E1 + 6n, recent: [] });
  });

  it('a snapshot newer than the cut goes with it', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i);
    await life.write({ kind: 'reload' });
    const writer = await life.storage.snapshots.create(E1 + 3n);
    const dump = life.state.dump('file', writer);
    while (!dump.step(10, realClock));
    await writer.commit();
    expect(await life.write({ kind: 'truncate', to: E1 + 2n })).toBe('ok 100000002');
    await restart();
    expect([life.has('/100000002'), life.has('/100000003')]).toEqual([true, false]);
  });

  it('a state taken over from a leader is all that a restart finds, and what follows it', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i, 'mine');
    await life.write({ kind: 'clear' });
    expect(life.has('/100000001mine')).toBe(false);
    life.state.apply(createTxn(E2, '/theirs', ''));
    expect(await life.write({ kind: 'snapshot', zxid: E2 })).toBe('ok');
    life.log(E2 + 1n, 'new');
    await life.write({ kind: 'current-epoch', epoch: 2 });
    await restart();
    expect(life.contents).toMatchObject({ lastZxid: E2 + 1n });
    expect([life.has('/100000001mine'), life.has('/theirs'), life.has('/200000001new')]).toEqual([false, true, true]);
  });

  it('a state that is older than the log takes the end of the log away', async () => {
    for (let i = 1n; i <= 5n; i++) life.log(E1 + i, i > 3n ? 'wrong' : '');
    await life.write({ kind: 'clear' });
    for (let i = 1n; i <= 3n; i++) life.state.apply(createTxn(E1 + i, `/${(E1 + i).toString(16)}`, ''));
    expect(await life.write({ kind: 'snapshot', zxid: E1 + 3n })).toBe('ok');
    await restart();
    expect(life.contents!.lastZxid).toBe(E1 + 3n);
    expect(life.has('/100000004wrong')).toBe(false);
  });

  it.each([
    ['older', 5n],
    ['newer', 50n],
  ])('a state that is %s than the snapshots may be taken over while these are purged', async (_what, counter) => {
    for (const before of [10n, 20n, 30n]) {
      life.log(E1 + before);
      await life.write({ kind: 'snapshot', zxid: E1 + before });
    }
    await life.write({ kind: 'clear' });
    life.state.apply(createTxn(E1 + counter, '/theirs', ''));
    const { snapshots, log } = life.storage;
    const [removeAfter, create, clear] = [snapshots.removeAfter, snapshots.create, log.clear];
    const purged = async <T>(then: () => Promise<T>): Promise<T> => {
      await life.storage.purge(3);
      await life.storage.purge(1);
      return then();
    };
    snapshots.removeAfter = (zxid) => purged(() => removeAfter.call(snapshots, zxid));
    snapshots.create = (zxid) => purged(() => create.call(snapshots, zxid));
    log.clear = () => purged(() => clear.call(log));
    expect(await life.write({ kind: 'snapshot', zxid: E1 + counter })).toBe('ok');
    Object.assign(snapshots, { removeAfter, create });
    log.clear = clear;
    await restart();
    expect(life.contents).toMatchObject({ lastZxid: E1 + counter });
    expect(life.has('/theirs')).toBe(true);
  });

  it('learners are handed the log from before what they miss', async () => {
    for (let i = 1n; i <= 6n; i++) life.log(E1 + i);
    await life.write({ kind: 'current-epoch', epoch: 1 });
    expect(await life.read(E1 + 2n, E1 + 5n)).toBe('100000002 100000003 100000004 100000005');
    expect(await life.read(0n, E1 + 5n)).toBeUndefined();
    expect(await life.read(E1 + 9n, E1 + 9n)).toBe('100000006');
  });

  it('nobody is handed what the log has from before a state that was taken over', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i, 'perhaps wrong');
    await life.write({ kind: 'snapshot', zxid: E2 });
    for (let i = 1n; i <= 3n; i++) life.log(E2 + i);
    await life.write({ kind: 'current-epoch', epoch: 2 });
    for (let lives = 0; lives < 2; lives++) {
      expect(await life.read(E1 + 2n, E2 + 3n)).toBeUndefined();
      expect(await life.read(E2 + 1n, E2 + 3n)).toBe('200000001 200000002 200000003');
      await restart();
    }
  });
});

describe('an empty disk', () => {
  it.each([
    ['where that may be', true, ''],
    ['where it may not be', false, 'untrusted'],
  ])('is trusted or not: %s', async (_what, mayVote, expected) => {
    const storage = new MemoryStorage();
    const options = { recentCount: 500, mayVoteEmpty: () => Promise.resolve(mayVote) };
    let life = await new Life(storage, options).begin();
    expect(life.contents!.isUntrusted === true ? 'untrusted' : '').toBe(expected);
    expect((await storage.snapshots.list()).length).toBe(mayVote ? 1 : 0);
    // What was learned from others makes the difference, if only that there is nothing.
    await life.write({ kind: 'snapshot', zxid: 0n });
    await life.disk.close();
    life = await new Life(storage, options).begin();
    expect(life.contents!.isUntrusted).toBeUndefined();
    await life.disk.close();
  });

  it('is none with a log or a snapshot, whatever may be', async () => {
    const storage = new MemoryStorage();
    const before = await new Life(storage).begin();
    before.log(E1 + 1n);
    await before.write({ kind: 'current-epoch', epoch: 1 });
    await before.disk.close();
    const life = await new Life(storage, { recentCount: 500, mayVoteEmpty: () => Promise.resolve(false) }).begin();
    expect(life.contents).toMatchObject({ lastZxid: E1 + 1n });
    expect(life.contents!.isUntrusted).toBeUndefined();
    await life.disk.close();
  });
});

describe('a log that is longer than a part of the snapshot before it', () => {
  /** A snapshot of a thousand bytes at the least, and behind it a log of three times as much at the least. */
  const filled = async (snapshotSizeFactor: number | undefined): Promise<Life> => {
    const factor = snapshotSizeFactor === undefined ? {} : { snapshotSizeFactor };
    const life = await new Life(new MemoryStorage(), { recentCount: 500, ...factor }).begin();
    life.state.apply(createTxn(E1, '/first', 'x'.repeat(1000)));
    await life.write({ kind: 'snapshot', zxid: E1 });
    for (let i = 1n; i <= 30n; i++) life.log(E1 + i, 'y'.repeat(100));
    await life.write({ kind: 'current-epoch', epoch: 1 });
    return life;
  };

  it.each([
    ['handed over, unless somebody has set a limit', undefined, true],
    ['handed over where there is no limit', 0, true],
    ['handed over within the limit', 10, true],
    ['not handed over beyond the limit', 0.5, false],
    ['never handed over where that is wanted', -1, false],
  ])('is %s', async (_what, factor, isHandedOver) => {
    const life = await filled(factor);
    const text = await life.read(E1 + 1n, E1 + 30n);
    expect(text?.split(' ').length).toBe(isHandedOver ? 30 : undefined);
    await life.disk.close();
  });

  it('is handed over to whom only its end is missing', async () => {
    const life = await filled(0.5);
    expect(await life.read(E1 + 29n, E1 + 30n)).toBe('10000001d 10000001e');
    await life.disk.close();
  });
});

it('A full disk fails the log and the writes, and both go on when there is space.', async () => {
  const storage = new MemoryStorage();
  const life = await new Life(storage).begin();
  life.log(E1 + 1n);
  await life.write({ kind: 'current-epoch', epoch: 1 });
  storage.failWrites(new Error('no space left'));
  life.log(E1 + 2n);
  expect(await life.write({ kind: 'current-epoch', epoch: 2 })).toContain('no space left');
  expect(life.heard).toContain('log failed');
  storage.allowWrites();
  await life.hears(/log recovered/);
  expect(await life.write({ kind: 'reload' })).toBe('ok 100000001');
  expect(life.has('/100000002')).toBe(false);
  life.log(E1 + 2n, 'again');
  expect(await life.write({ kind: 'current-epoch', epoch: 2 })).toBe('ok');
  await life.disk.close();
});
