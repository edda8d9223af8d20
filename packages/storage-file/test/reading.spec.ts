import type { LoggedTxn } from '@zk/contracts';
import type { Zxid } from '@zk/model';
import type { FileStorage } from '../src/index.js';
import { DataDir, entry, listening, logFile, logHeader, payload, range, writeEntries } from './support.js';

async function read(storage: FileStorage, after: Zxid, upTo: Zxid): Promise<LoggedTxn[]> {
  const found: LoggedTxn[] = [];
  for await (const batch of (await storage.log.read(after, upTo, Infinity))!) found.push(...batch);
  return found;
}

const zxidsOf = (entries: readonly LoggedTxn[]): Zxid[] => entries.map(({ zxid }) => zxid);

describe('reading log files while they are written', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());

  it('leaves out an entry that repeats the zxid before it, as Apache ZooKeeper writes', async () => {
    dir.write('log.1', Buffer.concat([logFile(1n, 2n), entry(2n, 50), entry(3n)]));
    const found = await read(await dir.opened(), 1n, 3n);
    expect(zxidsOf(found)).toEqual([1n, 2n, 3n]);
    expect(found[1]!.txn).toEqual(payload(2n));
  });

  it('goes on in the next file behind padding, and behind a torn end that an earlier process has left', async () => {
    dir.write('log.1', Buffer.concat([logFile(1n, 2n), Buffer.alloc(300_000)]));
    dir.write('log.3', Buffer.concat([logFile(3n), entry(4n).subarray(0, 40)]));
    dir.write('log.4', logFile(4n, 5n));
    expect(zxidsOf(await read(await dir.opened(), 1n, 5n))).toEqual(range(1n, 5));
  });

  it('says where the file lies in which something is missing, as an operator would type it', async () => {
    dir.write('log.1', logFile(1n, 2n, 4n));
    const storage = await dir.opened();
    const file = `${storage.location.dataLogDir}/version-2/log.1`;
    await expect(read(storage, 1n, 4n)).rejects.toMatchObject({ name: 'CorruptionError', file });
  });

  it('passes over a file in which nothing is', async () => {
    dir.write('log.1', logFile(1n, 2n));
    dir.write('log.3', logHeader);
    const storage = await dir.opened();
    expect(zxidsOf(await read(storage, 5n, 9n))).toEqual([2n]);
  });

  it.each([
    ['a missing file', { 'log.1': logFile(1n, 2n), 'log.5': logFile(5n, 6n) }, '0x5 follows 0x2'],
    ['a missing entry', { 'log.1': logFile(1n, 2n, 4n, 5n) }, '0x4 follows 0x2'],
    [
      'a damaged entry',
      { 'log.1': Buffer.concat([logFile(1n, 2n), entry(3n).fill(7, 20, 30), entry(4n)]) },
      'checksum',
    ],
  ])('fails at %s, having handed over what is before it', async (_what, files, message) => {
    for (const [name, bytes] of Object.entries(files)) dir.write(name, bytes);
    const storage = await dir.opened();
    await expect(read(storage, 1n, 9n)).rejects.toThrow(message);
    expect(zxidsOf(await read(storage, 1n, 2n))).toEqual([1n, 2n]);
  });

  it('fails when the file that it reads is purged, since the next one may be gone too', async () => {
    const storage = await dir.opened();
    const reports = await listening(storage);
    for (const first of [1n, 2001n, 4001n]) {
      await writeEntries(storage, reports, ...range(first, 2000));
      storage.log.roll();
    }
    const reading = (await storage.log.read(1n, 6000n, Infinity))![Symbol.asyncIterator]();
    await reading.next();
    const writer = await storage.snapshots.create(4500n);
    writer.write(new Uint8Array(16));
    writer.seal();
    await writer.commit();
    expect(await storage.purge(1)).toEqual(['log.1', 'log.7d1']);
    await expect(async () => {
      while ((await reading.next()).done !== true);
    }).rejects.toThrow('log.1 was purged while the log was being read');
  });

  it('counts no zeroes that were written ahead when it is asked not to read too much', async () => {
    const storage = await dir.opened();
    await writeEntries(storage, await listening(storage), ...range(1n, 10));
    while (dir.read('log.1').length < 100_000) await new Promise((resolve) => setImmediate(resolve));
    expect(await storage.log.read(1n, 10n, 1000)).toBeDefined();
    expect(await storage.log.read(1n, 10n, 100)).toBeUndefined();
  });

  it('begins where the last reading has ended: what comes before may not even be readable any more', async () => {
    dir.write('log.1', logFile(...range(1n, 6)));
    const storage = await dir.opened();
    expect(zxidsOf(await read(storage, 1n, 4n))).toEqual(range(1n, 4));
    dir.write('log.1', Buffer.from(dir.read('log.1')).fill(7, 20, 30));
    expect(zxidsOf(await read(storage, 4n, 6n))).toEqual([4n, 5n, 6n]);
    await expect(read(storage, 3n, 6n)).rejects.toThrow('log.1 is damaged at byte 16');
  });
});
