import { type Zxid, counterOf } from '@zk/model';

/** One transaction: header, record and digest as bytes, encoded once by the leader and the same everywhere. */
export interface LogEntry {
  readonly zxid: Zxid;
  readonly txn: Uint8Array;
}

/** Whether a transaction may follow another: the next counter, or the first of a later epoch. */
export function follows(previous: Zxid, next: Zxid): boolean {
  return next === previous + 1n || (next > previous && counterOf(next) === 1);
}

/** A zxid that no transaction has: what a leader calls its state before its first transaction. */
export function isEpochStart(zxid: Zxid): boolean {
  return counterOf(zxid) === 0;
}

/** Signed 64-bit, as `epoch << 32`. */
export function epochStart(epoch: number): Zxid {
  return BigInt.asIntN(64, BigInt(epoch) << 32n);
}

/** First in, first out, without moving what is left. */
export class EntryQueue {
  private items: LogEntry[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): LogEntry | undefined {
    return this.items[this.head];
  }

  get last(): LogEntry | undefined {
    return this.length === 0 ? undefined : this.items[this.items.length - 1];
  }

  push(entry: LogEntry): void {
    this.items.push(entry);
  }

  shift(): LogEntry | undefined {
    const entry = this.items[this.head];
    if (entry === undefined) return undefined;
    this.head++;
    if (this.head > 64 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return entry;
  }

  /** Removes and returns the entry at a position. */
  take(index: number): LogEntry {
    return this.items.splice(this.head + index, 1)[0]!;
  }

  /** Drops everything with a greater zxid. */
  cutAfter(zxid: Zxid): void {
    while (this.length > 0 && this.items[this.items.length - 1]!.zxid > zxid) this.items.pop();
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  /** Entry by position, 0 is the first. */
  at(index: number): LogEntry {
    return this.items[this.head + index]!;
  }
}
