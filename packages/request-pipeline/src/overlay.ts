import type { Acl } from '@zk/model';
import { type DataTree, type PreparedZnode, RECORD_WORDS } from '@zk/data-tree';
import { copyBytes, equalBytes } from '@zk/jute';
import { ChangeLog } from './change-log.js';

/**
 * The changes that were validated and are not applied yet, keyed by path, over the committed tree. Validation looks
 * here first, so that a request sees every request before it, although none of them may be durable. When leadership
 * or the log is lost the overlay is dropped as a block and the tree is what it was.
 *
 * A record copies the fields of the znode in the tree (same layout), so versions and the digest are predicted with the
 * code that the tree itself uses. Records are pooled: validation allocates nothing in the long run.
 */
export class ChangeRecord implements PreparedZnode {
  path: Uint8Array = new Uint8Array(64);
  pathLength = 0;
  hash = 0;
  /** The znode as committed, which the tree keeps up to date while it applies what is on its way; see PreparedZnode. */
  node = -1;
  strays = -1;
  exists = false;
  /** Whether the znode counts in the digest of the tree: not below /zookeeper/, and not at all without digests. */
  isCounted = false;
  /** The words of the znode as they will be. */
  readonly words = new Int32Array(RECORD_WORDS);
  /** Key of the ACL in the tree, unless {@link aclEntries} holds a list that no committed znode has yet. */
  aclKey = -1;
  aclEntries: readonly Acl[] | null = null;
  aclWorldPerms = 0;
  /** Data bytes, 0 for null. */
  dataLength = 0;
  childCount = 0;
  /** Transactions that changed it and are not applied yet. */
  pending = 0;
  next: ChangeRecord | null = null;
  /** Whether it is among {@link Overlay.ephemerals}. */
  isNoted = false;
  /** The multi for which its contents were saved last. */
  savedFor = 0;

  copyFrom(other: ChangeRecord): void {
    this.exists = other.exists;
    const { words } = this;
    const from = other.words;
    // A loop: for so few words `set` takes longer.
    for (let i = 0; i < RECORD_WORDS; i++) words[i] = from[i]!;
    this.aclKey = other.aclKey;
    this.aclEntries = other.aclEntries;
    this.aclWorldPerms = other.aclWorldPerms;
    this.dataLength = other.dataLength;
    this.childCount = other.childCount;
  }
}

const BUCKETS = 8192;
const MAX_SPARE = 16384;
const MAX_SPARE_PATH_BYTES = 1024;
/** Saved records that are kept from one multi to the next. */
const MAX_SAVED = 1024;

export class Overlay {
  private readonly buckets: (ChangeRecord | null)[] = new Array<ChangeRecord | null>(BUCKETS).fill(null);
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
    let record: ChangeRecord | null = this.buckets[hash & (BUCKETS - 1)]!;
    while (record !== null) {
      if (record.hash === hash && equalBytes(record.path, 0, record.pathLength, path, start, end)) return record;
      record = record.next;
    }
    return null;
  }

  /** A record for a path that has none, with undefined contents: the caller fills it and then calls {@link touch}. */
  add(hash: number, path: Uint8Array, start: number, end: number): ChangeRecord {
    const record = this.spare.pop() ?? new ChangeRecord();
    const length = end - start;
    if (record.path.length < length) record.path = new Uint8Array(length * 2);
    copyBytes(path, start, end, record.path, 0);
    record.pathLength = length;
    record.hash = hash;
    record.pending = 0;
    record.aclEntries = null;
    const bucket = hash & (BUCKETS - 1);
    record.next = this.buckets[bucket]!;
    this.buckets[bucket] = record;
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
    this.buckets.fill(null);
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

  private remove(record: ChangeRecord): void {
    const bucket = record.hash & (BUCKETS - 1);
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
    if (this.spare.length < MAX_SPARE && record.path.length <= MAX_SPARE_PATH_BYTES) this.spare.push(record);
  }
}

/** Fills a fresh record from a committed znode, or as absent when there is none. */
export function loadRecord(record: ChangeRecord, tree: DataTree, node: number): void {
  record.node = node;
  record.strays = tree.strays;
  if (node < 0) {
    record.exists = false;
    clearWords(record.words);
    record.aclKey = -1;
    record.aclWorldPerms = 0;
    record.dataLength = record.childCount = 0;
    return;
  }
  tree.copyFields(node, record.words);
  record.exists = true;
  record.aclKey = tree.aclKey(node);
  record.aclWorldPerms = tree.acls.worldPerms(record.aclKey);
  const length = tree.dataLength(node);
  record.dataLength = length > 0 ? length : 0;
  record.childCount = tree.childCount(node);
}

/** A loop: for so few words `fill` takes longer. */
export function clearWords(words: Int32Array): void {
  for (let i = 0; i < RECORD_WORDS; i++) words[i] = 0;
}
