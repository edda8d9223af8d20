import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SnapshotTrail, silentLogger } from '@zk/contracts';
import { adler32 } from '@zk/jute';
import type { SnapshotCompression } from '../src/index.js';
import { FileSnapshots } from '../src/file-snapshots.js';
import { SnapshotWorker } from '../src/snapshot-worker.js';
import { WorkQueue } from '../src/work-queue.js';
import { ManualTime } from './manual-time.js';

const LARGE = 100_000;
const SMALL = 1000;

function content(seed: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * seed) >>> 3);
}

function sealed(body: Uint8Array): Buffer {
  const seal = Buffer.alloc(13);
  seal.writeUInt32BE(adler32(body), 4);
  seal.set([0, 0, 0, 1, 0x2f], 8);
  return Buffer.concat([body, seal]);
}

describe('the thread that writes snapshots', () => {
  let directory: string;
  let time: ManualTime;
  let worker: SnapshotWorker;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-snapshots-'));
    time = new ManualTime();
    worker = new SnapshotWorker(time);
  });
  afterEach(async () => {
    await worker.close();
    rmSync(directory, { recursive: true });
  });

  function store(snapshotCompression: SnapshotCompression): FileSnapshots {
    const parts = { worker, trail: new SnapshotTrail(), removals: new WorkQueue() };
    return new FileSnapshots(directory, { snapshotCompression, logger: silentLogger }, parts);
  }

  async function write(snapshots: FileSnapshots, zxid: bigint, ...sizes: readonly number[]): Promise<Buffer> {
    const writer = await snapshots.create(zxid);
    for (const size of sizes) writer.write(content(Number(zxid), size));
    writer.seal();
    const { name } = await writer.commit();
    return readFileSync(join(directory, name));
  }

  it.each<[SnapshotCompression, (file: Buffer) => Buffer]>([
    ['', (file) => file],
    ['gz', (file) => gunzipSync(file)],
  ])('serves one snapshot after the other, each with checksums of its own, compression "%s"', async (kind, unpack) => {
    const snapshots = store(kind);
    for (const [zxid, size] of [3, 5, 7].entries()) {
      const body = content(zxid + 1, LARGE + size);
      expect(unpack(await write(snapshots, BigInt(zxid + 1), LARGE + size)).equals(sealed(body))).toBe(true);
      expect(worker.isRunning).toBe(true);
    }
    expect(readdirSync(directory)).toHaveLength(3);
  });

  it('is not started for a small snapshot', async () => {
    const snapshots = store('');
    expect((await write(snapshots, 1n, SMALL)).equals(sealed(content(1, SMALL)))).toBe(true);
    expect(worker.isRunning).toBe(false);
  });

  it('takes over one that turns out not to be small, seals included', async () => {
    const snapshots = store('');
    const writer = await snapshots.create(1n);
    writer.write(content(1, SMALL));
    writer.seal();
    writer.write(content(2, LARGE));
    writer.seal();
    const { name } = await writer.commit();
    const expected = sealed(Buffer.concat([sealed(content(1, SMALL)), content(2, LARGE)]));
    expect(readFileSync(join(directory, name)).equals(expected)).toBe(true);
  });

  it.each([SMALL, LARGE])('goes on after a snapshot of %i bytes that the medium refused', async (size) => {
    const snapshots = store('');
    const temporary = join(directory, '.snapshot.1.tmp');
    mkdirSync(temporary);
    await expect(write(snapshots, 1n, size, size)).rejects.toThrow(/Could not write snapshot\.1: EISDIR/);
    rmSync(temporary, { recursive: true });
    expect((await write(snapshots, 2n, size)).equals(sealed(content(2, size)))).toBe(true);
    expect(readdirSync(directory)).toEqual(['snapshot.2']);
  });

  it.each([SMALL, LARGE])('goes on after a snapshot of %i bytes that was given up', async (size) => {
    const snapshots = store('');
    const writer = await snapshots.create(1n);
    writer.write(content(1, size));
    await expect(snapshots.create(2n)).rejects.toThrow('is being written already');
    await writer.abort();
    expect((await write(snapshots, 2n, size)).equals(sealed(content(2, size)))).toBe(true);
    expect(readdirSync(directory)).toEqual(['snapshot.2']);
  });

  it('ends when it has had nothing to do for a while, and is started again', async () => {
    const snapshots = store('');
    await write(snapshots, 1n, LARGE);
    await write(snapshots, 2n, LARGE);
    // The first snapshot's wait for nothing to do ended with the second.
    expect(time.pendingTimers).toBe(1);
    expect(worker.isRunning).toBe(true);
    expect(await time.elapse()).toBe(30_000);
    expect(worker.isRunning).toBe(false);
    expect((await write(snapshots, 3n, LARGE)).equals(sealed(content(3, LARGE)))).toBe(true);
  });

  it.each([
    ['throws', 'throw new Error("out of memory")', /Could not write snapshot\.1: out of memory/],
    ['ends', 'process.exit()', /Could not write snapshot\.1: The thread that writes snapshots has ended/],
  ])('fails the snapshot in hand when it %s', async (_what, source, message) => {
    worker = new SnapshotWorker(time, source);
    const snapshots = store('');
    const writer = await snapshots.create(1n);
    writer.write(content(1, LARGE));
    await expect(writer.commit()).rejects.toThrow(message);
    await writer.abort();
    expect(writer.pendingBytes).toBe(0);
    expect(worker.isRunning).toBe(false);
    expect((await write(snapshots, 2n, SMALL)).equals(sealed(content(2, SMALL)))).toBe(true);
  });

  it('ends with the store, and what it was writing is gone', async () => {
    const snapshots = store('');
    const writer = await snapshots.create(1n);
    writer.write(content(1, LARGE));
    await snapshots.close();
    expect(worker.isRunning).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });
});
