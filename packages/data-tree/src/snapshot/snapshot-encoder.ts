/**
 * A snapshot of a living tree, written in slices between requests (spec: disk format, section 4).
 *
 * The walk is depth-first and remembers one thing only: the znode that comes next. The tree moves that cursor on when
 * its znode is deleted, so it never names a znode that is gone, or one that took over its number. New znodes go to the
 * front of their parent's list of children, that is behind the walk as soon as it is inside the list; hence
 * - a znode that exists from the first slice to the last is met exactly once: the order of those that stay never
 *   changes;
 * - a parent is met before its children, and a znode whose parent was not met lies behind the walk and is not met
 *   either;
 * - no path is met twice, not even one that was deleted and created again.
 *
 * A znode is written as it is at that moment. What changes meanwhile may or may not be in the file: the log, applied
 * again from the zxid at the start, makes up for it.
 *
 * The ACL table is written first. A znode met later may carry a key given since; the transaction that gave it lies
 * behind the zxid of the snapshot, so applying it again gives the znode its list back.
 */
import type { Clock } from '@zk/contracts';
import { hiOf, int64, loOf } from '@zk/model';
import { copyBytes, writeInt32 } from '@zk/jute';
import type { DataTree } from '../data-tree.js';
import { NAME_LENGTH_MASK, Word, ZNODE_WORDS } from '../znodes/fields.js';
import { CHUNK_MASK, CHUNK_SHIFT } from '../znodes/record-chunks.js';
import type { TreeCursor } from '../znodes/znode-store.js';
import {
  DIGEST_VERSION,
  SNAPSHOT_DBID,
  SNAPSHOT_MAGIC,
  SNAPSHOT_VERSION,
  STREAM_SIGNATURE,
} from './snapshot-format.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const W = Word;

/** Where the bytes go; a SnapshotWriter is one. */
export interface SnapshotSink {
  /** Takes over `piece`, which owns its whole ArrayBuffer. */
  write(piece: Uint8Array<ArrayBuffer>): void;
  /** A piece that it has done with, of any size. */
  spare?(): Uint8Array<ArrayBuffer> | undefined;
  /** Appends a seal over everything so far. */
  seal(): void;
}

export interface SnapshotSession {
  readonly id: bigint;
  readonly timeoutMs: number;
}

export interface SnapshotEncoderOptions {
  /** `stream` is what a learner gets: no header, no seals, no sections behind the znodes, a signature at the end. */
  readonly form?: 'file' | 'stream';
  /** The section with the digest; default: whether the tree keeps one. */
  readonly withDigest?: boolean;
  /** The section with the last zxid, which servers before 3.9 do not write; default true. */
  readonly withLastZxid?: boolean;
}

const PIECE_BYTES = 128 << 10;
/** Bytes between two looks at the clock. */
const CLOCK_BYTES = 16 << 10;
/** Path length, data length, ACL key and Stat. */
const NODE_FIXED_BYTES = 4 + 4 + 8 + 60;
const SLASH = 0x2f;

export class SnapshotEncoder {
  /** The zxid the file is named after: everything up to it is in the snapshot. */
  readonly zxid: bigint;
  /** Znodes written so far. */
  nodeCount = 0;
  private readonly cursor: TreeCursor;
  private readonly isFile: boolean;
  private piece = new Uint8Array(PIECE_BYTES);
  private used = 0;
  /** For what does not fit into the rest of a piece. */
  private scratch = new Uint8Array(4096);
  private isDone = false;
  /** The parent of the znode written last, and its path with a slash behind; within one step only. */
  private parent = -1;
  private parentPath = new Uint8Array(256);
  private parentPathLength = 0;

  /** Sessions and ACLs are taken down here and now. */
  constructor(
    private readonly tree: DataTree,
    sessions: Iterable<SnapshotSession>,
    private readonly sink: SnapshotSink,
    private readonly options: SnapshotEncoderOptions = {},
  ) {
    this.zxid = int64(tree.lastZxidHi, tree.lastZxidLo);
    this.isFile = options.form !== 'stream';
    this.cursor = { next: tree.root };
    tree.cursors.push(this.cursor);
    if (this.isFile) {
      this.int32(SNAPSHOT_MAGIC);
      this.int32(SNAPSHOT_VERSION);
      this.int64(SNAPSHOT_DBID, SNAPSHOT_DBID);
    }
    this.encodeSessions([...sessions]);
    this.encodeAcls();
  }

  /**
   * Writes on for about `budgetMs` of monotonic time. What the sink throws comes through, and ends the snapshot.
   * @returns true when the snapshot is complete
   */
  step(budgetMs: number, clock: Clock): boolean {
    if (this.isDone) return true;
    try {
      if (!this.encodeUntil(clock.monotonicMs() + budgetMs, clock)) return false;
      this.finish();
      return true;
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  /** Stops hearing from the tree; for a snapshot that is given up. Idempotent. */
  cancel(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.tree.removeCursor(this.cursor);
  }

  private encodeUntil(deadlineMs: number, clock: Clock): boolean {
    this.parent = -1;
    let unseenBytes = 0;
    for (let id = this.cursor.next; id !== -1; id = this.cursor.next) {
      unseenBytes += this.encodeNode(id);
      this.cursor.next = this.tree.following(id, this.tree.root);
      if (unseenBytes < CLOCK_BYTES) continue;
      if (clock.monotonicMs() >= deadlineMs) return false;
      unseenBytes = 0;
    }
    return true;
  }

  private encodeSessions(sessions: readonly SnapshotSession[]): void {
    this.int32(sessions.length);
    for (const { id, timeoutMs } of sessions) {
      this.int64(hiOf(id), loOf(id));
      this.int32(timeoutMs);
    }
  }

  private encodeAcls(): void {
    const { acls } = this.tree;
    this.int32(acls.size);
    for (const key of acls.keys()) {
      this.int64(key < 0 ? -1 : 0, key);
      const bytes = acls.encoded(key);
      this.spill(bytes, bytes.length);
    }
  }

  /** Returns the bytes written. */
  private encodeNode(id: number): number {
    const tree = this.tree;
    const chunk = tree.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    const parent = chunk[at + W.parent]!;
    if (parent !== this.parent) this.enterParent(parent);
    const nameLength = chunk[at + W.flagsAndName]! & NAME_LENGTH_MASK;
    const dataLength = chunk[at + W.dataLength]!;
    const size = NODE_FIXED_BYTES + this.parentPathLength + nameLength + Math.max(0, dataLength);
    this.nodeCount++;
    if (this.used + size <= PIECE_BYTES) {
      this.writeNode(id, nameLength, dataLength, this.piece, this.used);
      this.used += size;
      if (this.used === PIECE_BYTES) this.flush();
    } else {
      if (this.scratch.length < size) this.scratch = new Uint8Array(size + (size >>> 2));
      this.writeNode(id, nameLength, dataLength, this.scratch, 0);
      this.spill(this.scratch, size);
    }
    return size;
  }

  private writeNode(id: number, nameLength: number, dataLength: number, out: Uint8Array, start: number): void {
    const slabs = this.tree.slabs;
    const chunk = this.tree.chunks[id >>> CHUNK_SHIFT]!;
    const record = (id & CHUNK_MASK) * ZNODE_WORDS;
    const ref = chunk[record + W.bytesRef]!;
    const bytes = slabs.bytes(ref);
    const nameAt = slabs.offset(ref);
    writeInt32(out, start, this.parentPathLength + nameLength);
    let at = copyBytes(this.parentPath, 0, this.parentPathLength, out, start + 4);
    at = copyBytes(bytes, nameAt, nameAt + nameLength, out, at);
    writeInt32(out, at, dataLength);
    at += 4;
    if (dataLength > 0) at = copyBytes(bytes, nameAt + nameLength, nameAt + nameLength + dataLength, out, at);
    const aclKey = chunk[record + W.aclKey]!;
    writeInt32(out, at, aclKey >> 31);
    writeInt32(out, at + 4, aclKey);
    this.tree.writePersistedStat(id, out, at + 8);
  }

  /** The root's path is empty, that of its children begins with a slash. */
  private enterParent(parent: number): void {
    this.parent = parent;
    this.parentPathLength = 0;
    if (parent === -1) return;
    const length = parent === this.tree.root ? 0 : this.tree.pathLength(parent);
    if (this.parentPath.length <= length) this.parentPath = new Uint8Array(length * 2);
    if (length > 0) this.tree.copyPath(parent, this.parentPath, 0);
    this.parentPath[length] = SLASH;
    this.parentPathLength = length + 1;
  }

  private finish(): void {
    this.cancel();
    const { tree, options } = this;
    this.int32(1);
    this.byte(SLASH);
    if (!this.isFile) {
      this.spill(STREAM_SIGNATURE, STREAM_SIGNATURE.length);
      this.flush();
      return;
    }
    this.seal();
    if (options.withDigest ?? tree.digestEnabled) {
      // Zeros while the digest is not that of a zxid.
      const isKnown = tree.hasDigestOfZxid;
      this.int64(isKnown ? tree.lastZxidHi : 0, isKnown ? tree.lastZxidLo : 0);
      this.int32(DIGEST_VERSION);
      this.int64(isKnown ? tree.digest.hi : 0, isKnown ? tree.digest.lo : 0);
      this.seal();
    }
    if (options.withLastZxid ?? true) {
      this.int64(tree.lastZxidHi, tree.lastZxidLo);
      this.seal();
    }
  }

  private seal(): void {
    this.flush();
    this.sink.seal();
  }

  private byte(value: number): void {
    this.piece[this.used++] = value;
    if (this.used === PIECE_BYTES) this.flush();
  }

  private int32(value: number): void {
    writeInt32(this.scratch, 0, value);
    this.spill(this.scratch, 4);
  }

  private int64(hi: number, lo: number): void {
    writeInt32(this.scratch, 0, hi);
    writeInt32(this.scratch, 4, lo);
    this.spill(this.scratch, 8);
  }

  /** Copies bytes to the piece in hand and as many further ones as they take. */
  private spill(bytes: Uint8Array, length: number): void {
    for (let from = 0; from < length;) {
      const to = Math.min(length, from + PIECE_BYTES - this.used);
      this.used = copyBytes(bytes, from, to, this.piece, this.used);
      from = to;
      if (this.used === PIECE_BYTES) this.flush();
    }
  }

  private flush(): void {
    if (this.used === 0) return;
    const piece = this.used === PIECE_BYTES ? this.piece : this.piece.slice(0, this.used);
    if (this.used === PIECE_BYTES) this.piece = this.nextPiece();
    this.used = 0;
    this.sink.write(piece);
  }

  /** Used ones first: thousands of buffers, each left to the garbage collector of a thread, leave the memory in shreds. */
  private nextPiece(): Uint8Array<ArrayBuffer> {
    const spare = this.sink.spare?.();
    return spare?.length === PIECE_BYTES ? spare : new Uint8Array(PIECE_BYTES);
  }
}
