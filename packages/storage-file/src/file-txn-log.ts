import { join } from 'node:path';
import type { EntryVisitor, LoggedTxn, ReplayReport, SyncStats, TxnLog, TxnLogListener } from '@zk/contracts';
import { readInt32 } from '@zk/jute';
import { invariant } from '@zk/model';
import type { Zxid } from '@zk/model';
import { TXN_HEADER_BYTES, ZXID_OFFSET } from './file-format.js';
import type { LogDevice } from './log-device.js';
import { LogFileChain } from './log-file-chain.js';
import { LogProbe } from './log-probe.js';
import { type LogPlace, type LogReadingHost, readLogs } from './log-reading.js';
import { clearLogs, replayLogs, truncateLogs } from './log-recovery.js';
import type { LogSegment } from './log-segment.js';
import type { ResolvedOptions } from './options.js';
import { SegmentQueue } from './segment-queue.js';
import { SyncTimes } from './sync-times.js';
import type { WorkQueue } from './work-queue.js';

const PROBE_BYTES = 1024 * 1024;

/** In the log's directory; neither we nor Apache ZooKeeper take it for a log. */
export const PROBE_FILE = '.zk-probe';

/**
 * The log as files, with group commit. An append encodes the entry into the segment that is being collected. A sync
 * takes the oldest segment, hands it to the operating system, and lets a thread make it durable; what is appended in
 * the meantime collects in the next segment, which follows by itself. A roll only closes the segment: the next append
 * begins one that carries the name of a new file. So there is one queue, and everything happens in its order.
 *
 * Three things can go wrong, with three answers (spec: the contract of TxnLogListener). A refused write: cut back, drop
 * the queue, probe until there is space. A failed sync: stop for good, because which pages reached the medium is unknown
 * and the kernel will not try them again. Anything else is a defect and stops for good too.
 */
export class FileTxnLog implements TxnLog {
  readonly #directory: string;
  readonly #options: ResolvedOptions;
  readonly #removals: WorkQueue;
  #device: LogDevice | undefined;
  #listener: TxnLogListener | undefined;
  readonly #queue = new SegmentQueue();
  readonly #files: LogFileChain;
  readonly #syncTimes: SyncTimes;
  /** The segment that is being written and synced; it has left the queue. */
  #committing: LogSegment | undefined;
  /** Who waits for the commits in progress to end. */
  #waiting: (() => void)[] = [];
  #condition: 'sound' | 'failing' | 'dead' = 'sound';
  #isClosing = false;
  #probe: LogProbe | undefined;
  /** How often the log has been cut: what was being read then ends. */
  #cuts = 0;
  readonly #marks = new Map<string, LogPlace>();

  /** @param removals what removes files, one after the other */
  constructor(directory: string, options: ResolvedOptions, removals: WorkQueue) {
    this.#directory = directory;
    this.#options = options;
    this.#removals = removals;
    this.#files = new LogFileChain(directory, options.preAllocBytes, options.logger);
    this.#syncTimes = new SyncTimes(options.fsyncWarningThresholdMs);
  }

  get entriesSinceRoll(): number {
    return this.#queue.entriesSinceRoll;
  }

  get bytesSinceRoll(): number {
    return this.#queue.bytesSinceRoll;
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  get syncStats(): SyncStats {
    return this.#syncTimes.stats;
  }

  open(device: LogDevice): void {
    this.#device = device;
    this.#listener = undefined;
    this.#condition = 'sound';
    this.#isClosing = false;
    this.#queue.drop();
    this.#endReadings();
    this.roll();
  }

  listen(listener: TxnLogListener): void {
    this.#listener = listener;
  }

  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#device === undefined || this.#isClosing) throw new Error('The log is not open');
    this.#checkReadable(zxidHi, zxidLo, bytes, start, end);
    if (this.#condition !== 'sound') return;
    this.#queue.append(zxidHi, zxidLo, bytes, start, end);
  }

  /** What is written now has to be read back at the next start. */
  #checkReadable(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void {
    const { maxEntryBytes } = this.#options;
    if (end - start < TXN_HEADER_BYTES || end - start > maxEntryBytes) {
      throw new RangeError(`An entry has ${TXN_HEADER_BYTES} to ${maxEntryBytes} bytes, not ${end - start}`);
    }
    const at = start + ZXID_OFFSET;
    invariant(
      readInt32(bytes, at) === (zxidHi | 0) && readInt32(bytes, at + 4) === (zxidLo | 0),
      'the TxnHeader of an entry has the zxid of the entry',
    );
  }

  sync(): void {
    if (this.#device === undefined || this.#isClosing) throw new Error('The log is not open');
    this.#requestSync();
  }

  #requestSync(): void {
    if (this.#condition !== 'sound') return;
    this.#queue.want();
    if (this.#committing === undefined) this.#commitNext();
  }

  roll(): void {
    this.#queue.roll();
  }

  async replay(after: Zxid, visit: EntryVisitor): Promise<ReplayReport> {
    await this.#settle();
    const { maxEntryBytes, logger } = this.#options;
    const isRepairing = this.#files.current === undefined;
    return replayLogs(this.#directory, after, visit, { maxEntryBytes, logger, isRepairing });
  }

  async read(after: Zxid, upTo: Zxid, maxBytes: number): Promise<AsyncIterable<readonly LoggedTxn[]> | undefined> {
    const cuts = this.#cuts;
    const host: LogReadingHost = {
      directory: this.#directory,
      maxEntryBytes: this.#options.maxEntryBytes,
      marks: this.#marks,
      durableBytesOf: (name) => {
        const file = this.#files.current;
        return name === file?.name ? file.durableBytes : undefined;
      },
      assertUncut: () => {
        if (this.#device === undefined) throw new Error('The log is not open');
        if (this.#cuts !== cuts) throw new Error('The log was cut while it was being read');
      },
    };
    host.assertUncut();
    return readLogs(host, after, upTo, maxBytes);
  }

  async truncate(zxid: Zxid): Promise<void> {
    await this.#cut(() => truncateLogs(this.#directory, zxid, this.#options));
  }

  async clear(): Promise<void> {
    await this.#cut(() => clearLogs(this.#directory, this.#options.logger));
  }

  async #cut(perform: () => Promise<void>): Promise<void> {
    if (this.#condition === 'dead') throw new Error('Cannot cut the log: a sync has failed');
    if (this.pendingBytes > 0) throw new Error(`Cannot cut the log: ${this.pendingBytes} bytes are pending`);
    await this.#settle();
    await this.#files.finish();
    this.roll();
    this.#endReadings();
    await this.#removals.run(perform);
  }

  /** What they have still to read is not there any more, or is another's. */
  #endReadings(): void {
    this.#cuts++;
    this.#marks.clear();
  }

  /** Syncs what is pending, unless the medium has given out, and closes the file. */
  async close(): Promise<void> {
    const device = this.#device;
    if (device === undefined) return;
    this.#isClosing = true;
    this.#requestSync();
    await this.#commitsEnded();
    await this.#probe?.stop();
    await (this.#condition === 'dead' ? this.#files.abandon() : this.#files.finish());
    this.#queue.drop();
    this.#device = undefined;
    this.#listener = undefined;
  }

  /** Waits for a commit in progress. */
  async #settle(): Promise<void> {
    if (this.#device === undefined) throw new Error('The log is not open');
    await this.#commitsEnded();
  }

  #commitsEnded(): Promise<void> {
    if (this.#committing === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Writes the oldest segment and begins its sync, if that is wanted. Runs inside {@link sync}, and reports nothing
   * before a turn. From here on a batch passes through callbacks, one promise each.
   */
  #commitNext(): void {
    const segment = this.#condition === 'sound' ? this.#queue.take() : undefined;
    this.#committing = segment;
    if (segment === undefined) {
      for (const wake of this.#waiting.splice(0)) wake();
      return;
    }
    try {
      if (segment.fileName !== undefined) this.#files.begin(this.#device!, segment.fileName);
      const writing = this.#files.current!.write(segment.pieces);
      if (writing === undefined) this.#beginSync();
      else writing.then(this.#beginSync, this.#onRefused);
    } catch (error) {
      void this.#onRefused(error as Error);
    }
  }

  readonly #beginSync = (): void => {
    const syncing = this.#options.forceSync ? this.#files.current!.sync() : Promise.resolve(0);
    syncing.then(this.#onSynced, this.#onSyncFailed);
  };

  /** The next sync comes first: it runs while the event loop is busy with what this one has made durable. */
  readonly #onSynced = (durationMs: number): void => {
    const segment = this.#committing!;
    const file = this.#files.current!;
    file.markSynced();
    if (this.#condition === 'dead') return this.#commitNext();
    this.#queue.settle(segment);
    const limitBytes = this.#options.txnLogSizeLimitBytes;
    // Other than `roll`, this restarts no counter: those say when the next snapshot is due.
    if (limitBytes > 0 && file.sizeBytes > limitBytes) this.#queue.beginFile();
    this.#commitNext();
    try {
      file.fillAhead();
      this.#syncTimes.addBatch(segment.entries);
      if (this.#options.forceSync) this.#recordSync(durationMs, segment.bytes, file.path);
      this.#listener?.onDurable(segment.lastHi, segment.lastLo);
    } catch (error) {
      this.#stopForGood(error as Error);
    }
  };

  readonly #onSyncFailed = (error: Error): void => {
    this.#stopForGood(error);
    this.#commitNext();
  };

  #recordSync(durationMs: number, bytes: number, file: string): void {
    if (!this.#syncTimes.add(durationMs)) return;
    this.#options.logger.warn({ durationMs, bytes, file }, 'syncing the log took long');
    this.#listener?.onSlowSync?.(durationMs, bytes);
  }

  readonly #onRefused = async (error: Error): Promise<void> => {
    this.#condition = 'failing';
    // The listener must not be called inside the call of sync that has brought us here.
    await Promise.resolve();
    try {
      // Only what the operating system refuses is the medium's doing.
      if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
      await this.#fail(error, this.#committing!);
    } catch (defect) {
      this.#stopForGood(defect as Error);
    }
    this.#commitNext();
  };

  /** A write was refused: back to the last durable entry, and wait for space. */
  async #fail(error: Error, segment: LogSegment): Promise<void> {
    this.#queue.refuse(segment);
    if (!(await this.#files.cutBack(this.#device!))) this.#queue.beginFile();
    this.#options.logger.error({ error, directory: this.#directory }, 'the log refuses writes: no entry is accepted');
    this.#listener?.onFailure(error);
    this.#startProbing();
  }

  #startProbing(): void {
    if (this.#isClosing) return;
    const { logger } = this.#options;
    const probe = () => this.#device!.probe(join(this.#directory, PROBE_FILE), PROBE_BYTES);
    const onSuccess = () => {
      this.#condition = 'sound';
      logger.warn({ directory: this.#directory }, 'the log accepts writes again');
      this.#listener?.onRecovered();
    };
    this.#probe = new LogProbe(probe, onSuccess, this.#options);
    this.#probe.start();
  }

  #stopForGood(error: Error): void {
    if (this.#condition === 'dead') return;
    this.#condition = 'dead';
    this.#options.logger.fatal({ error, directory: this.#directory }, 'the log cannot go on');
    this.#queue.drop();
    this.#listener?.onFatal(error);
  }
}
