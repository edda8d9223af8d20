import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ThreadLogDevice } from '../src/index.js';
import type { FileStorageOptions } from '../src/index.js';
import { FaultyLogDevice } from './faulty-log-device.js';
import { ManualTime } from './manual-time.js';
import { DataDir, Lines, listening, logFile, payload, range, replay, writeEntries } from './support.js';
import type { Reports } from './support.js';

const noSpace = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

describe('writing the log', () => {
  let dir: DataDir;
  let device: FaultyLogDevice;
  let reports: Reports;
  beforeEach(() => {
    dir = new DataDir();
    device = new FaultyLogDevice();
  });
  afterEach(() => dir.dispose());

  async function started(options: Partial<FileStorageOptions> = {}) {
    const storage = await dir.opened({ createLogDevice: () => device, firstProbeDelayMs: 1, ...options });
    reports = await listening(storage);
    return storage;
  }
  const logs = () => dir.names().filter((name) => name.startsWith('log.'));
  const sizeOf = (name: string) => statSync(join(dir.version2, name)).size;
  const callsLike = (pattern: RegExp) => device.calls.filter((call) => pattern.test(call));

  it('syncs the entries and then the name of a new file before it reports anything', async () => {
    const storage = await started();
    await writeEntries(storage, reports, 0x12n);
    expect(device.calls.slice(0, 3)).toEqual(['create log.12', 'sync', 'sync directory']);
    await writeEntries(storage, reports, 0x13n);
    expect(callsLike(/^sync/)).toEqual(['sync', 'sync directory', 'sync']);
  });

  it('names a file after its first entry, and begins a new one after a roll and after a restart', async () => {
    let storage = await started();
    await writeEntries(storage, reports, ...range(0x100000001n, 3));
    storage.log.roll();
    await writeEntries(storage, reports, 0x100000004n, 0x200000001n);
    await storage.close();
    device = new FaultyLogDevice();
    storage = await started();
    expect(logs()).toEqual(['log.100000001', 'log.100000004']);
    await writeEntries(storage, reports, 0x200000002n);
    expect(logs()).toEqual(['log.100000001', 'log.100000004', 'log.200000002']);
  });

  it('writes zeroes ahead of the entries, and cuts them off when the file is rolled or closed', async () => {
    const storage = await started();
    await writeEntries(storage, reports, 1n, 2n);
    await writeEntries(storage, reports, 3n);
    expect(callsLike(/^fill/)).toEqual(['fill 1048576']);
    expect(sizeOf('log.1')).toBe(logFile(1n, 2n).length + 1048576);
    storage.log.roll();
    await writeEntries(storage, reports, 4n);
    await storage.close();
    expect(dir.read('log.1').equals(logFile(1n, 2n, 3n))).toBe(true);
    expect(dir.read('log.4').equals(logFile(4n))).toBe(true);
  });

  it('keeps entries and zeroes apart while both are written as fast as they can', async () => {
    const storage = await started();
    const bytes = payload(0n, 60_000);
    const view = new DataView(bytes.buffer);
    for (let zxid = 1; zxid <= 300; zxid++) {
      view.setInt32(16, zxid);
      storage.log.append(0, zxid, bytes, 0, bytes.length);
      storage.log.sync();
      while (storage.log.pendingBytes > (zxid % 5) * 100_000)
        await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await reports.seen('durable 300');
    expect(callsLike(/^fill/).length).toBeGreaterThan(5);
    await storage.close();
    const { zxids, payloads } = await replay(await dir.opened(), 0n);
    expect(zxids).toEqual(range(1n, 300));
    expect(payloads.every((found) => found.length === bytes.length)).toBe(true);
  });

  it('asks for zeroes in long runs, whatever the size of the batches', async () => {
    const storage = await started();
    const bytes = payload(0n, 50_000);
    const view = new DataView(bytes.buffer);
    for (let zxid = 1; zxid <= 400; zxid++) {
      view.setInt32(16, zxid);
      storage.log.append(0, zxid, bytes, 0, bytes.length);
      storage.log.sync();
      await reports.seen(`durable ${zxid}`);
    }
    const lengths = callsLike(/^fill/).map((call) => Number(call.split(' ')[1]));
    expect(lengths.length).toBeLessThan(50);
    expect(Math.max(...lengths)).toBe(1048576);
  });

  it('begins the next sync before it reports what the last one has made durable', async () => {
    const storage = await started();
    await writeEntries(storage, reports, 1n);
    device.hold();
    storage.log.append(0, 2, payload(2n), 0, 52);
    storage.log.sync();
    await device.held();
    storage.log.append(0, 3, payload(3n), 0, 52);
    storage.log.sync();
    const syncsAtReport: number[] = [];
    const onDurable = (hi: number, lo: number): void => {
      syncsAtReport.push(callsLike(/^sync$/).length);
      reports.onDurable(hi, lo);
    };
    storage.log.listen({ ...reports, onDurable });
    device.release();
    await reports.seen('durable 3');
    expect(syncsAtReport).toEqual([3, 3]);
  });

  it('stops for good, once, when a report is not taken', async () => {
    const storage = await started();
    storage.log.listen({
      ...reports,
      onDurable: () => {
        storage.log.append(0, 2, payload(2n), 0, 52);
        storage.log.sync();
        throw new Error('a defect of the listener');
      },
    });
    storage.log.append(0, 1, payload(1n), 0, 52);
    storage.log.sync();
    await reports.seen('fatal');
    await storage.close();
    expect(reports.events).toEqual(['fatal a defect of the listener']);
  });

  it('writes no zeroes when preallocation is off', async () => {
    const storage = await started({ preAllocBytes: 0 });
    await writeEntries(storage, reports, 1n, 2n);
    await writeEntries(storage, reports, 3n);
    expect(callsLike(/^fill/)).toEqual([]);
    expect(sizeOf('log.1')).toBe(logFile(1n, 2n, 3n).length);
  });

  it('begins a new file behind one that has passed the size limit, and goes on counting', async () => {
    const storage = await started({ txnLogSizeLimitBytes: 200 });
    for (const zxid of range(1n, 9)) await writeEntries(storage, reports, zxid);
    expect(logs()).toEqual(['log.1', 'log.4', 'log.7']);
    expect(storage.log.entriesSinceRoll).toBe(9);
  });

  it('syncs nothing with forceSync off, and says so', async () => {
    const logger = new Lines();
    const storage = await started({ forceSync: false, logger });
    await writeEntries(storage, reports, 1n, 2n);
    expect(callsLike(/^sync/)).toEqual([]);
    expect(storage.log.syncStats.count).toBe(0);
    expect(storage.log.syncStats.batches).toMatchObject({ sum: 2 });
    expect(logger.lines).toContainEqual(expect.stringMatching(/^warn forceSync=no/));
    await storage.close();
    expect((await replay(await dir.opened(), 0n)).zxids).toEqual([1n, 2n]);
  });

  it('reports and counts slow syncs', async () => {
    const storage = await started({ fsyncWarningThresholdMs: -1 });
    await writeEntries(storage, reports, 1n);
    expect(reports.events).toEqual(['slow', 'durable 1']);
    const { count, slow, minMs, maxMs, totalMs } = storage.log.syncStats;
    expect([count, slow]).toEqual([1, 1]);
    expect([minMs, maxMs]).toEqual([totalMs, totalMs]);
  });

  it('refuses an entry that could not be read back', async () => {
    const storage = await started({ maxEntryBytes: 1000 });
    expect(() => storage.log.append(0, 1, payload(1n, 1000), 0, 1001)).toThrow(RangeError);
    expect(() => storage.log.append(0, 1, payload(1n), 0, 31)).toThrow(RangeError);
    expect(() => storage.log.append(0, 1, payload(2n), 0, 52)).toThrow('has the zxid of the entry');
    await writeEntries(storage, reports, 1n);
  });

  it('cuts a refused write back to the last synced byte, before anybody hears of it', async () => {
    const storage = await started();
    await writeEntries(storage, reports, 1n, 2n);
    let sizeAtFailure = -1;
    const onFailure = (error: Error): void => {
      sizeAtFailure = sizeOf('log.1');
      reports.onFailure(error);
    };
    storage.log.listen({ ...reports, onFailure });
    device.writeError = noSpace();
    const before = storage.log.bytesSinceRoll;
    storage.log.append(0, 3, payload(3n, 5000), 0, 5032);
    storage.log.sync();
    await reports.seen('failure');
    expect(sizeAtFailure).toBe(logFile(1n, 2n).length);
    expect(storage.log).toMatchObject({ entriesSinceRoll: 2, bytesSinceRoll: before, pendingBytes: 0 });
  });

  it('probes with longer and longer pauses, with space that is really taken', async () => {
    const time = new ManualTime();
    const storage = await started({ scheduler: time, firstProbeDelayMs: 1000 });
    device.writeError = noSpace();
    storage.log.append(0, 1, payload(1n), 0, 52);
    storage.log.sync();
    await reports.seen('failure');
    expect(logs()).toEqual([]);
    const pausesMs: number[] = [];
    while (pausesMs.length < 4) pausesMs.push(await time.elapse());
    device.writeError = undefined;
    pausesMs.push(await time.elapse());
    await reports.seen('recovered');
    expect(pausesMs).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect(callsLike(/^probe/)).toHaveLength(5);
    expect(dir.names()).toEqual(['.zk-lock']);
    await writeEntries(storage, reports, 1n);
  });

  it('does not probe any more once it is closed', async () => {
    const time = new ManualTime();
    const storage = await started({ scheduler: time });
    device.writeError = noSpace();
    storage.log.append(0, 1, payload(1n), 0, 52);
    storage.log.sync();
    await reports.seen('failure');
    expect(time.pendingTimers).toBe(1);
    await storage.close();
    expect(time.pendingTimers).toBe(0);
  });

  it('takes a file that cannot be created for a refused write', async () => {
    const storage = await started();
    const create = jest.spyOn(device, 'create').mockImplementation(() => {
      throw Object.assign(new Error('no more files'), { code: 'EMFILE' });
    });
    storage.log.append(0, 1, payload(1n), 0, 52);
    storage.log.sync();
    await reports.seen('failure');
    create.mockRestore();
    await reports.seen('recovered');
    await writeEntries(storage, reports, 1n);
    expect(logs()).toEqual(['log.1']);
  });

  it('does not mind when only the zeroes ahead find no space', async () => {
    const storage = await started();
    jest.spyOn(device, 'fill').mockRejectedValue(noSpace());
    for (const zxid of range(1n, 5)) await writeEntries(storage, reports, zxid);
    expect(reports.events).toHaveLength(5);
  });

  it.each([
    ['a sync fails', () => jest.spyOn(device, 'sync').mockRejectedValue(new Error('input/output error'))],
    ['the directory cannot be synced', () => jest.spyOn(device, 'syncDirectory').mockRejectedValue(noSpace())],
    [
      'a refused write cannot be cut back',
      () => {
        jest.spyOn(device, 'truncate').mockRejectedValue(new Error('input/output error'));
        jest.spyOn(device, 'remove').mockRejectedValue(new Error('input/output error'));
        device.writeError = noSpace();
      },
    ],
  ])('stops for good when %s', async (_what, breakDevice) => {
    const storage = await started();
    breakDevice();
    storage.log.append(0, 1, payload(1n), 0, 52);
    storage.log.sync();
    await reports.seen('fatal');
    storage.log.append(0, 2, payload(2n), 0, 52);
    storage.log.sync();
    await storage.close();
    expect(reports.events).toHaveLength(1);
  });

  it('stops for good rather than overwrite a file that has entries', async () => {
    const storage = await started();
    dir.write('log.1', logFile(1n));
    storage.log.append(0, 1, payload(1n, 99), 0, 131);
    storage.log.sync();
    expect(await reports.seen('fatal')).toContain('exists and has entries');
    expect(dir.read('log.1').equals(logFile(1n))).toBe(true);
  });

  it('syncs in the middle of a fill', async () => {
    const inner = new ThreadLogDevice();
    const fd = inner.create(join(dir.version2, 'log.1'));
    const order: string[] = [];
    const filled = inner.fill(fd, 0, 64 * 1024 * 1024).then(() => order.push('filled'));
    await Promise.all([inner.sync(fd).then(() => order.push('synced')), filled]);
    expect(order).toEqual(['synced', 'filled']);
    await inner.close(fd);
    await inner.dispose();
  });

  it('refuses to truncate while entries are pending', async () => {
    const storage = await started();
    await writeEntries(storage, reports, 1n, 2n);
    storage.log.append(0, 3, payload(3n), 0, 52);
    await expect(storage.log.truncate(1n)).rejects.toThrow('65 bytes are pending');
  });
});
