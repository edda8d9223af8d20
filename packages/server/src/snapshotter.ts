import type {
  Clock,
  Logger,
  RandomSource,
  Scheduler,
  SnapshotInfo,
  SnapshotWriter,
  Storage,
  TxnLog,
} from '@zk/contracts';
import { type DataTree, SnapshotEncoder } from '@zk/data-tree';
import { type Zxid, hexOf, int64 } from '@zk/model';
import { Summary } from './summary.js';

export interface SnapshotterOptions {
  readonly snapCount: number;
  readonly snapSizeLimitBytes: number;
  readonly digestEnabled: boolean;
  readonly serializeLastProcessedZxid: boolean;
}

/** A session as a snapshot keeps it. */
export interface PersistedSession {
  readonly id: bigint;
  readonly timeoutMs: number;
}

export interface SnapshotterParts {
  readonly storage: Pick<Storage, 'snapshots'>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** What snapshots are of. */
export interface SnapshotContents {
  tree(): DataTree;
  sessions(): Iterable<PersistedSession>;
}

/** Time one slice may take. Between two slices the server serves; a probe never waits for more than one. */
const SLICE_MS = 1.5;
/** Pause after a slice, so that a snapshot takes a quarter of the time at most. */
const PAUSE_MS = 4.5;
/** Bytes the writer may lag behind before encoding waits for it. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
const MIN_SNAP_COUNT = 2;
/** So many times as long as a snapshot kept the event loop must pass before the next one: a tenth of its time at most. */
const REST_FACTOR = 10;
/** The log that may collect behind a snapshot in spite of that, in multiples of `snapCount`: a restart replays it. */
const MAX_LOG_FACTOR = 10;

/**
 * Decides when to take a snapshot and takes it in slices. The rule is Apache's: after a number of transactions, or of
 * log bytes, between half the limit and the limit at random, so that the servers of an ensemble do not all do it at
 * once. The log is rolled first; when the previous snapshot is still being written, it is only rolled.
 *
 * It is only rolled, too, while the previous snapshot is so recent that another one would cost more than a tenth of the
 * event loop: under full load a large tree would be encoded again and again for the little that came in between. That
 * ends when the log behind the previous snapshot has reached ten times `snapCount`, or `snapSizeLimitBytes`.
 */
export class Snapshotter {
  private countLimit = 0;
  private sizeLimit = 0;
  /** Transactions since the newest snapshot that were in the log already when the server started. */
  private replayed = 0;
  /** What was logged behind the newest snapshot, up to the last roll. */
  private rolledCount = 0;
  private rolledBytes = 0;
  /** When the event loop has had its rest from the newest snapshot, in monotonic ms. */
  private restedMs = -Infinity;
  private isBusy = false;
  private isStopped = false;
  private isAbandoned = false;
  /** Whether the log has everything up to this zxid for good. A snapshot must not be ahead of it. */
  isLogged: (zxid: Zxid) => boolean = () => true;
  last: SnapshotInfo | undefined;
  /** How long each took, in ms. */
  readonly times = new Summary();
  errorCount = 0;
  /** Resolves when no snapshot is being written. */
  idle: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: SnapshotterParts,
    private readonly contents: SnapshotContents,
    private readonly options: SnapshotterOptions,
  ) {
    this.drawLimits();
  }

  /** Counts transactions that were replayed at the start. */
  addReplayed(count: number): void {
    this.replayed = count;
  }

  /** Looks whether it is time. Cheap: called at the end of every turn that wrote something. */
  check(log: TxnLog): void {
    const entries = log.entriesSinceRoll + this.replayed;
    if (entries <= this.countLimit && !(this.sizeLimit > 0 && log.bytesSinceRoll > this.sizeLimit)) return;
    this.rolledCount += entries;
    this.rolledBytes += log.bytesSinceRoll;
    log.roll();
    this.replayed = 0;
    this.drawLimits();
    if (this.isBusy) this.parts.logger.debug({}, 'the previous snapshot is still being written: rolled the log only');
    else if (this.mayWait()) this.parts.logger.debug({}, 'the previous snapshot is too recent: rolled the log only');
    else void this.take();
  }

  /** Whether the log behind the newest snapshot may grow on, because that snapshot has cost so much so recently. */
  private mayWait(): boolean {
    const { snapCount, snapSizeLimitBytes } = this.options;
    if (this.rolledCount >= MAX_LOG_FACTOR * snapCount) return false;
    if (snapSizeLimitBytes > 0 && this.rolledBytes >= snapSizeLimitBytes) return false;
    return this.parts.clock.monotonicMs() < this.restedMs;
  }

  /** Takes a snapshot now; undefined when it failed, which is logged. */
  async take(): Promise<SnapshotInfo | undefined> {
    if (this.isBusy || this.isStopped) return undefined;
    this.isBusy = true;
    this.rolledCount = this.rolledBytes = 0;
    const work = this.write();
    this.idle = work.then(() => undefined);
    return work;
  }

  /** Abandons the one being written, if any, and waits for its end. Others may follow. */
  async abandon(): Promise<void> {
    this.isAbandoned = true;
    await this.idle;
    this.isAbandoned = false;
  }

  /** Abandons the one being written; none follows. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.idle;
  }

  private async write(): Promise<SnapshotInfo | undefined> {
    const tree = this.contents.tree();
    const startMs = this.parts.clock.monotonicMs();
    const zxid = int64(tree.lastZxidHi, tree.lastZxidLo);
    let writer: SnapshotWriter | undefined;
    try {
      writer = await this.parts.storage.snapshots.create(zxid);
      if (!(await this.encode(tree, writer)) || !(await this.logged(zxid))) {
        await writer.abort();
        return undefined;
      }
      this.last = await writer.commit();
      const durationMs = Math.round(this.parts.clock.monotonicMs() - startMs);
      this.times.add(durationMs);
      this.parts.logger.info(
        { snapshot: this.last.name, sizeBytes: this.last.sizeBytes, durationMs },
        'snapshot written',
      );
      return this.last;
    } catch (error) {
      this.errorCount++;
      await writer?.abort();
      this.parts.logger.error(
        { zxid: `0x${hexOf(tree.lastZxidHi, tree.lastZxidLo)}`, err: error },
        'the snapshot could not be written',
      );
      return undefined;
    } finally {
      this.isBusy = false;
    }
  }

  /** Waits until the log has caught up; false when the snapshot was abandoned meanwhile. */
  private async logged(zxid: Zxid): Promise<boolean> {
    while (!this.isLogged(zxid)) {
      if (this.isStopped || this.isAbandoned) return false;
      await this.pause();
    }
    return true;
  }

  /** False when it was abandoned meanwhile. */
  private async encode(tree: DataTree, writer: SnapshotWriter): Promise<boolean> {
    const encoder = new SnapshotEncoder(tree, this.contents.sessions(), writer, {
      withDigest: this.options.digestEnabled,
      withLastZxid: this.options.serializeLastProcessedZxid,
    });
    let loopMs = 0;
    try {
      while (!this.isStopped && !this.isAbandoned) {
        if (writer.pendingBytes < MAX_PENDING_BYTES) {
          const startMs = this.parts.clock.monotonicMs();
          const isDone = encoder.step(SLICE_MS, this.parts.clock);
          loopMs += this.parts.clock.monotonicMs() - startMs;
          if (isDone) return true;
        }
        await this.pause();
      }
      return false;
    } finally {
      encoder.cancel();
      this.restedMs = this.parts.clock.monotonicMs() + REST_FACTOR * loopMs;
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => this.parts.scheduler.after(PAUSE_MS, resolve));
  }

  private drawLimits(): void {
    const halfCount = Math.floor(Math.max(MIN_SNAP_COUNT, this.options.snapCount) / 2);
    const halfSize = Math.floor(this.options.snapSizeLimitBytes / 2);
    this.countLimit = halfCount + Math.floor(this.parts.random.next() * halfCount);
    this.sizeLimit = halfSize > 0 ? halfSize + Math.floor(this.parts.random.next() * halfSize) : 0;
  }
}
