import { copyBytes } from '@zk/jute';
import type { Zxid } from '@zk/model';
import { type LogEntry, follows } from './log-entry.js';

const FIRST_ENTRIES = 64;
const FIRST_BYTES = 8 << 10;
/** A block ends there even when it has few transactions; the log on disk has the others. */
const MAX_BLOCK_BYTES = 16 << 20;

/** Transactions one behind the other, as bytes. */
class Block {
  count = 0;
  sizeBytes = 0;
  private zxids = new BigInt64Array(FIRST_ENTRIES);
  private ends = new Int32Array(FIRST_ENTRIES);
  private bytes = new Uint8Array(FIRST_BYTES);

  zxidAt(index: number): Zxid {
    return this.zxids[index]!;
  }

  at(index: number): LogEntry {
    const start = index === 0 ? 0 : this.ends[index - 1]!;
    return { zxid: this.zxids[index]!, txn: this.bytes.slice(start, this.ends[index]) };
  }

  add({ zxid, txn }: LogEntry): void {
    this.makeRoom(txn.length);
    this.sizeBytes = copyBytes(txn, 0, txn.length, this.bytes, this.sizeBytes);
    this.zxids[this.count] = zxid;
    this.ends[this.count++] = this.sizeBytes;
  }

  clear(): void {
    this.count = this.sizeBytes = 0;
  }

  private makeRoom(lengthBytes: number): void {
    if (this.count === this.zxids.length) {
      this.zxids = grown(new BigInt64Array(2 * this.count), this.zxids);
      this.ends = grown(new Int32Array(2 * this.count), this.ends);
    }
    const needed = this.sizeBytes + lengthBytes;
    if (needed > this.bytes.length) {
      this.bytes = grown(new Uint8Array(Math.max(needed, 2 * this.bytes.length)), this.bytes);
    }
  }
}

function grown<T extends { set(from: T): void }>(larger: T, smaller: T): T {
  larger.set(smaller);
  return larger;
}

/**
 * The last transactions that were applied, for learners that missed only a few: at least `limit` of them, unless they are
 * very large. They are kept as copies in two blocks of bytes, of which the older is overwritten when the newer is full. As
 * objects they would all live just long enough to be moved by every collection of the young generation.
 */
export class RecentEntries {
  private older = new Block();
  private newer = new Block();

  constructor(private readonly limit: number) {}

  get length(): number {
    return this.older.count + this.newer.count;
  }

  get first(): LogEntry | undefined {
    return this.length === 0 ? undefined : this.at(0);
  }

  get last(): LogEntry | undefined {
    return this.length === 0 ? undefined : this.at(this.length - 1);
  }

  /** Entry by position, 0 is the first. A copy. */
  at(index: number): LogEntry {
    const { older, newer } = this;
    return index < older.count ? older.at(index) : newer.at(index - older.count);
  }

  add(entry: LogEntry): void {
    const { length } = this;
    // What does not follow would make a hole in a later DIFF: forget what was before it.
    if (length > 0 && !follows(this.zxidAt(length - 1), entry.zxid)) this.clear();
    if (this.newer.count >= this.limit || this.newer.sizeBytes >= MAX_BLOCK_BYTES) this.turn();
    this.newer.add(entry);
  }

  reset(entries: readonly LogEntry[]): void {
    this.clear();
    for (const entry of entries) this.add(entry);
  }

  /** Position of the first entry with this zxid or a greater one; `length` when there is none. */
  indexFrom(zxid: Zxid): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.zxidAt(middle) < zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private zxidAt(index: number): Zxid {
    const { older, newer } = this;
    return index < older.count ? older.zxidAt(index) : newer.zxidAt(index - older.count);
  }

  private turn(): void {
    [this.older, this.newer] = [this.newer, this.older];
    this.newer.clear();
  }

  private clear(): void {
    this.older.clear();
    this.newer.clear();
  }
}
