import { copyBytes, equalBytes } from '@zk/jute';
import { ChangeLog } from './change-log.js';
import { ChangeRecord } from './change-record.js';

/** As long as nothing is on its way, and more by the factor when there are so many records in each. */
const BUCKETS = 8192;
const MAX_LOAD = 2;
const GROWTH = 4;
const MAX_SPARE = 16384;
const MAX_SPARE_PATH_BYTES = 1024;
/** Saved records that are kept from one multi to the next. */
const MAX_SAVED = 1024;

/**
 * The changes that were validated and are not applied yet, keyed by path, over the committed tree. Validation looks
 * here first, so that a request sees every request before it, although none of them may be durable. When leadership
 * or the log is lost the overlay is dropped as a block and the tree is what it was.
 *
 * Records are pooled: validation allocates nothing in the long run.
 */
export class Overlay {
  private buckets = emptyBuckets(BUCKETS);
  private readonly spare: ChangeRecord[] = [];
  /** What transactions changed, in their order. */
  readonly log = new ChangeLog();
  private savedCount = 0;
  private changesBefore = 0;
  private readonly saved: { record: ChangeRecord; before: ChangeRecord }[] = [];
  private isSaving = false;
  /** Counts multis. */
  private multi = 0;
  private size = 0;

  /** Records that some transaction on its way made an ephemeral; others have undone it perhaps. */
  readonly ephemerals = new Set<ChangeRecord>();

  get count(): number {
    return this.size;
  }

  /** A touched record becomes an ephemeral: its session may be closed before it is applied. */
  noteEphemeral(record: ChangeRecord): void {
    record.isNoted = true;
    this.ephemerals.add(record);
  }

  find(hash: number, path: Uint8Array, start: number, end: number): ChangeRecord | null {
    if (this.size === 0) return null;
    let record: ChangeRecord | null = this.buckets[hash & (this.buckets.length - 1)]!;
    while (record !== null) {
      if (record.hash === hash && equalBytes(record.path, 0, record.pathLength, path, start, end)) return record;
      record = record.next;
    }
    return null;
  }

  /** A record for a path that has none, with undefined contents: the caller fills it and then calls {@link touch}. */
  add(hash: number, path: Uint8Array, start: number, end: number): ChangeRecord {
    if (this.size >= MAX_LOAD * this.buckets.length) this.grow();
    const record = this.spare.pop() ?? new ChangeRecord();
    const length = end - start;
    if (record.path.length < length) record.path = new Uint8Array(length * 2);
    copyBytes(path, start, end, record.path, 0);
    record.pathLength = length;
    record.hash = hash;
    record.pending = 0;
    record.aclEntries = null;
    this.insert(record);
    this.size++;
    return record;
  }

  /** Forgets a record that nobody changed: it was only looked at. */
  discardUnchanged(record: ChangeRecord | null): void {
    if (record !== null && record.pending === 0) this.remove(record);
  }

  /** Notes that the transaction being validated changes this record. Call before changing it. */
  touch(record: ChangeRecord): void {
    // A record that nobody else has changed needs no saving: it goes with the changes that are taken back.
    if (this.isSaving && record.pending > 0 && record.savedFor !== this.multi) this.save(record);
    record.pending++;
    this.log.push(record);
  }

  /** Changes noted so far and not yet released; the difference of two readings is what one transaction owns. */
  get changes(): number {
    return this.log.length;
  }

  /** The oldest transaction, which owned `count` changes, was applied or dropped. */
  release(count: number): void {
    for (let i = 0; i < count; i++) {
      const record = this.log.shift();
      if (--record.pending === 0) this.remove(record);
    }
  }

  /** From now on remembers how to undo, for {@link rollback}: a multi may fail half-way. */
  begin(): void {
    this.isSaving = true;
    this.multi++;
    this.savedCount = 0;
    if (this.saved.length > MAX_SAVED) this.saved.length = MAX_SAVED;
    this.changesBefore = this.log.length;
  }

  /** Keeps the changes since {@link begin}. */
  keep(): void {
    this.isSaving = false;
  }

  /** Undoes the changes since {@link begin}. */
  rollback(): void {
    this.isSaving = false;
    for (let i = 0; i < this.savedCount; i++) {
      const { record, before } = this.saved[i]!;
      record.copyFrom(before);
    }
    while (this.log.length > this.changesBefore) {
      const record = this.log.pop();
      if (--record.pending === 0) this.remove(record);
    }
  }

  /** Drops everything. */
  clear(): void {
    this.buckets = emptyBuckets(BUCKETS);
    this.ephemerals.clear();
    this.log.clear();
    this.size = 0;
    this.isSaving = false;
  }

  private save(record: ChangeRecord): void {
    let slot = this.saved[this.savedCount];
    if (slot === undefined) {
      slot = { record, before: new ChangeRecord() };
      this.saved.push(slot);
    }
    slot.record = record;
    slot.before.copyFrom(record);
    record.savedFor = this.multi;
    this.savedCount++;
  }

  private insert(record: ChangeRecord): void {
    const bucket = record.hash & (this.buckets.length - 1);
    record.next = this.buckets[bucket]!;
    this.buckets[bucket] = record;
  }

  private grow(): void {
    const before = this.buckets;
    this.buckets = emptyBuckets(before.length * GROWTH);
    for (let record of before) {
      while (record !== null) {
        const { next } = record;
        this.insert(record);
        record = next;
      }
    }
  }

  private remove(record: ChangeRecord): void {
    const bucket = record.hash & (this.buckets.length - 1);
    let previous: ChangeRecord | null = null;
    let current: ChangeRecord | null = this.buckets[bucket]!;
    while (current !== null && current !== record) {
      previous = current;
      current = current.next;
    }
    if (current === null) return;
    if (previous === null) this.buckets[bucket] = record.next;
    else previous.next = record.next;
    record.next = null;
    record.aclEntries = null;
    if (record.isNoted) {
      record.isNoted = false;
      this.ephemerals.delete(record);
    }
    this.size--;
    if (this.size === 0 && this.buckets.length > BUCKETS) this.buckets = emptyBuckets(BUCKETS);
    if (this.spare.length < MAX_SPARE && record.path.length <= MAX_SPARE_PATH_BYTES) this.spare.push(record);
  }
}

function emptyBuckets(count: number): (ChangeRecord | null)[] {
  return new Array<ChangeRecord | null>(count).fill(null);
}
