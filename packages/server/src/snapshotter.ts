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
import { hexOf, int64 } from '@zk/model';
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

/** Time one slice may take. Between two slices the server serves; a probe never waits for more than one. */
const SLICE_MS = 1.5;
/** Pause after a slice, so that a snapshot takes a quarter of the time at most. */
const PAUSE_MS = 4.5;
/** Bytes the writer may lag behind before encoding waits for it. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;
const MIN_SNAP_COUNT = 2;

/**
 * Decides when to take a snapshot and takes it in slices. The rule is Apache's: after a number of transactions, or of
 * log bytes, between half the limit and the limit at random, so that the servers of an ensemble do not all do it at
 * once. The log is rolled first; when the previous snapshot is still being written, it is only rolled.
 */
export class Snapshotter {
  private countLimit = 0;
  private sizeLimit = 0;
  /** Transactions since the newest snapshot that were in the log already when the server started. */
  private replayed = 0;
  private isBusy = false;
  private isStopped = false;
  last: SnapshotInfo | undefined;
  /** How long each took, in ms. */
  readonly times = new Summary();
  errorCount = 0;
  /** Resolves when no snapshot is being written. */
  idle: Promise<void> = Promise.resolve();

  constructor(
    private readonly storage: Storage,
    private readonly tree: () => DataTree,
    private readonly sessions: () => Iterable<PersistedSession>,
    private readonly options: SnapshotterOptions,
    private readonly clock: Clock,
    private readonly scheduler: Scheduler,
    private readonly random: RandomSource,
    private readonly logger: Logger,
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
    log.roll();
    this.replayed = 0;
    this.drawLimits();
    if (this.isBusy) {
      this.logger.debug({}, 'the previous snapshot is still being written: rolled the log only');
      return;
    }
    void this.take();
  }

  /** Takes a snapshot now; undefined when it failed, which is logged. */
  async take(): Promise<SnapshotInfo | undefined> {
    if (this.isBusy || this.isStopped) return undefined;
    this.isBusy = true;
    const work = this.write();
    this.idle = work.then(() => undefined);
    return work;
  }

  /** Abandons the one being written. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.idle;
  }

  private async write(): Promise<SnapshotInfo | undefined> {
    const tree = this.tree();
    const startMs = this.clock.monotonicMs();
    const zxid = int64(tree.lastZxidHi, tree.lastZxidLo);
    let writer: SnapshotWriter | undefined;
    try {
      writer = await this.storage.snapshots.create(zxid);
      if (!(await this.encode(tree, writer))) {
        await writer.abort();
        return undefined;
      }
      this.last = await writer.commit();
      const durationMs = Math.round(this.clock.monotonicMs() - startMs);
      this.times.add(durationMs);
      this.logger.info({ snapshot: this.last.name, sizeBytes: this.last.sizeBytes, durationMs }, 'snapshot written');
      return this.last;
    } catch (error) {
      this.errorCount++;
      await writer?.abort();
      this.logger.error(
        { zxid: `0x${hexOf(tree.lastZxidHi, tree.lastZxidLo)}`, err: error },
        'the snapshot could not be written',
      );
      return undefined;
    } finally {
      this.isBusy = false;
    }
  }

  /** False when the server stopped meanwhile. */
  private async encode(tree: DataTree, writer: SnapshotWriter): Promise<boolean> {
    const encoder = new SnapshotEncoder(tree, this.sessions(), writer, {
      withDigest: this.options.digestEnabled,
      withLastZxid: this.options.serializeLastProcessedZxid,
    });
    try {
      while (!this.isStopped) {
        if (writer.pendingBytes < MAX_PENDING_BYTES && encoder.step(SLICE_MS, this.clock)) return true;
        await this.pause();
      }
      return false;
    } finally {
      encoder.cancel();
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(PAUSE_MS, resolve));
  }

  private drawLimits(): void {
    const halfCount = Math.floor(Math.max(MIN_SNAP_COUNT, this.options.snapCount) / 2);
    const halfSize = Math.floor(this.options.snapSizeLimitBytes / 2);
    this.countLimit = halfCount + Math.floor(this.random.next() * halfCount);
    this.sizeLimit = halfSize > 0 ? halfSize + Math.floor(this.random.next() * halfSize) : 0;
  }
}
