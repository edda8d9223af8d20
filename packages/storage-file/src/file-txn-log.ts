import { join } from 'node:path';
import type { EntryVisitor, LoggedTxn, ReplayReport, SyncStats, TxnLog, TxnLogListener } from '@zk/contracts';
import { readInt32 } from '@zk/jute';
import { hexOf, invariant } from '@zk/model';
import type { Zxid } from '@zk/model';
import { ActiveLogFile } from './active-log-file.js';
import { ENTRY_FRAME_BYTES, FILE_HEADER_BYTES, TXN_HEADER_BYTES, ZXID_OFFSET } from './file-format.js';
import type { LogDevice } from './log-device.js';
import { LogProbe } from './log-probe.js';
import { type LogPlace, type LogReadingHost, readLogs } from './log-reading.js';
import { clearLogs, replayLogs, truncateLogs } from './log-recovery.js';
import { LogSegment, PiecePool } from './log-segment.js';
import type { ResolvedOptions } from './options.js';

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
  #device: LogDevice | undefined;
  #listener: TxnLogListener | undefined;
  #pool = new PiecePool();
  /** Oldest first; the last one is being collected. A segment in progress has left the queue. */
  #queue: LogSegment[] = [];
  #collecting: LogSegment | undefined;
  #file: ActiveLogFile | undefined;
  /** Rolled files on their way to being closed. */
  #finishing: Promise<void> = Promise.resolve();
  /** The segment that is being written and synced. */
  #committing: LogSegment | undefined;
  /** Who waits for the commits in progress to end. */
  #waiting: (() => void)[] = [];
  #condition: 'sound' | 'failing' | 'dead' = 'sound';
  #isClosing = false;
  #rollsNext = true;
  #entriesSinceRoll = 0;
  #bytesSinceRoll = 0;
  #pendingBytes = 0;
  #probe: LogProbe | undefined;
  /** How often the log has been cut: what was being read then ends. */
  #cuts = 0;
  readonly #marks = new Map<string, LogPlace>();
  #syncCount = 0;
  #syncTotalMs = 0;
  #syncMinMs = 0;
  #syncMaxMs = 0;
  #slowSyncs = 0;

  constructor(directory: string, options: ResolvedOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  get entriesSinceRoll(): number {
    return this.#entriesSinceRoll;
  }

  get bytesSinceRoll(): number {
    return this.#bytesSinceRoll;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get syncStats(): SyncStats {
    return {
      count: this.#syncCount,
      totalMs: this.#syncTotalMs,
      minMs: this.#syncMinMs,
      maxMs: this.#syncMaxMs,
      slow: this.#slowSyncs,
    };
  }

  open(device: LogDevice): void {
    this.#device = device;
    this.#listener = undefined;
    this.#condition = 'sound';
    this.#isClosing = false;
    this.#dropQueue();
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
    const segment = this.#collecting ?? this.#beginSegment(zxidHi, zxidLo);
    segment.append(zxidHi, zxidLo, bytes, start, end);
    const size = end - start + ENTRY_FRAME_BYTES;
    this.#entriesSinceRoll++;
    this.#bytesSinceRoll += size;
    this.#pendingBytes += size;
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

  #beginSegment(zxidHi: number, zxidLo: number): LogSegment {
    const segment = new LogSegment(this.#pool, this.#rollsNext ? `log.${hexOf(zxidHi, zxidLo)}` : undefined);
    this.#rollsNext = false;
    this.#collecting = segment;
    this.#queue.push(segment);
    return segment;
  }

  sync(): void {
    if (this.#device === undefined || this.#isClosing) throw new Error('The log is not open');
    this.#requestSync();
  }

  #requestSync(): void {
    if (this.#condition !== 'sound' || this.#queue.length === 0) return;
    for (const segment of this.#queue) segment.isWanted = true;
    if (this.#committing === undefined) this.#commitNext();
  }

  roll(): void {
    this.#collecting = undefined;
    this.#rollsNext = true;
    this.#entriesSinceRoll = 0;
    this.#bytesSinceRoll = 0;
  }

  async replay(after: Zxid, visit: EntryVisitor): Promise<ReplayReport> {
    await this.#settle();
    const { maxEntryBytes, logger } = this.#options;
    return replayLogs(this.#directory, after, visit, { maxEntryBytes, logger, isRepairing: this.#file === undefined });
  }

  async read(after: Zxid, upTo: Zxid, maxBytes: number): Promise<AsyncIterable<readonly LoggedTxn[]> | undefined> {
    const cuts = this.#cuts;
    const host: LogReadingHost = {
      directory: this.#directory,
      maxEntryBytes: this.#options.maxEntryBytes,
      marks: this.#marks,
      durableBytesOf: (name) => (name === this.#file?.name ? this.#file.durableBytes : undefined),
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
    if (this.#pendingBytes > 0) throw new Error(`Cannot cut the log: ${this.#pendingBytes} bytes are pending`);
    await this.#settle();
    await this.#finishFile();
    await this.#finishing;
    this.roll();
    this.#endReadings();
    await perform();
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
    await this.#finishFile();
    await this.#finishing;
    this.#dropQueue();
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
    const segment = this.#condition === 'sound' ? this.#queue[0] : undefined;
    if (segment?.isWanted !== true) {
      this.#committing = undefined;
      for (const wake of this.#waiting.splice(0)) wake();
      return;
    }
    this.#committing = segment;
    this.#queue.shift();
    if (this.#collecting === segment) this.#collecting = undefined;
    try {
      if (segment.fileName !== undefined) this.#beginFile(segment.fileName);
      const writing = this.#file!.write(segment.pieces);
      if (writing === undefined) this.#beginSync();
      else writing.then(this.#beginSync, this.#onRefused);
    } catch (error) {
      void this.#onRefused(error as Error);
    }
  }

  readonly #beginSync = (): void => {
    const syncing = this.#options.forceSync ? this.#file!.sync() : Promise.resolve(0);
    syncing.then(this.#onSynced, this.#onSyncFailed);
  };

  /** The next sync comes first: it runs while the event loop is busy with what this one has made durable. */
  readonly #onSynced = (durationMs: number): void => {
    const segment = this.#committing!;
    const file = this.#file!;
    file.markSynced();
    this.#pool.give(segment.pieces);
    if (this.#condition === 'dead') return this.#commitNext();
    this.#pendingBytes -= entryBytesOf(segment);
    const limitBytes = this.#options.txnLogSizeLimitBytes;
    if (limitBytes > 0 && file.sizeBytes > limitBytes) this.#rollForSize();
    this.#commitNext();
    try {
      file.fillAhead();
      if (this.#options.forceSync) this.#recordSync(durationMs, segment.bytes, file);
      this.#listener?.onDurable(segment.lastHi, segment.lastLo);
    } catch (error) {
      this.#stopForGood(error as Error);
    }
  };

  readonly #onSyncFailed = (error: Error): void => {
    this.#stopForGood(error);
    this.#commitNext();
  };

  /** Other than {@link roll}, it restarts no counter: those say when the next snapshot is due. */
  #rollForSize(): void {
    // What has been collected meanwhile belongs to the file that has just grown too large, and may go there.
    if (this.#queue.some((segment) => segment.fileName !== undefined)) return;
    this.#collecting = undefined;
    this.#rollsNext = true;
  }

  #beginFile(name: string): void {
    const before = this.#file;
    this.#file = undefined;
    if (before !== undefined) this.#finishInBackground(before);
    this.#file = new ActiveLogFile(this.#device!, join(this.#directory, name), this.#options.preAllocBytes);
  }

  #finishInBackground(file: ActiveLogFile): void {
    // All of it is durable; only its padding is at stake.
    const finished = file.finish().catch((error: unknown) => {
      this.#options.logger.warn({ file: file.path, error }, 'could not cut the padding of a rolled log file');
    });
    this.#finishing = Promise.all([this.#finishing, finished]).then(() => undefined);
  }

  async #finishFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    if (this.#condition === 'dead') await file.abandon();
    else this.#finishInBackground(file);
    this.#rollsNext = true;
    this.#collecting = undefined;
  }

  #recordSync(durationMs: number, bytes: number, file: ActiveLogFile): void {
    if (this.#syncCount === 0 || durationMs < this.#syncMinMs) this.#syncMinMs = durationMs;
    this.#syncCount++;
    this.#syncTotalMs += durationMs;
    if (durationMs > this.#syncMaxMs) this.#syncMaxMs = durationMs;
    if (durationMs <= this.#options.fsyncWarningThresholdMs) return;
    this.#slowSyncs++;
    this.#options.logger.warn({ durationMs, bytes, file: file.path }, 'syncing the log took long');
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
    for (const dropped of [segment, ...this.#queue]) {
      this.#entriesSinceRoll = Math.max(0, this.#entriesSinceRoll - dropped.entries);
      this.#bytesSinceRoll = Math.max(0, this.#bytesSinceRoll - entryBytesOf(dropped));
      if (dropped.fileName !== undefined) this.#rollsNext = true;
    }
    this.#dropQueue();
    const file = this.#file;
    if (file === undefined) {
      // The file could not be created, or what was there before it is whole and on its way to being closed.
      this.#rollsNext = true;
    } else if (file.durableBytes === 0) {
      this.#rollsNext = true;
      try {
        await file.abandon();
        await this.#device!.remove(file.path);
      } finally {
        this.#file = undefined;
      }
    } else {
      await file.cutBack();
    }
    this.#options.logger.error({ error, directory: this.#directory }, 'the log refuses writes: no entry is accepted');
    this.#listener?.onFailure(error);
    this.#startProbing();
  }

  #startProbing(): void {
    if (this.#isClosing) return;
    const { firstProbeDelayMs, logger } = this.#options;
    const probe = () => this.#device!.probe(join(this.#directory, PROBE_FILE), PROBE_BYTES);
    const onSuccess = () => {
      this.#condition = 'sound';
      logger.warn({ directory: this.#directory }, 'the log accepts writes again');
      this.#listener?.onRecovered();
    };
    this.#probe = new LogProbe(probe, onSuccess, firstProbeDelayMs, logger);
    this.#probe.start();
  }

  #stopForGood(error: Error): void {
    if (this.#condition === 'dead') return;
    this.#condition = 'dead';
    this.#options.logger.fatal({ error, directory: this.#directory }, 'the log cannot go on');
    this.#dropQueue();
    this.#listener?.onFatal(error);
  }

  #dropQueue(): void {
    for (const segment of this.#queue) this.#pool.give(segment.pieces);
    this.#queue = [];
    this.#collecting = undefined;
    this.#pendingBytes = 0;
  }
}

/** Without the header of a file that it may begin. */
function entryBytesOf(segment: LogSegment): number {
  return segment.bytes - (segment.fileName === undefined ? 0 : FILE_HEADER_BYTES);
}
