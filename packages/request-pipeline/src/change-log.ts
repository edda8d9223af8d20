import type { PreparedChanges } from '@zk/data-tree';
import type { ChangeRecord } from './change-record.js';

const INITIAL_CAPACITY = 1024;
/** What a ring of more slots holds on to, records that nobody needs any more, is let go when it is empty. */
const KEPT_CAPACITY = 16_384;

/**
 * The changes of all transactions on their way, oldest first: which record each one changed, and the CRC-32s that it
 * led to. A transaction owns a run of it. The tree reads the run when it applies the transaction, and so need not
 * search for znodes nor compute checksums a second time. A ring that grows.
 */
export class ChangeLog implements PreparedChanges {
  /** Of the change that {@link next} gave last. */
  crc = 0;
  crcPathData = 0;

  private records: ChangeRecord[] = new Array<ChangeRecord>(INITIAL_CAPACITY);
  private crcs = new Int32Array(2 * INITIAL_CAPACITY);
  private head = 0;
  private tail = 0;
  private at = 0;

  get length(): number {
    return this.tail - this.head;
  }

  push(record: ChangeRecord): void {
    if (this.length === this.records.length) this.grow();
    this.records[this.tail++ & (this.records.length - 1)] = record;
  }

  /** Notes what the newest change has led to. */
  setCrcs(crc: number, crcPathData: number): void {
    const slot = ((this.tail - 1) & (this.records.length - 1)) * 2;
    this.crcs[slot] = crc;
    this.crcs[slot + 1] = crcPathData;
  }

  /** Takes the newest change back. */
  pop(): ChangeRecord {
    return this.records[--this.tail & (this.records.length - 1)]!;
  }

  /** Goes to the oldest change, for {@link next}. */
  rewind(): void {
    this.at = this.head;
  }

  next(): ChangeRecord {
    const slot = this.at++ & (this.records.length - 1);
    this.crc = this.crcs[slot * 2]!;
    this.crcPathData = this.crcs[slot * 2 + 1]!;
    return this.records[slot]!;
  }

  /** Forgets the oldest change. */
  shift(): ChangeRecord {
    const record = this.records[this.head++ & (this.records.length - 1)]!;
    if (this.head === this.tail) this.clear();
    return record;
  }

  clear(): void {
    this.head = this.tail = this.at = 0;
    if (this.records.length <= KEPT_CAPACITY) return;
    this.records = new Array<ChangeRecord>(INITIAL_CAPACITY);
    this.crcs = new Int32Array(2 * INITIAL_CAPACITY);
  }

  private grow(): void {
    const { records, crcs, head, length } = this;
    const mask = records.length - 1;
    const larger = new Array<ChangeRecord>(records.length * 2);
    const largerCrcs = new Int32Array(crcs.length * 2);
    for (let i = 0; i < length; i++) {
      const from = (head + i) & mask;
      larger[i] = records[from]!;
      largerCrcs[2 * i] = crcs[2 * from]!;
      largerCrcs[2 * i + 1] = crcs[2 * from + 1]!;
    }
    this.records = larger;
    this.crcs = largerCrcs;
    this.at -= head;
    this.head = 0;
    this.tail = length;
  }
}
