import { silentLogger } from '@zk/contracts';
import { CorruptionError } from '@zk/model';
import { DataDir, Lines, entry, logFile, logHeader, range, replay } from './support.js';

describe('several log files', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());

  it('are read in the order of the zxids in their names, not of the names', async () => {
    dir.write('log.f', logFile(15n, 16n));
    dir.write('log.11', logFile(17n));
    dir.write('log.9', logFile(...range(9n, 6)));
    expect((await replay(await dir.opened(), 8n)).zxids).toEqual(range(9n, 9));
  });

  it('are read from the one that holds the first wanted entry; what is before it may be gone or broken', async () => {
    dir.write('log.1', Buffer.concat([logHeader, Buffer.alloc(50, 0xaa)]));
    dir.write('log.5', logFile(5n, 6n, 7n));
    dir.write('log.8', logFile(8n));
    const storage = await dir.opened();
    expect((await replay(storage, 5n)).zxids).toEqual([6n, 7n, 8n]);
    expect((await replay(storage, 4n)).zxids).toEqual([5n, 6n, 7n, 8n]);
    await expect(replay(storage, 3n)).rejects.toBeInstanceOf(CorruptionError);
  });

  it.each([
    ['between two files', { 'log.1': [1n, 2n], 'log.4': [4n] }, 'log.4', 'zxid 0x4 follows 0x2'],
    ['within a file', { 'log.1': [1n, 2n, 4n] }, 'log.1', 'zxid 0x4 follows 0x2'],
    ['between the snapshot and the log', { 'log.3': [3n, 4n] }, 'log.3', 'zxid 0x3 follows 0x0'],
    ['at the beginning of an epoch', { 'log.1': [1n, 0x200000002n] }, 'log.1', 'zxid 0x200000002 follows 0x1'],
  ])('with a gap %s refuse the start', async (_where, files: Record<string, bigint[]>, file, detail) => {
    for (const [name, zxids] of Object.entries(files)) dir.write(name, logFile(...zxids));
    const error: unknown = await replay(await dir.opened(), 0n).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'CorruptionError', file: expect.stringContaining(file) });
    expect((error as Error).message).toContain(`${detail}: the transactions between them are missing`);
  });

  it('with a zxid that goes back refuse the start', async () => {
    dir.write('log.1', logFile(1n, 2n, 3n, 2n));
    await expect(replay(await dir.opened(), 0n)).rejects.toThrow('zxid 0x2 follows 0x3, which is greater');
  });

  it('may jump to a snapshot that was sent by a leader, even within a file, but not behind it', async () => {
    dir.write('log.5', logFile(5n, 6n, 0x51n, 0x52n));
    const storage = await dir.opened();
    expect((await replay(storage, 0x50n)).zxids).toEqual([0x51n, 0x52n]);
    await expect(replay(storage, 0x4fn)).rejects.toThrow('zxid 0x51 follows 0x4f');
    await expect(replay(storage, 4n)).rejects.toThrow('zxid 0x51 follows 0x6');
  });

  it('may repeat a zxid, as Apache ZooKeeper writes after a malformed request', async () => {
    dir.write('log.1', logFile(1n, 2n, 2n, 2n, 3n));
    dir.write('log.4', logFile(4n, 4n));
    const logger = new Lines();
    const storage = await dir.opened({ logger });
    expect((await replay(storage, 0n)).zxids).toEqual([1n, 2n, 2n, 2n, 3n, 4n, 4n]);
    expect(logger.fields).toContainEqual(expect.objectContaining({ count: 2 }));
    expect(logger.fields).toContainEqual(expect.objectContaining({ count: 1 }));
    expect((await replay(storage, 2n)).zxids).toEqual([3n, 4n, 4n]);
    await storage.log.truncate(2n);
    expect((await replay(storage, 0n)).zxids).toEqual([1n, 2n, 2n, 2n]);
  });

  it('may have a torn end in the middle, when the next file goes on where it ends', async () => {
    dir.write('log.1', Buffer.concat([logFile(1n, 2n), entry(3n).subarray(0, 30), Buffer.alloc(100)]));
    dir.write('log.3', logFile(3n, 4n));
    const before = dir.read('log.1');
    expect(await replay(await dir.opened(), 0n)).toMatchObject({ zxids: range(1n, 4), report: { torn: undefined } });
    expect(dir.read('log.1').equals(before)).toBe(true);
  });

  it('may not have a torn end in the middle that has taken entries with it', async () => {
    dir.write('log.1', Buffer.concat([logFile(1n, 2n), entry(3n).subarray(0, 30), Buffer.alloc(100)]));
    dir.write('log.5', logFile(5n));
    await expect(replay(await dir.opened(), 0n)).rejects.toThrow('zxid 0x5 follows 0x2');
  });

  it('may not be damaged in an earlier file, even when an epoch ends there', async () => {
    const damaged = logFile(1n, 2n, 3n);
    damaged[16 + entry(1n).length + 20]! ^= 1;
    dir.write('log.1', damaged);
    dir.write('log.200000001', logFile(0x200000001n));
    await expect(replay(await dir.opened(), 0n)).rejects.toThrow('intact entry (zxid 0x3) follows');
  });

  it('tell the last zxid although the newest has no entry', async () => {
    dir.write('log.1', logFile(1n, 2n));
    dir.write('log.3', logHeader);
    expect((await replay(await dir.opened(), 2n)).report).toEqual({ entries: 0, lastZxid: 2n, torn: undefined });
  });

  it('are told from files that only look like logs', async () => {
    dir.write('log.1', logFile(1n));
    for (const name of ['log.xyz', 'log.2.bak', 'log.', 'xlog.2', 'log.12345678901234567']) dir.write(name, 'anything');
    expect((await replay(await dir.opened({ logger: silentLogger }), 0n)).zxids).toEqual([1n]);
  });

  it('longer than any buffer are read without a difference', async () => {
    const sizes = Array.from({ length: 200 }, (_, i) => (i % 37 === 0 ? 700_000 : (i * 911) % 9000));
    dir.write('log.1', Buffer.concat([logHeader, ...sizes.map((size, i) => entry(BigInt(i + 1), size))]));
    const { payloads } = await replay(await dir.opened(), 0n);
    expect(payloads.map((bytes) => bytes.length - 32)).toEqual(sizes);
  });
});
