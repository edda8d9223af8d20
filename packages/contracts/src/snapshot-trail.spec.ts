import { SnapshotTrail } from './snapshot-trail.js';
import type { SnapshotInfo } from './storage.js';

const info = (zxid: bigint): SnapshotInfo => ({
  zxid,
  name: `snapshot.${zxid.toString(16)}`,
  sizeBytes: 1,
  modifiedMs: 0,
});

/** Newest first, as a store lists them. */
const stored = [50n, 40n, 30n, 20n, 10n].map(info);

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(new Uint8Array(1));
}

async function readWhole(trail: SnapshotTrail, zxid: bigint): Promise<void> {
  for await (const piece of trail.reading(info(zxid), pieces(2))) expect(piece).toHaveLength(1);
}

async function readInVain(trail: SnapshotTrail, zxid: bigint): Promise<void> {
  for await (const piece of trail.reading(info(zxid), pieces(2))) return void piece;
}

describe('SnapshotTrail', () => {
  let trail: SnapshotTrail;

  beforeEach(() => {
    trail = new SnapshotTrail();
  });

  it('retains everything before a snapshot was read whole or committed', async () => {
    expect(trail.oldestRetained(stored, 1)).toBeUndefined();
    await readInVain(trail, 50n);
    expect(trail.oldestRetained(stored, 1)).toBeUndefined();
  });

  it.each([
    [1, 50n],
    [3, 30n],
    [5, 10n],
    [9, 10n],
  ])('of five, where the newest was read whole, the oldest of %d retained is %d', async (retain, oldest) => {
    await readWhole(trail, 50n);
    expect(trail.oldestRetained(stored, retain)).toBe(oldest);
  });

  it('does not count one that was read in vain, so that an older one had to be read', async () => {
    await readWhole(trail, 50n);
    await readInVain(trail, 40n);
    await readWhole(trail, 30n);
    expect(trail.oldestRetained(stored, 2)).toBe(20n);
  });

  it('takes one that was read whole for damaged all the same, when an older one had to be read', async () => {
    await readWhole(trail, 50n);
    await readInVain(trail, 40n);
    expect(trail.oldestRetained(stored, 1)).toBeUndefined();
  });

  it('counts one again that was read whole after all, or written anew', async () => {
    await readInVain(trail, 50n);
    await readWhole(trail, 40n);
    await readWhole(trail, 50n);
    expect(trail.oldestRetained(stored, 2)).toBe(40n);
    await readInVain(trail, 40n);
    trail.committed(info(50n));
    expect(trail.oldestRetained(stored, 2)).toBe(40n);
  });

  it('does not rely on what is newer than the last one committed', async () => {
    await readWhole(trail, 50n);
    trail.committed(info(30n));
    expect(trail.oldestRetained(stored, 1)).toBe(30n);
    expect(trail.oldestRetained(stored, 2)).toBe(20n);
  });

  it('relies on nothing that was removed', async () => {
    await readWhole(trail, 40n);
    trail.removedAfter(40n);
    expect(trail.oldestRetained(stored, 1)).toBe(40n);
    trail.removedAfter(30n);
    expect(trail.oldestRetained(stored.slice(2), 1)).toBeUndefined();
  });

  it.each<[string, (trail: SnapshotTrail) => void]>([
    ['another one was committed', (one) => one.committed(info(20n))],
    ['snapshots were removed', (one) => one.removedAfter(10n)],
    ['the storage was opened anew', (one) => one.reset()],
  ])('forgets a reading during which %s', async (_what, meanwhile) => {
    trail.committed(info(20n));
    for await (const piece of trail.reading(info(50n), pieces(2))) {
      expect(piece).toHaveLength(1);
      meanwhile(trail);
    }
    expect(trail.oldestRetained(stored, 1)).not.toBe(50n);
  });

  it('relies on nothing when what it relied on is not listed any more', async () => {
    await readWhole(trail, 50n);
    expect(trail.oldestRetained(stored.slice(1), 1)).toBeUndefined();
  });

  it('knows nothing of an earlier life', async () => {
    await readWhole(trail, 50n);
    await readInVain(trail, 40n);
    trail.reset();
    expect(trail.oldestRetained(stored, 1)).toBeUndefined();
    await readWhole(trail, 30n);
    expect(trail.oldestRetained(stored, 1)).toBe(30n);
  });

  it.each([0, -1, 1.5, NaN])('refuses to retain %d', (retain) => {
    expect(() => trail.oldestRetained(stored, retain)).toThrow(RangeError);
  });
});
