/**
 * A tree from the bytes of a snapshot, in pieces of any size (spec: disk format, sections 4 and 4.1).
 *
 * Lenient where versions differ: the sections behind the first seal are told by what is left, not by configuration.
 * Strict where bytes are damaged: each seal is checked, and anything that cannot be read stops the load with the offset
 * at which it lies. Nothing is repaired by guessing.
 */
import { hiOf, int64, loOf } from '@zk/model';
import { readInt32 } from '@zk/jute';
import { OPEN_ACL_KEY } from '../acl-table.js';
import type { DataTreeOptions } from '../data-tree.js';
import { DataTree } from '../data-tree.js';
import type { DigestOfZxid } from '../digest-proof.js';
import {
  DIGEST_VERSION,
  HEADER_BYTES,
  NODE_TAIL_BYTES,
  SEAL_BYTES,
  SNAPSHOT_MAGIC,
  STREAM_SIGNATURE,
} from './snapshot-format.js';
import { SnapshotPosition } from './snapshot-position.js';
import { type SnapshotDigest, type SnapshotSections, readSections } from './snapshot-sections.js';

export interface SnapshotDecoderOptions {
  /** How the snapshot is called in messages. */
  readonly file?: string;
  /** From the name of the file; it overrides the zxid inside, since a snapshot is fuzzy beyond it. */
  readonly zxid?: bigint;
  readonly form?: 'file' | 'stream';
  readonly tree?: DataTreeOptions;
  /** Bytes of the whole snapshot, if known: loading is faster when the tree knows what to expect. */
  readonly sizeBytes?: number;
  /** A path, a value or an ACL longer than this is taken for damage. Default 256 MiB. */
  readonly maxLengthBytes?: number;
}

export interface DecodedSnapshot {
  readonly tree: DataTree;
  /** Timeouts in ms by session id. */
  readonly sessions: Map<bigint, number>;
  readonly zxid: bigint;
  /** Absent when the writer kept none. */
  readonly digest: SnapshotDigest | undefined;
  readonly lastProcessedZxid: bigint | undefined;
  /** Znodes whose ACL was not in the file: nobody but a super user gets at them until they have a new one. */
  readonly nodesWithoutAcl: number;
}

const DEFAULT_MAX_LENGTH_BYTES = 256 << 20;
/** No section behind the first seal is longer: a digest of the first version is a string. */
const MAX_REST_BYTES = 1024;
const SESSION_BYTES = 12;
const SLASH = 0x2f;
const INCOMPLETE = -1;

const NO_BYTES = new Uint8Array(0);

const NO_SECTIONS: SnapshotSections = { digest: undefined, lastProcessedZxid: undefined };

type Stage = 'header' | 'sessionCount' | 'session' | 'aclCount' | 'acl' | 'node' | 'seal' | 'signature' | 'rest';

export class SnapshotDecoder {
  private readonly tree: DataTree;
  private readonly sessions = new Map<bigint, number>();
  private readonly position: SnapshotPosition;
  private readonly isFile: boolean;
  private stage: Stage;
  /** Items of the present stage still to come. */
  private left = 0;
  /** The beginning of an item that goes on in the next piece, and how many bytes it takes before another try is worth it. */
  private held = NO_BYTES;
  private heldBytes = 0;
  private wanted = 0;
  private nodesWithoutAcl = 0;

  constructor(private readonly options: SnapshotDecoderOptions = {}) {
    this.tree = new DataTree({ ...options.tree, isBare: true });
    this.isFile = options.form !== 'stream';
    const { file = 'snapshot', maxLengthBytes = DEFAULT_MAX_LENGTH_BYTES } = options;
    this.position = new SnapshotPosition(file, this.isFile, maxLengthBytes);
    this.stage = this.isFile ? 'header' : 'sessionCount';
  }

  /** Whether a stream has ended; what came behind it is {@link rest}. A file ends with its last byte. */
  get isComplete(): boolean {
    return this.stage === 'rest';
  }

  /** Bytes received behind the end of a stream. */
  get rest(): Uint8Array {
    return this.held.slice(0, this.heldBytes);
  }

  /**
   * Takes the next bytes; `piece` is not kept. Of an item that lies across two pieces, only that item is copied.
   * @throws CorruptionError
   */
  push(piece: Uint8Array): void {
    // A subclass, such as Node's Buffer, may understand `slice` as a view.
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    while (this.heldBytes > 0 && this.stage !== 'rest') {
      const to = Math.min(bytes.length, at + this.wanted - this.heldBytes);
      this.hold(bytes, at, to);
      at = to;
      if (this.heldBytes < this.wanted) return;
      const item = this.held.subarray(0, this.heldBytes);
      this.heldBytes = 0;
      this.consume(item, 0);
    }
    if (this.stage !== 'rest') {
      this.consume(bytes, at);
      this.expectZnodes();
      return;
    }
    this.hold(bytes, at, bytes.length);
    if (this.isFile && this.heldBytes > MAX_REST_BYTES)
      throw this.position.damage(this.position.settled, 'too many bytes behind the first seal');
  }

  /**
   * The tree, once every byte has been pushed.
   * @throws CorruptionError when bytes are missing or a seal behind the znodes is broken
   */
  finish(): DecodedSnapshot {
    if (this.stage !== 'rest')
      throw this.position.damage(this.position.settled, `it ends early, ${this.heldBytes} bytes into a ${this.stage}`);
    const { digest, lastProcessedZxid } = this.isFile ? this.readRest() : NO_SECTIONS;
    const { tree, sessions, nodesWithoutAcl } = this;
    const zxid = this.options.zxid ?? lastProcessedZxid ?? digest?.zxid ?? 0n;
    tree.index.expect(0);
    tree.addSystemNodes();
    tree.acls.dropUnused();
    tree.quotas.recompute();
    const isComparable = digest !== undefined && digest.version === DIGEST_VERSION && digest.zxid > 0n;
    tree.setLoaded(hiOf(zxid), loOf(zxid), isComparable ? wordsOf(digest) : undefined);
    return { tree, sessions, zxid, digest, lastProcessedZxid, nodesWithoutAcl };
  }

  private readRest(): SnapshotSections {
    this.position.settled = 0;
    return readSections(this.rest, this.position);
  }

  private consume(bytes: Uint8Array, start: number): void {
    let at = start;
    this.position.settled = start;
    this.wanted = 0;
    while (this.stage !== 'rest') {
      const next = this.stage === 'node' ? this.readNode(bytes, at) : this.readItem(bytes, at);
      if (next === INCOMPLETE) break;
      at = next;
    }
    this.position.settle(bytes, at);
    this.hold(bytes, at, bytes.length);
  }

  private hold(bytes: Uint8Array, start: number, end: number): void {
    const total = this.heldBytes + end - start;
    if (total > this.held.length) {
      const grown = new Uint8Array(Math.max(total, this.wanted, 2 * this.held.length));
      grown.set(this.held.subarray(0, this.heldBytes));
      this.held = grown;
    }
    this.held.set(bytes.subarray(start, end), this.heldBytes);
    this.heldBytes = total;
  }

  /** Tells the index what is to come, as far as the bytes read so far allow a guess. */
  private expectZnodes(): void {
    const { sizeBytes } = this.options;
    if (sizeBytes === undefined || this.position.offset === 0) return;
    this.tree.index.expect(Math.ceil((this.tree.nodeCount * sizeBytes) / this.position.offset));
  }

  private incomplete(wanted: number): number {
    this.wanted = wanted;
    return INCOMPLETE;
  }

  /** Reads one item of the present stage; returns the position behind it. */
  private readItem(bytes: Uint8Array, at: number): number {
    const end = bytes.length;
    switch (this.stage) {
      case 'header':
        if (at + HEADER_BYTES > end) return this.incomplete(HEADER_BYTES);
        if (readInt32(bytes, at) !== SNAPSHOT_MAGIC) throw this.position.damage(at, 'it does not begin with "ZKSN"');
        this.stage = 'sessionCount';
        return at + HEADER_BYTES;
      case 'sessionCount':
        return this.readCount(bytes, at, 'session', 'aclCount');
      case 'session':
        if (at + SESSION_BYTES > end) return this.incomplete(SESSION_BYTES);
        this.sessions.set(int64(readInt32(bytes, at), readInt32(bytes, at + 4)), readInt32(bytes, at + 8));
        if (--this.left === 0) this.stage = 'aclCount';
        return at + SESSION_BYTES;
      case 'aclCount':
        return this.readCount(bytes, at, 'acl', 'node');
      case 'acl':
        return this.readAcl(bytes, at);
      case 'seal':
        if (at + SEAL_BYTES > end) return this.incomplete(SEAL_BYTES);
        this.position.settle(bytes, at);
        this.position.checkSeal(bytes, at);
        this.stage = 'rest';
        return at + SEAL_BYTES;
      default:
        if (at + STREAM_SIGNATURE.length > end) return this.incomplete(STREAM_SIGNATURE.length);
        if (!STREAM_SIGNATURE.every((byte, i) => bytes[at + i] === byte)) {
          throw this.position.damage(at, 'the signature behind the znodes is wrong');
        }
        this.stage = 'rest';
        return at + STREAM_SIGNATURE.length;
    }
  }

  private readCount(bytes: Uint8Array, at: number, items: Stage, behind: Stage): number {
    if (at + 4 > bytes.length) return this.incomplete(4);
    this.left = readInt32(bytes, at);
    if (this.left < 0) throw this.position.damage(at, `a number of entries of ${this.left}`);
    this.stage = this.left === 0 ? behind : items;
    return at + 4;
  }

  private readAcl(bytes: Uint8Array, at: number): number {
    if (at + 12 > bytes.length) return this.incomplete(12);
    let to = at + 12;
    for (let i = readInt32(bytes, at + 8); i > 0; i--) {
      to += 4;
      for (let text = 0; text < 2; text++) {
        if (to + 4 > bytes.length) return this.incomplete(to + 4 - at);
        to += 4 + Math.max(0, this.position.lengthAt(bytes, to, 'text in an ACL'));
        if (to > bytes.length) return this.incomplete(to - at);
      }
    }
    const key = this.aclKey(bytes, at);
    if (key !== OPEN_ACL_KEY) this.tree.acls.load(key, bytes, at + 8, to);
    if (--this.left === 0) this.stage = 'node';
    return to;
  }

  private readNode(bytes: Uint8Array, at: number): number {
    const end = bytes.length;
    if (at + 5 > end) return this.incomplete(5);
    const pathStart = at + 4;
    const pathLength = this.position.lengthAt(bytes, at, 'path');
    if (pathLength < 0) throw this.position.damage(at, 'a znode without a path');
    const pathEnd = pathStart + pathLength;
    if (pathLength === 1 && bytes[pathStart] === SLASH) {
      this.stage = this.isFile ? 'seal' : 'signature';
      return pathEnd;
    }
    if (pathEnd + 4 > end) return this.incomplete(pathEnd + 4 - at);
    const dataLength = this.position.lengthAt(bytes, pathEnd, 'value');
    const dataStart = pathEnd + 4;
    const tail = dataStart + Math.max(0, dataLength);
    if (tail + NODE_TAIL_BYTES > end) return this.incomplete(tail + NODE_TAIL_BYTES - at);
    const { tree } = this;
    const aclKey = this.aclKey(bytes, tail);
    if (!tree.acls.retainLoaded(aclKey)) this.nodesWithoutAcl++;
    const id = tree.loadZnode(bytes, pathStart, pathEnd, dataStart, dataStart + dataLength, aclKey, tail + 8);
    if (id < 0)
      throw this.position.damage(at, id === -1 ? 'a znode without its parent' : 'a znode for the second time');
    return tail + NODE_TAIL_BYTES;
  }

  private aclKey(bytes: Uint8Array, at: number): number {
    const hi = readInt32(bytes, at);
    const lo = readInt32(bytes, at + 4);
    if (hi !== lo >> 31 || lo < OPEN_ACL_KEY || lo === 0) {
      throw this.position.damage(at, `an ACL key of 0x${int64(hi, lo).toString(16)}`);
    }
    return lo;
  }
}

function wordsOf({ zxid, value }: SnapshotDigest): DigestOfZxid {
  return { zxidHi: hiOf(zxid), zxidLo: loOf(zxid), hi: hiOf(value), lo: loOf(value) };
}
