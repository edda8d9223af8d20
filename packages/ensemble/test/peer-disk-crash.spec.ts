import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@zk/contracts';
import type { Zxid } from '@zk/model';
import { FileStorage } from '@zk/storage-file';
import type { DiskWrite } from '@zk/zab';
import { createTxn, realClock } from './cluster.js';
import { Life } from './disk-life.js';

/** Called before anything changes on disk, except for entries of the log. */
const mockDisk = { before: (): void => undefined };

jest.mock('node:fs/promises', () => {
  const real = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
  const watched = <Args extends unknown[], Result>(perform: (...args: Args) => Result) => {
    return (...args: Args): Result => {
      mockDisk.before();
      return perform(...args);
    };
  };
  return {
    ...real,
    unlink: watched(real.unlink),
    rename: watched(real.rename),
    rm: watched(real.rm),
    open: async (...args: Parameters<typeof real.open>) => {
      if (args[1] !== 'r') mockDisk.before();
      const file = await real.open(...args);
      file.truncate = watched(file.truncate.bind(file));
      file.writeFile = watched(file.writeFile.bind(file)) as typeof file.writeFile;
      return file;
    },
  };
});

const E1 = 0x1_0000_0000n;
const E2 = 0x2_0000_0000n;

interface Scenario {
  readonly name: string;
  /** What the peer has logged, by zxid; `s` behind one: a snapshot was written there; `r`: the log was rolled there. */
  readonly own: string;
  readonly write: DiskWrite;
  /** The state that the leader has sent. */
  readonly theirs?: readonly Zxid[];
  /** What a start may find after a crash, as the last zxids of the own history, in the order in which they may be found. */
  readonly between: readonly Zxid[];
  readonly pointCount: number;
}

const scenarios: readonly Scenario[] = [
  {
    name: 'a newer state is taken over',
    own: '1 2s 3 r4 5',
    write: { kind: 'snapshot', zxid: E2 },
    theirs: [E1 + 1n, E1 + 9n],
    between: [E1 + 5n],
    pointCount: 5,
  },
  {
    name: 'a state is taken over that ends within the log',
    own: '1 2s 3 4 r5',
    write: { kind: 'snapshot', zxid: E1 + 3n },
    theirs: [E1 + 1n, E1 + 2n, E1 + 3n],
    between: [E1 + 5n, E1 + 4n, E1 + 3n],
    pointCount: 6,
  },
  {
    name: 'a state is taken over that ends before two snapshots',
    own: '1 2 3 4s r5 6s r7',
    write: { kind: 'snapshot', zxid: E1 + 3n },
    theirs: [E1 + 1n, E1 + 2n, E1 + 3n],
    between: [E1 + 7n, E1 + 6n, E1 + 4n],
    pointCount: 7,
  },
  {
    name: 'the log is cut within a file',
    own: '1 2s 3 4 r5s r6',
    write: { kind: 'truncate', to: E1 + 3n },
    between: [E1 + 6n, E1 + 5n, E1 + 4n],
    pointCount: 4,
  },
  {
    name: 'the log is cut to the first snapshot',
    own: '1 2 r3s 4',
    write: { kind: 'truncate', to: 0n },
    between: [E1 + 4n, E1 + 2n],
    pointCount: 3,
  },
];

describe('a crash while the history on a disk changes', () => {
  let folder: string;
  let lives: Life[] = [];

  const begin = async (directory: string): Promise<Life> => {
    const life = new Life(new FileStorage({ dataDir: directory, preAllocBytes: 0, logger: silentLogger }));
    lives.push(life);
    return life.begin();
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zk-crash-'));
  });

  afterEach(async () => {
    mockDisk.before = () => undefined;
    for (const life of lives) await life.disk.close();
    lives = [];
    rmSync(folder, { recursive: true });
  });

  const logOwn = async (life: Life, own: string): Promise<void> => {
    for (const step of own.split(' ')) {
      if (step.startsWith('r')) {
        await life.write({ kind: 'current-epoch', epoch: 1 });
        life.storage.log.roll();
      }
      const zxid = E1 + BigInt(parseInt(step.replace('r', ''), 10));
      life.log(zxid);
      if (!step.endsWith('s')) continue;
      await life.write({ kind: 'current-epoch', epoch: 1 });
      const writer = await life.storage.snapshots.create(zxid);
      while (!life.state.dump('file', writer).step(100, realClock));
      await writer.commit();
    }
    await life.write({ kind: 'current-epoch', epoch: 1 });
  };

  /** The zxids of those who made the znodes that are there. */
  const foundIn = (life: Life): Zxid[] =>
    Array.from({ length: 9 }, (_, i) => E1 + BigInt(i + 1)).filter((zxid) => life.has(`/${zxid.toString(16)}`));
  const upTo = (last: Zxid): Zxid[] => Array.from({ length: Number(last & 0xffn) }, (_, i) => E1 + BigInt(i + 1));

  it.each(scenarios)('$name: a start finds the old history, a beginning of it, or the new one', async (scenario) => {
    const { own, write, theirs, between, pointCount } = scenario;
    const life = await begin(join(folder, 'data'));
    await logOwn(life, own);
    const takeOver = (of: Life): void => {
      if (theirs === undefined) return;
      of.state.clear();
      for (const zxid of theirs) of.state.apply(createTxn(zxid, `/${zxid.toString(16)}`, ''));
    };
    takeOver(life);
    const copies: string[] = [];
    mockDisk.before = () => {
      const copy = join(folder, `copy${copies.length}`);
      cpSync(join(folder, 'data'), copy, { recursive: true });
      copies.push(copy);
    };
    expect(await life.write(write)).toContain('ok');
    mockDisk.before();
    mockDisk.before = () => undefined;

    const final = write.kind === 'truncate' ? write.to : (write as { zxid: Zxid }).zxid;
    const finalZxids = theirs ?? upTo(final);
    const seen: Zxid[] = [];
    for (const copy of copies) {
      const found = await begin(copy);
      const { lastZxid } = found.contents!;
      seen.push(lastZxid);
      if (lastZxid === final) expect(foundIn(found)).toEqual(finalZxids);
      else expect(foundIn(found)).toEqual(upTo(lastZxid));
      // The leader tells it again, and then it goes on.
      takeOver(found);
      expect(await found.write(write)).toContain('ok');
      found.log(E2 + 1n);
      await found.write({ kind: 'current-epoch', epoch: 2 });
      await found.disk.close();
      const next = await begin(copy);
      expect(next.contents).toMatchObject({ lastZxid: E2 + 1n });
      expect(foundIn(next)).toEqual(finalZxids);
      await next.disk.close();
    }
    expect(copies.length).toBeGreaterThanOrEqual(pointCount);
    expect(seen.at(-1)).toBe(final);
    expect([...new Set(seen)]).toEqual([...new Set([...between, final])]);
  });
});
