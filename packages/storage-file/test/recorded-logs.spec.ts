import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CorruptionError, hiOf, loOf } from '@zk/model';
import { readLog } from '../src/log-reader.js';
import { DataDir, Lines, fixtures, listening, range, replay, writeEntries } from './support.js';

interface RecordedLog {
  readonly entries: readonly {
    readonly offset: number;
    readonly len: number;
    readonly hdr: { readonly zxid: string; readonly cxid: number; readonly time: number; readonly type: number };
  }[];
  readonly end: { readonly offset: number };
}

function decoded(json: string): RecordedLog {
  return JSON.parse(readFileSync(join(fixtures, json), 'utf8')) as RecordedLog;
}

/** Fixture, its name in a data directory. All recorded from Apache ZooKeeper 3.8.0 and 3.9.5. */
const logs = [
  ['standalone-3.9.5/log.1', 'log.1'],
  ['standalone-3.8.0/log.1', 'log.1'],
  ['reconfig-3.9.5/log.100000001', 'log.100000001'],
  ['ensemble-3.9.5-trunc/before-log.100000001', 'log.100000001'],
  ['ensemble-3.9.5-trunc/after-log.100000001', 'log.100000001'],
  ['mixed/leader-3.8.0-log.100000001', 'log.100000001'],
  ['mixed/follower-3.9.5-log.100000001', 'log.100000001'],
] as const;

describe('log files that Apache ZooKeeper wrote', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());

  it.each(logs)('reads %s entry by entry', async (fixture) => {
    const { entries, end } = decoded(`${fixture}.json`);
    const found: unknown[] = [];
    const result = await readLog(join(fixtures, fixture), 2 * 0xfffff, (hi, lo, bytes, start, entryEnd, offset) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset + start, entryEnd - start);
      const zxid = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
      const [cxid, time, type] = [view.getInt32(8), Number(view.getBigInt64(20)), view.getInt32(28)];
      found.push({ offset, len: entryEnd - start, zxid: `0x${zxid.toString(16)}`, cxid, time, type });
      return true;
    });
    expect(found).toEqual(
      entries.map(({ offset, len, hdr }) => ({
        offset,
        len,
        zxid: hdr.zxid,
        cxid: hdr.cxid,
        time: hdr.time,
        type: hdr.type,
      })),
    );
    expect(result).toEqual({ kind: 'clean', offset: end.offset });
  });

  it('reads a file with 64 MiB of padding', async () => {
    const packed = readFileSync(join(fixtures, 'standalone-3.9.5/log.1.padded-full.gz'));
    dir.write('log.1', gunzipSync(packed));
    const { zxids, report } = await replay(await dir.opened(), 0n);
    expect(zxids).toEqual(range(1n, decoded('standalone-3.9.5/log.1.padded-full.json').entries.length));
    expect(report.torn).toBeUndefined();
  });

  it.each(logs)('writes the entries of %s as the same bytes', async (fixture, name) => {
    const source = new DataDir();
    source.put(fixture, name);
    const { zxids, payloads } = await replay(await source.opened());
    const storage = await dir.opened();
    const reports = await listening(storage);
    zxids.forEach((zxid, i) => storage.log.append(hiOf(zxid), loOf(zxid), payloads[i]!, 0, payloads[i]!.length));
    storage.log.sync();
    await reports.seen('durable');
    await storage.close();
    const recorded = readFileSync(join(fixtures, fixture));
    const { end } = decoded(`${fixture}.json`);
    expect(dir.names()).toEqual([name]);
    expect(dir.read(name).equals(recorded.subarray(0, end.offset))).toBe(true);
    await source.dispose();
  });

  it('truncates as Apache ZooKeeper did', async () => {
    dir.put('ensemble-3.9.5-trunc/before-log.100000001', 'log.100000001');
    const storage = await dir.opened();
    await storage.log.truncate(0x10000001dn);
    await storage.close();
    const after = readFileSync(join(fixtures, 'ensemble-3.9.5-trunc/after-log.100000001'));
    expect(dir.read('log.100000001').equals(after)).toBe(true);
  });
});

/** `standalone-3.9.5/log.1` with its last entry (0x12 at byte 1743) damaged, next to the snapshot before it. */
describe('a log file that is damaged', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
    dir.put('standalone-3.9.5/snapshot.0', 'snapshot.0');
  });
  afterEach(() => dir.dispose());

  it.each([
    ['torn-eof', 'the file ends within an entry'],
    ['torn-zeros', 'an entry ends with 0x0 instead of 0x42'],
    ['bad-eor', 'an entry ends with 0x0 instead of 0x42'],
    ['crc-only', 'the file ends within an entry'],
    ['bad-crc-last', 'the checksum of an entry is'],
  ])('is cut where its last write was torn: %s', async (name, reason) => {
    const path = dir.put(`corrupt/${name}.log.1`, 'log.1');
    const logger = new Lines();
    const storage = await dir.opened({ trustEmptySnapshot: false, logger });
    const { report, zxids } = await replay(storage, 0n);
    expect(zxids).toEqual(range(1n, 0x11));
    expect(report).toMatchObject({ entries: 0x11, lastZxid: 0x11n, torn: { file: path, offset: 1743 } });
    expect(report.torn?.reason).toContain(reason);
    expect(dir.read('log.1')).toHaveLength(1743);
    expect(logger.lines).toEqual([
      'warn cut the end of the last log file, which is no whole transaction: if this server crashed or lost power, ' +
        'nothing acknowledged is lost; if it was stopped in order, its disk is damaged',
    ]);
    // Neither we nor Apache ZooKeeper take what was cut for a log.
    const keptIn = join(dir.version2, '.cut-log.1-1743');
    expect(logger.fields).toEqual([{ ...report.torn, keptIn }]);
    const behind = readFileSync(join(fixtures, `corrupt/${name}.log.1`)).subarray(1743);
    const kept = readFileSync(keptIn);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.equals(behind.subarray(0, kept.length))).toBe(true);
    expect(behind.subarray(kept.length).every((byte) => byte === 0)).toBe(true);
    // The next transaction takes the zxid again, in a file of its own.
    await writeEntries(storage, await listening(storage), 0x12n);
    expect(dir.names()).toEqual(['.cut-log.1-1743', '.zk-lock', 'log.1', 'log.12', 'snapshot.0']);
    expect((await replay(storage, 0n)).report).toMatchObject({ lastZxid: 0x12n, torn: undefined });
  });

  it('is accepted with nothing but a header: header-only', async () => {
    dir.put('corrupt/header-only.log.1', 'log.1');
    const storage = await dir.opened({ trustEmptySnapshot: false });
    expect((await replay(storage, 0n)).report).toEqual({ entries: 0, lastZxid: undefined, torn: undefined });
    await writeEntries(storage, await listening(storage), 1n);
    await storage.close();
    expect((await replay(await dir.opened(), 0n)).zxids).toEqual([1n]);
  });

  it('is removed when it is empty and the last: empty-file', async () => {
    dir.put('corrupt/empty-file.log.1', 'log.1');
    const storage = await dir.opened({ trustEmptySnapshot: false });
    expect((await replay(storage, 0n)).report.lastZxid).toBeUndefined();
    expect(dir.names()).not.toContain('log.1');
  });

  it.each([
    ['bad-crc-middle', /checksum of an entry .* intact entry \(zxid 0x[0-9a-f]+\) follows at byte \d+/],
    ['len-huge', /length of 2147483647.*no torn write leaves such a length/],
    ['len-negative', /length of -1.*no torn write leaves such a length/],
  ])('refuses the start where acknowledged transactions may be lost: %s', async (name, detail) => {
    const path = dir.put(`corrupt/${name}.log.1`, 'log.1');
    const before = dir.read('log.1');
    const storage = await dir.opened({ trustEmptySnapshot: false });
    const error: unknown = await storage.log.replay(0n, () => undefined).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CorruptionError);
    expect(error).toMatchObject({ file: path, offset: expect.any(Number), advice: expect.stringMatching(/copy/) });
    expect((error as Error).message).toMatch(detail);
    expect(dir.read('log.1').equals(before)).toBe(true);
  });

  it('refuses the start with half a header: half-header', async () => {
    const file = dir.put('corrupt/half-header.log.1', 'log.1');
    await expect(dir.storage().open()).rejects.toMatchObject({
      name: 'CorruptionError',
      file,
      detail: 'expected a header of 16 bytes, found 9',
    });
  });
});
