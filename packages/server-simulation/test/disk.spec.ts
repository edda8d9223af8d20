import { type SnapshotInfo, type Storage } from '@zk/contracts';
import { CorruptionError, makeZxid } from '@zk/model';
import { Agenda, SeededRandom } from '@zk/simulation';
import { SimulatedDisk } from '../src/world/disk.js';
import { Life } from '../src/world/life.js';

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);

/** A machine with a disk, on which time passes when it is told to. */
class Scene {
  readonly agenda = new Agenda();
  readonly disk: SimulatedDisk;
  private life = new Life(this.agenda);

  constructor(seed: number) {
    this.disk = new SimulatedDisk(this.agenda, new SeededRandom(seed), () => undefined);
  }

  async start(): Promise<Storage> {
    this.life = new Life(this.agenda);
    const storage = this.disk.mount(this.life);
    await storage.open();
    return storage;
  }

  crash(losesPower: boolean): void {
    this.life.end();
    this.disk.crash(!losesPower);
  }

  /** Lets time pass until something is done. */
  async pass<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const end = (): void => void (isDone = true);
    work.then(end, end);
    while (!isDone) {
      this.agenda.step();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return work;
  }

  /** Entries of epoch 1 are in the log, and durable. */
  async log(storage: Storage, from: number, to: number): Promise<void> {
    append(storage, from, to);
    const isDurable = new Promise<void>((resolve) => {
      const onDurable = (_hi: number, lo: number): void => void (lo === to && resolve());
      const unexpected = (): never => {
        throw new Error('the log failed');
      };
      storage.log.listen({ onDurable, onFailure: unexpected, onRecovered: unexpected, onFatal: unexpected });
    });
    storage.log.sync();
    await this.pass(isDurable);
  }

  async snapshot(storage: Storage, counter: number): Promise<SnapshotInfo> {
    const writer = await this.pass(storage.snapshots.create(makeZxid(1, counter)));
    writer.write(Uint8Array.of(counter));
    return this.pass(writer.commit());
  }
}

function append({ log }: Storage, from: number, to: number): void {
  for (let counter = from; counter <= to; counter++) log.append(1, counter, new Uint8Array(20), 0, 20);
}

async function replayed({ log }: Storage): Promise<{ readonly counters: readonly number[]; readonly isTorn: boolean }> {
  const counters: number[] = [];
  const { torn } = await log.replay(0n, (_hi, lo) => void counters.push(lo));
  return { counters, isTorn: torn !== undefined };
}

async function piecesOf({ snapshots }: Storage, info: SnapshotInfo): Promise<number[]> {
  const bytes: number[] = [];
  for await (const piece of snapshots.read(info)) bytes.push(...piece);
  return bytes;
}

describe('a power failure', () => {
  it('keeps what was synced, and any beginning of what was not, now and then with a part of the next entry', async () => {
    const lengths = new Set<number>();
    const torn = new Set<number>();
    for (const seed of SEEDS) {
      const scene = new Scene(seed);
      const storage = await scene.start();
      await scene.log(storage, 1, 2);
      append(storage, 3, 4);
      scene.crash(true);
      const { counters, isTorn } = await replayed(await scene.start());
      expect(counters).toEqual([1, 2, 3, 4].slice(0, counters.length));
      lengths.add(counters.length);
      if (isTorn) torn.add(counters.length);
    }
    expect([...lengths].sort()).toEqual([2, 3, 4]);
    // Where everything is there, nothing is torn.
    expect([...torn].sort()).toEqual([2, 3]);
  });

  it('leaves a torn end that is found once: it is cut', async () => {
    for (const seed of SEEDS) {
      const scene = new Scene(seed);
      append(await scene.start(), 1, 1);
      scene.crash(true);
      const storage = await scene.start();
      await replayed(storage);
      expect((await replayed(storage)).isTorn).toBe(false);
    }
  });
});

it('a process that is killed leaves everything that it has written', async () => {
  const scene = new Scene(1);
  append(await scene.start(), 1, 3);
  scene.crash(false);
  expect(await replayed(await scene.start())).toEqual({ counters: [1, 2, 3], isTorn: false });
});

it('a log with a gap is refused, where it is needed', async () => {
  const scene = new Scene(1);
  const storage = await scene.start();
  append(storage, 1, 2);
  append(storage, 4, 5);
  scene.crash(false);
  const { log } = await scene.start();
  await expect(log.replay(0n, () => undefined)).rejects.toThrow(CorruptionError);
  await expect(log.replay(makeZxid(1, 3), () => undefined)).resolves.toMatchObject({ entries: 2 });
});

describe('a snapshot is damaged', () => {
  it('when the one before it and the log make up for it', async () => {
    const scene = new Scene(1);
    const storage = await scene.start();
    await scene.snapshot(storage, 0);
    await scene.log(storage, 1, 7);
    const info = await scene.snapshot(storage, 7);
    expect(await scene.disk.damageSnapshot()).toBe(true);
    expect(await piecesOf(storage, info)).toEqual([6]);
  });

  it.each([
    ['the only one', 0, 0],
    ['of what was never logged here', 3, 7],
  ])('never when it is %s', async (_, loggedTo, takenAt) => {
    const scene = new Scene(1);
    const storage = await scene.start();
    if (loggedTo > 0) {
      await scene.snapshot(storage, 0);
      await scene.log(storage, 1, loggedTo);
    }
    const info = await scene.snapshot(storage, takenAt);
    expect(await scene.disk.damageSnapshot()).toBe(false);
    expect(await piecesOf(storage, info)).toEqual([takenAt]);
  });

  it('never when the log was cleared behind the one before it', async () => {
    const scene = new Scene(1);
    const storage = await scene.start();
    await scene.snapshot(storage, 0);
    await scene.log(storage, 1, 3);
    await scene.snapshot(storage, 3);
    await scene.pass(storage.log.clear());
    expect(await scene.disk.damageSnapshot()).toBe(false);
    append(storage, 4, 5);
    await scene.snapshot(storage, 5);
    expect(await scene.disk.damageSnapshot()).toBe(true);
  });
});
