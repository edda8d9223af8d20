import type { Clock, SnapshotInfo, SnapshotWriter, Storage, TxnLog } from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import { DataTree } from '@zk/data-tree';
import { Snapshotter, type SnapshotterOptions } from '../src/snapshotter.js';
import { VirtualTime } from './virtual-time.js';

const INFO: SnapshotInfo = { zxid: 0n, name: 'snapshot.0', sizeBytes: 0, modifiedMs: 0 };
const SNAP_COUNT = 100;
/** As the random part is always 0 here, a snapshot is due when the log has more transactions than half of snapCount. */
const DUE = SNAP_COUNT / 2 + 1;

/** A snapshotter whose log grows when told, in a time in which nothing passes but what encoding a snapshot costs. */
class Rehearsal {
  snapshots = 0;
  rolls = 0;
  private readonly time = new VirtualTime();
  private encodedMs = 0;
  private readonly growth = { entriesSinceRoll: 0, bytesSinceRoll: 0, roll: () => this.roll() };
  private readonly snapshotter: Snapshotter;

  constructor(encodingMs: number, options: Partial<SnapshotterOptions> = {}) {
    const writer: SnapshotWriter = {
      write: () => void (this.encodedMs += encodingMs),
      seal: () => undefined,
      pendingBytes: 0,
      commit: () => Promise.resolve(INFO),
      abort: () => Promise.resolve(),
    };
    const snapshots = { create: () => Promise.resolve(writer).finally(() => this.snapshots++) };
    const clock: Clock = { wallMs: () => 0, monotonicMs: () => this.time.monotonicMs() + this.encodedMs };
    const tree = new DataTree();
    // Without the sections behind the znodes a small tree is one piece.
    const oneSection = { digestEnabled: false, serializeLastProcessedZxid: false };
    this.snapshotter = new Snapshotter(
      {
        storage: { snapshots } as unknown as Storage,
        clock,
        scheduler: this.time,
        random: { next: () => 0 },
        logger: silentLogger,
      },
      { tree: () => tree, sessions: () => [] },
      { snapCount: SNAP_COUNT, snapSizeLimitBytes: 0, ...oneSection, ...options },
    );
  }

  replayed(count: number): void {
    this.snapshotter.addReplayed(count);
  }

  wait(ms: number): Promise<void> {
    return this.time.advance(ms);
  }

  /** Transactions are logged, and a turn ends. */
  async log(entries: number, bytes = entries): Promise<this> {
    this.growth.entriesSinceRoll += entries;
    this.growth.bytesSinceRoll += bytes;
    this.snapshotter.check(this.growth as unknown as TxnLog);
    await this.snapshotter.idle;
    return this;
  }

  private roll(): void {
    this.rolls++;
    this.growth.entriesSinceRoll = this.growth.bytesSinceRoll = 0;
  }
}

describe('when a snapshot is taken', () => {
  it('is decided by the transactions in the log, while snapshots cost little', async () => {
    const rehearsal = new Rehearsal(0);
    await rehearsal.log(DUE - 1);
    expect(rehearsal).toMatchObject({ snapshots: 0, rolls: 0 });
    await rehearsal.log(1);
    expect(rehearsal).toMatchObject({ snapshots: 1, rolls: 1 });
    for (let i = 0; i < 5; i++) await rehearsal.log(DUE);
    expect(rehearsal).toMatchObject({ snapshots: 6, rolls: 6 });
  });

  it('is decided by the bytes in the log as well', async () => {
    const rehearsal = new Rehearsal(0, { snapSizeLimitBytes: 2000 });
    await rehearsal.log(1, 1000);
    expect(rehearsal).toMatchObject({ snapshots: 0, rolls: 0 });
    await rehearsal.log(1, 1);
    expect(rehearsal).toMatchObject({ snapshots: 1, rolls: 1 });
  });

  it('counts what was replayed at the start', async () => {
    const rehearsal = new Rehearsal(0);
    rehearsal.replayed(DUE - 1);
    await rehearsal.log(1);
    expect(rehearsal).toMatchObject({ snapshots: 1, rolls: 1 });
  });

  it('waits until ten times as long as the last one kept the event loop has passed, and the log is only rolled', async () => {
    const rehearsal = await new Rehearsal(20).log(DUE);
    await rehearsal.wait(199);
    await rehearsal.log(DUE);
    expect(rehearsal).toMatchObject({ snapshots: 1, rolls: 2 });
    await rehearsal.wait(1);
    await rehearsal.log(DUE - 1);
    expect(rehearsal).toMatchObject({ snapshots: 1, rolls: 2 });
    await rehearsal.log(1);
    expect(rehearsal).toMatchObject({ snapshots: 2, rolls: 3 });
  });

  it('waits no longer than for ten times snapCount transactions, which a restart would replay', async () => {
    const rehearsal = await new Rehearsal(20).log(DUE);
    for (let logged = DUE; logged < 10 * SNAP_COUNT; logged += DUE) {
      await rehearsal.log(DUE);
      expect(rehearsal.snapshots).toBe(1);
    }
    await rehearsal.log(DUE);
    expect(rehearsal.snapshots).toBe(2);
    await rehearsal.log(DUE);
    expect(rehearsal.snapshots).toBe(2);
  });

  it('waits no longer than for snapSizeLimitBytes of log', async () => {
    const rehearsal = await new Rehearsal(20, { snapSizeLimitBytes: 2000 }).log(DUE);
    await rehearsal.log(DUE, 1999);
    expect(rehearsal).toMatchObject({ snapshots: 1, rolls: 2 });
    await rehearsal.log(DUE, 1);
    expect(rehearsal).toMatchObject({ snapshots: 2, rolls: 3 });
  });
});
