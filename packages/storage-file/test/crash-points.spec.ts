import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CorruptionError, int64 } from '@zk/model';
import { silentLogger } from '@zk/contracts';
import { replayLogs } from '../src/log-recovery.js';
import { DataDir, LOWEST, entry, fixtures, logFile, range } from './support.js';

const options = { maxEntryBytes: 2 * 0xfffff, logger: silentLogger, isRepairing: true };

/** Zxids of what recovery finds, or the damage that it reports. */
async function recovered(dir: DataDir): Promise<bigint[] | CorruptionError> {
  const zxids: bigint[] = [];
  try {
    await replayLogs(dir.version2, LOWEST, (hi, lo) => void zxids.push(int64(hi, lo)), options);
    return zxids;
  } catch (error) {
    if (error instanceof CorruptionError) return error;
    throw error;
  }
}

/** Every byte is a recovery of its own, with its own syncs. */
jest.setTimeout(60_000);

describe('recovery after a crash', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());

  const padding = Buffer.alloc(5000);
  const recorded = readFileSync(join(fixtures, 'standalone-3.9.5/log.1')).subarray(0, 1850);

  it.each([
    ['cut off', (bytes: Buffer, at: number) => bytes.subarray(0, at)],
    ['followed by zeroes', (bytes: Buffer, at: number) => Buffer.concat([bytes.subarray(0, at), padding])],
    ['zeroed to its own end', (bytes: Buffer, at: number) => Buffer.from(bytes).fill(0, at)],
    [
      'with the first part missing instead',
      (bytes: Buffer, at: number) => Buffer.concat([Buffer.from(bytes).fill(0, 1743, at), padding]),
    ],
  ])('finds exactly the earlier entries when the last is %s at any byte', async (_how, tear) => {
    for (let at = 1743; at < recorded.length; at++) {
      const torn = tear(recorded, at);
      dir.write('log.1', torn);
      // From byte 1747 on, zeroes where zeroes were before change nothing.
      const expected = torn.subarray(0, recorded.length).equals(recorded) ? 0x12 : 0x11;
      expect([at, await recovered(dir)]).toEqual([at, range(1n, expected)]);
      // What was cut stays cut: the next start finds the same.
      expect(await recovered(dir)).toEqual(range(1n, expected));
    }
  });

  it('removes a new file of which not even the header was written', async () => {
    dir.write('log.1', logFile(1n, 2n));
    for (const size of [0, 7, 16, 100_000]) {
      dir.write('log.3', Buffer.alloc(size));
      expect(await recovered(dir)).toEqual([1n, 2n]);
      expect(dir.names()).toEqual(['log.1']);
    }
  });

  it('finds the beginning of a batch of which the end was never written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 200 }), fc.nat(), async (count, size, cut) => {
        const entries = range(1n, count).map((zxid) => entry(zxid, size));
        const whole = Buffer.concat([logFile(), ...entries]);
        const at = 16 + (cut % (whole.length - 15));
        dir.write('log.1', Buffer.concat([whole.subarray(0, at), padding]));
        let end = 16;
        const survivors = entries.filter((bytes) => (end += bytes.length) <= at).length;
        expect(await recovered(dir)).toEqual(range(1n, survivors));
      }),
      { numRuns: 60 },
    );
  });

  it('never loses an entry in silence, whichever byte before the last entry is damaged', async () => {
    const whole = logFile(...range(1n, 6));
    const lastEntry = whole.length - entry(6n).length;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 16, max: lastEntry - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Buffer.concat([whole, padding]);
          damaged[at]! ^= flip;
          dir.write('log.1', damaged);
          expect(await recovered(dir)).toBeInstanceOf(CorruptionError);
          expect(dir.read('log.1').equals(damaged)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('loses nothing but the last entry when that one is damaged', async () => {
    const whole = logFile(...range(1n, 4));
    const lastEntry = whole.length - entry(4n).length;
    for (let at = lastEntry; at < whole.length; at++) {
      const damaged = Buffer.concat([whole, padding]);
      damaged[at]! ^= 0x40;
      dir.write('log.1', damaged);
      const found = await recovered(dir);
      if (!(found instanceof CorruptionError)) expect(found).toEqual([1n, 2n, 3n]);
    }
  });

  it('takes a log entry inside the data of a torn one for what it is', async () => {
    // A client may store anything, the bytes of an old log too; its zxid gives it away.
    const stored = entry(2n);
    const outer = entry(3n, stored.length + 20);
    stored.copy(outer, 12 + 32 + 5);
    dir.write('log.1', Buffer.concat([logFile(1n, 2n), outer.subarray(0, outer.length - 3)]));
    expect(await recovered(dir)).toEqual([1n, 2n]);
  });
});
