import type {
  BatchStats,
  EntryVisitor,
  LoggedTxn,
  ReplayReport,
  SyncStats,
  TxnLog,
  TxnLogListener,
} from '@zk/contracts';
import { compare64, gapError, hex64, hiOf, int64, invariant, loOf, orderOf } from '@zk/model';
import type { Zxid } from '@zk/model';
import type { MemoryEntry, MemoryMedium } from './memory-medium.js';

/** As many as a file gives at a time, more or less. */
const BATCH_ENTRIES = 500;

const LOWEST = -(1n << 63n);

/** @throws CorruptionError when the entry does not follow the one before it; an entry without one may be any */
function assertNothingMissing({ hi, lo }: Place, before: Place | undefined): void {
  if (before === undefined || orderOf(hi, lo, before.hi, before.lo) !== 'gap') return;
  throw gapError('the log in memory', 0, hi, lo, before.hi, before.lo);
}

type Place = Pick<MemoryEntry, 'hi' | 'lo'>;

/**
 * The log as an array of entries and a mark: what lies below the mark is durable. A sync is nothing but the passing of
 * a turn, so that entries pile up behind it and form the next batch exactly as they do behind a real disk.
 */
export class MemoryLog implements TxnLog {
  readonly #medium: MemoryMedium;
  readonly #defer: (callback: () => void) => void;
  #listener: TxnLogListener | undefined;
  /** Counts lives: a deferred call of an earlier one finds another number and does nothing. */
  #life = 0;
  #isOpen = false;
  #isFailing = false;
  #isDead = false;
  #isSyncing = false;
  #isHeld = false;
  #heldSync: (() => void) | undefined;
  #onHeld: (() => void)[] = [];
  #nextSyncError: Error | undefined;
  #isWanted = false;
  #rollsNext = true;
  #entriesSinceRoll = 0;
  #bytesSinceRoll = 0;
  #pendingBytes = 0;
  #batchStats: BatchStats = { count: 0, sum: 0, min: 0, max: 0, median: NaN };
  /** How often the log has been cut: what was being read then ends. */
  #cuts = 0;
  #idle: (() => void)[] = [];

  constructor(medium: MemoryMedium, defer: (callback: () => void) => void) {
    this.#medium = medium;
    this.#defer = defer;
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
    const { count } = this.#batchStats;
    return {
      count,
      totalMs: 0,
      minMs: 0,
      maxMs: 0,
      medianMs: count === 0 ? NaN : 0,
      slow: 0,
      batches: this.#batchStats,
    };
  }

  open(): void {
    this.#life++;
    this.#cuts++;
    this.#isOpen = true;
    this.#listener = undefined;
    this.#isFailing = this.#isDead = this.#isSyncing = false;
    this.#isWanted = false;
    this.#pendingBytes = 0;
    this.roll();
  }

  /** Ends this life; what is not durable is gone unless it was synced before. */
  stop(): void {
    this.#isOpen = false;
    this.#life++;
    this.#isSyncing = false;
    this.#heldSync = undefined;
    this.#medium.cutTo(this.#medium.durableCount);
    this.#wakeIdle();
  }

  /** Ends this life as {@link stop} does, with so many of the entries that are not durable. */
  crash(keeps: (entries: number) => number): void {
    const { entries, durableCount } = this.#medium;
    if (this.#isOpen) this.#medium.durableCount += keeps(entries.length - durableCount);
    this.stop();
  }

  listen(listener: TxnLogListener): void {
    this.#listener = listener;
  }

  async replay(after: Zxid, visit: EntryVisitor): Promise<ReplayReport> {
    this.#assertOpen();
    const { entries, durableCount } = this.#medium;
    const afterHi = hiOf(after);
    const afterLo = loOf(after);
    let visited = 0;
    let before = after === LOWEST ? undefined : { hi: afterHi, lo: afterLo };
    for (let i = 0; i < durableCount; i++) {
      const entry = entries[i]!;
      const { hi, lo, bytes } = entry;
      if (compare64(hi, lo, afterHi, afterLo) <= 0) continue;
      assertNothingMissing(entry, before);
      before = entry;
      visit(hi, lo, bytes, 0, bytes.length);
      visited++;
    }
    const last = entries[durableCount - 1];
    return Promise.resolve({
      entries: visited,
      lastZxid: last === undefined ? undefined : int64(last.hi, last.lo),
      torn: undefined,
    });
  }

  async read(after: Zxid, upTo: Zxid, maxBytes: number): Promise<AsyncIterable<readonly LoggedTxn[]> | undefined> {
    this.#assertOpen();
    const entries = this.#medium.entries.slice(0, this.#medium.durableCount);
    const first = entries.findLastIndex(({ hi, lo }) => int64(hi, lo) <= after);
    const wanted = entries.slice(Math.max(0, first)).filter(({ hi, lo }, i) => i === 0 || int64(hi, lo) <= upTo);
    const sizeBytes = wanted.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return Promise.resolve(first === -1 || sizeBytes > maxBytes ? undefined : this.#batches(wanted, this.#cuts));
  }

  async *#batches(entries: readonly MemoryEntry[], cuts: number): AsyncGenerator<readonly LoggedTxn[]> {
    for (let at = 0; at < entries.length; at += BATCH_ENTRIES) {
      await Promise.resolve();
      this.#assertOpen();
      if (this.#cuts !== cuts) throw new Error('The log was cut while it was being read');
      const batch = entries.slice(at, at + BATCH_ENTRIES);
      batch.forEach((entry, i) => assertNothingMissing(entry, entries[at + i - 1]));
      yield batch.map(({ hi, lo, bytes }) => ({ zxid: int64(hi, lo), txn: bytes.slice() }));
    }
  }

  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void {
    this.#assertOpen();
    if (this.#isFailing || this.#isDead) return;
    const copy = bytes.slice(start, end);
    this.#medium.entries.push({ hi: zxidHi, lo: zxidLo, bytes: copy, beginsFile: this.#rollsNext });
    this.#rollsNext = false;
    this.#entriesSinceRoll++;
    this.#bytesSinceRoll += copy.length;
    this.#pendingBytes += copy.length;
  }

  sync(): void {
    this.#assertOpen();
    if (this.#isFailing || this.#isDead) return;
    this.#isWanted = true;
    this.#begin();
  }

  roll(): void {
    this.#rollsNext = true;
    this.#entriesSinceRoll = 0;
    this.#bytesSinceRoll = 0;
  }

  async truncate(zxid: Zxid): Promise<void> {
    this.#assertOpen();
    const { entries } = this.#medium;
    const last = entries.findLastIndex((entry) => int64(entry.hi, entry.lo) === zxid);
    if (last === -1) throw new Error(`zxid 0x${hex64(zxid)} is not in the log`);
    this.#cutTo(last + 1);
    return Promise.resolve();
  }

  async clear(): Promise<void> {
    this.#assertOpen();
    this.#cutTo(0);
    return Promise.resolve();
  }

  #cutTo(count: number): void {
    if (this.#pendingBytes > 0) throw new Error(`Cannot cut the log: ${this.#pendingBytes} bytes are pending`);
    this.#cuts++;
    this.#medium.cutTo(count);
    this.roll();
  }

  /** Resolves when nothing is pending, or nothing can become durable any more. */
  async drain(): Promise<void> {
    while (this.#isOpen && !this.#isFailing && !this.#isDead) {
      this.sync();
      if (!this.#isSyncing) return;
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  holdSyncs(): void {
    this.#isHeld = true;
  }

  /** Resolves when a sync is being held. */
  heldSync(): Promise<void> {
    if (this.#heldSync !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#onHeld.push(resolve));
  }

  releaseSyncs(): void {
    this.#isHeld = false;
    const finish = this.#heldSync;
    this.#heldSync = undefined;
    finish?.();
  }

  failNextSync(error: Error): void {
    this.#nextSyncError = error;
  }

  /** The medium takes writes again: the probe of a failing log notices. */
  probe(): void {
    if (!this.#isFailing) return;
    this.#later(() => {
      if (!this.#isFailing || this.#medium.writeError !== undefined) return;
      this.#isFailing = false;
      this.#listener?.onRecovered();
    });
  }

  #begin(): void {
    if (this.#isSyncing || !this.#isWanted) return;
    this.#isWanted = false;
    const { entries, durableCount } = this.#medium;
    const last = entries[entries.length - 1];
    if (last === undefined || entries.length === durableCount) return;
    this.#isSyncing = true;
    this.#later(() => {
      if (this.#medium.writeError !== undefined) this.#fail(this.#medium.writeError);
      else if (this.#isHeld) this.#hold(() => this.#finish(last));
      else this.#finish(last);
    });
  }

  #hold(finish: () => void): void {
    this.#heldSync = finish;
    for (const wake of this.#onHeld.splice(0)) wake();
  }

  #finish(last: MemoryEntry): void {
    const error = this.#nextSyncError;
    this.#nextSyncError = undefined;
    this.#isSyncing = false;
    if (error !== undefined) {
      this.#isDead = true;
      this.#listener?.onFatal(error);
      this.#wakeIdle();
      return;
    }
    const { entries } = this.#medium;
    // By identity: purging may have moved it.
    const target = entries.lastIndexOf(last) + 1;
    invariant(target > this.#medium.durableCount, 'nothing that is being synced has been cut');
    for (let i = this.#medium.durableCount; i < target; i++) this.#pendingBytes -= entries[i]!.bytes.length;
    this.#noteBatch(target - this.#medium.durableCount);
    this.#medium.durableCount = target;
    this.#listener?.onDurable(last.hi, last.lo);
    if (this.#isOpen) this.#begin();
    this.#wakeIdle();
  }

  /** Of the latest batches, whose median is told, it keeps one. */
  #noteBatch(entries: number): void {
    const { count, sum, min, max } = this.#batchStats;
    this.#batchStats = {
      count: count + 1,
      sum: sum + entries,
      min: count === 0 ? entries : Math.min(min, entries),
      max: Math.max(max, entries),
      median: entries,
    };
  }

  #fail(error: Error): void {
    this.#isSyncing = false;
    this.#isFailing = true;
    this.#medium.cutTo(this.#medium.durableCount);
    this.#isWanted = false;
    this.#pendingBytes = 0;
    this.#listener?.onFailure(error);
    this.#wakeIdle();
  }

  #later(callback: () => void): void {
    const life = this.#life;
    this.#defer(() => {
      if (life === this.#life) callback();
    });
  }

  #wakeIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const wake of waiting) wake();
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new Error('The storage is not open');
  }
}
