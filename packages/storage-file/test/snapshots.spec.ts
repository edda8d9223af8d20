import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { SnapshotInfo } from '@zk/contracts';
import { adler32 } from '@zk/jute';
import type { FileStorage, SnapshotCompression } from '../src/index.js';
import { DataDir, Lines, bytesOf, fixtures } from './support.js';

async function written(storage: FileStorage, ...pieces: readonly Uint8Array[]): Promise<SnapshotInfo> {
  const writer = await storage.snapshots.create(0x12n);
  for (const piece of pieces) writer.write(new Uint8Array(piece));
  writer.seal();
  return writer.commit();
}

interface RecordedSnapshot {
  readonly seal1: { readonly offset: number };
  readonly seal2?: { readonly offset: number } | null;
  readonly seal3?: { readonly offset: number } | null;
  readonly fileSize: number;
}

describe('snapshots on disk', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());

  /** Recorded from Apache ZooKeeper 3.8.0 and 3.9.5. */
  it.each([
    ['standalone-3.9.5/snapshot.0', 'snapshot.0', 'standalone-3.9.5/snapshot.0.json'],
    ['standalone-3.9.5/snapshot.12', 'snapshot.12', 'standalone-3.9.5/snapshot.12.json'],
    ['standalone-3.9.5/snapshot.12.snappy', 'snapshot.12.snappy', undefined],
    ['standalone-3.8.0/snapshot.0', 'snapshot.0', 'standalone-3.8.0/snapshot.0.json'],
    ['standalone-3.8.0/snapshot.12', 'snapshot.12', 'standalone-3.8.0/snapshot.12.json'],
    ['reconfig-3.9.5/snapshot.0.gz', 'snapshot.0.gz', 'reconfig-3.9.5/snapshot.0.gz.json'],
    ['reconfig-3.9.5/snapshot.100000009.gz', 'snapshot.100000009.gz', 'reconfig-3.9.5/snapshot.100000009.gz.json'],
    [
      'ensemble-3.9.5-trunc/after-snapshot.10000001d',
      'snapshot.10000001d',
      'ensemble-3.9.5-trunc/after-snapshot.10000001d.json',
    ],
    ['mixed/leader-3.8.0-snapshot.0', 'snapshot.0', 'mixed/leader-3.8.0-snapshot.0.json'],
    ['mixed/follower-3.9.5-snapshot.100000000', 'snapshot.100000000', 'mixed/follower-3.9.5-snapshot.100000000.json'],
  ])('read %s as it was written', async (fixture, name, json) => {
    dir.put(fixture, name);
    const storage = await dir.opened();
    const [info] = await storage.snapshots.list();
    expect(info).toMatchObject({ name, zxid: BigInt(`0x${name.split('.')[1]}`) });
    const bytes = await bytesOf(storage, info!);
    const seals = sealsIn(bytes);
    if (json === undefined) {
      expect(seals).toHaveLength(3);
      return;
    }
    const recorded = JSON.parse(readFileSync(join(fixtures, json), 'utf8')) as RecordedSnapshot;
    const offsets = [recorded.seal1, recorded.seal2, recorded.seal3].flatMap((seal) => seal?.offset ?? []);
    expect(bytes).toHaveLength(recorded.fileSize);
    expect(seals).toEqual(offsets);
  });

  it.each<[SnapshotCompression, (file: Buffer) => Buffer]>([
    ['', (file) => file],
    ['gz', (file) => gunzipSync(file)],
  ])('are written as plain tools expect, with compression "%s"', async (snapshotCompression, unpack) => {
    const storage = await dir.opened({ snapshotCompression });
    const body = readFileSync(join(fixtures, 'standalone-3.9.5/snapshot.12')).subarray(0, 1042);
    const info = await written(storage, body.subarray(0, 500), body.subarray(500));
    const file = dir.read(info.name);
    expect(file).toHaveLength(info.sizeBytes);
    // The first seal is the one that Apache ZooKeeper wrote.
    expect(unpack(file).equals(readFileSync(join(fixtures, 'standalone-3.9.5/snapshot.12')).subarray(0, 1055))).toBe(
      true,
    );
  });

  it('survive Snappy whatever is in them', async () => {
    const storage = await dir.opened({ snapshotCompression: 'snappy' });
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 3000 }))
        .map(([unit, count]) => {
          const repeated = new Uint8Array(unit.length * count);
          for (let i = 0; i < count; i++) repeated.set(unit, i * unit.length);
          return repeated;
        }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 8 }), async (pieces) => {
        const info = await written(storage, ...pieces);
        const bytes = await bytesOf(storage, info);
        expect(bytes.subarray(0, -13).equals(Buffer.concat(pieces))).toBe(true);
        expect(bytes.readUInt32BE(bytes.length - 9)).toBe(adler32(bytes, 0, bytes.length - 13));
      }),
      { numRuns: 25 },
    );
  });

  it('shrink with either compression', async () => {
    const text = Buffer.from('/some/path/of/a/znode/0000000001 '.repeat(20_000));
    for (const snapshotCompression of ['gz', 'snappy'] as const) {
      const storage = await dir.opened({ snapshotCompression });
      const info = await written(storage, text);
      expect(info.name).toBe(`snapshot.12.${snapshotCompression}`);
      expect(info.sizeBytes).toBeLessThan(text.length / 8);
      await storage.close();
    }
  });

  it.each([
    ['snapshot.12.gz', (file: Buffer) => file.fill(0xff, 30, 60), /gzip stream breaks off/],
    ['snapshot.12.gz', (file: Buffer) => file.subarray(0, file.length - 20), /gzip stream breaks off/],
    ['snapshot.12.snappy', (file: Buffer) => file.subarray(0, file.length - 20), /Snappy block .* cut off/],
    ['snapshot.12.snappy', (file: Buffer) => file.fill(0xff, 16, 20), /Snappy block of -1 bytes/],
    ['snapshot.12.snappy', (file: Buffer) => file.fill(0xff, 20, 40), /Snappy block is damaged/],
  ])('that are damaged are told from whole ones: %s', async (name, damage, message) => {
    const storage = await dir.opened({ snapshotCompression: name.split('.')[2] as SnapshotCompression });
    const info = await written(storage, Buffer.from('a text that does repeat itself, a text that repeats '.repeat(50)));
    dir.write(name, damage(dir.read(name)));
    await expect(bytesOf(storage, info)).rejects.toMatchObject({
      name: 'CorruptionError',
      file: join(dir.version2, name),
      advice: expect.stringContaining('the snapshot before it'),
    });
    await expect(bytesOf(storage, info)).rejects.toThrow(message);
  });

  it('are listed only when they look whole', async () => {
    dir.write('snapshot.1', Buffer.from('ZKSN and so on\0\0\0\x01/'));
    dir.write('snapshot.2', 'ZKSN, cut off');
    dir.write('snapshot.3', '\0\0\0\x01/');
    dir.write('snapshot.4.gz', 'no gzip');
    dir.write('snapshot.5.snappy', 'no snappy');
    dir.write('snapshot.6.zst', 'unknown');
    dir.write('snapshot.xyz', 'no zxid');
    const storage = await dir.opened();
    expect((await storage.snapshots.list()).map(({ name }) => name)).toEqual(['snapshot.1']);
  });

  it('leave nothing when the medium refuses them', async () => {
    const storage = await dir.opened();
    const writer = await storage.snapshots.create(1n);
    mkdirSync(join(dir.version2, '.snapshot.1.tmp'));
    writer.write(new Uint8Array(1000));
    writer.seal();
    await expect(writer.commit()).rejects.toThrow(/Could not write snapshot\.1: EISDIR/);
    rmSync(join(dir.version2, '.snapshot.1.tmp'), { recursive: true });
    await writer.abort();
    expect(writer.pendingBytes).toBe(0);
    expect(await storage.snapshots.list()).toEqual([]);
  });

  it('say how much is on its way, and take the bytes over', async () => {
    const storage = await dir.opened();
    const writer = await storage.snapshots.create(1n);
    const piece = new Uint8Array(100_000);
    writer.write(piece);
    expect(writer.pendingBytes).toBe(100_000);
    expect(piece.byteLength).toBe(0);
    expect(() => writer.write(new Uint8Array(10).subarray(2))).toThrow('owns its whole ArrayBuffer');
    await writer.abort();
    expect(() => writer.write(new Uint8Array(1))).toThrow('before commit and abort');
    expect(dir.names()).toEqual(['.zk-lock']);
  });

  it('give the buffers back that have been written', async () => {
    const storage = await dir.opened();
    const writer = await storage.snapshots.create(1n);
    expect(writer.spare?.()).toBeUndefined();
    writer.write(new Uint8Array(100_000));
    writer.write(new Uint8Array(200_000));
    while (writer.pendingBytes > 0) await new Promise((resolve) => setImmediate(resolve));
    expect([writer.spare?.(), writer.spare?.(), writer.spare?.()].map((spare) => spare?.length)).toEqual([
      200_000,
      100_000,
      undefined,
    ]);
    await writer.abort();
  });

  it('are finished by a commit that an abort has come after', async () => {
    const storage = await dir.opened();
    const writer = await storage.snapshots.create(1n);
    writer.write(new Uint8Array(1000));
    writer.seal();
    const [info] = await Promise.all([writer.commit(), writer.abort()]);
    expect(await storage.snapshots.list()).toEqual([info]);
  });

  it.each([
    ['snapshot.9', 'ZKSN and so on, but no', 'it has 22 bytes, and no seal at their end'],
    ['snapshot.9.gz', 'ZKSN', 'it does not begin as a file of gz does'],
    ['snapshot.9.snappy', '', 'it does not begin as a file of snappy does'],
  ])('that are not whole are passed over, which is said once: %s', async (name, text, reason) => {
    dir.put('standalone-3.9.5/snapshot.0', 'snapshot.0');
    const file = dir.write(name, text);
    const logger = new Lines();
    const storage = await dir.opened({ logger });
    for (let i = 0; i < 2; i++)
      expect((await storage.snapshots.list()).map((info) => info.name)).toEqual(['snapshot.0']);
    expect(logger.lines).toEqual([
      'warn a snapshot is not whole, and is passed over: its writing was interrupted, or the disk is damaged',
    ]);
    expect(logger.fields).toEqual([{ file, reason }]);
  });

  it('in progress end with the storage', async () => {
    const storage = await dir.opened();
    const writer = await storage.snapshots.create(1n);
    writer.write(new Uint8Array(1000));
    await storage.close();
    expect(dir.names()).toEqual([]);
    await writer.abort();
  });
});

/** Places where the Adler-32 of everything before stands, followed by the string "/". */
function sealsIn(bytes: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 16; at + 13 <= bytes.length; at++) {
    if (bytes.readUInt32BE(at) !== 0 || bytes.readInt32BE(at + 8) !== 1 || bytes[at + 12] !== 0x2f) continue;
    if (bytes.readUInt32BE(at + 4) === adler32(bytes, 0, at)) offsets.push(at);
  }
  return offsets;
}
