/**
 * The tree as data: znodes in their records, the index from paths, the lists of owners, the ACL table, the counters. It
 * can put a znode in, take one out, and replace its data; what a transaction means is the business of DataTree.
 */
import { invariant } from '@zk/model';
import { AclTable } from '../acl-table.js';
import { DigestSum } from '../digest.js';
import { copyBytes } from '@zk/jute';
import { CHUNK_MASK, CHUNK_SHIFT } from './columns.js';
import { Field, Flag, KIND_SHIFT, NAME_LENGTH_MASK, RECORD_WORDS, ZnodeKind } from './fields.js';
import { OwnerLists } from './owners.js';
import { DEFAULT_HASH_SEED, hashMore, hashMultiplier, rootHash } from './path-hash.js';
import { PathIndex } from './path-index.js';
import { ZnodeRecords } from './znode-records.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const F = Field;
const FLAG = Flag;
const KIND = ZnodeKind;

const SLASH = 0x2f;
const NO_BYTES = new Uint8Array(0);

/** The name of the znode below which nothing counts for the digest. */
const ZOOKEEPER = Uint8Array.from('zookeeper', (c) => c.charCodeAt(0));

/** A walk over the tree that survives changes between its steps: see SnapshotEncoder. */
export interface TreeCursor {
  /** The znode that comes next, -1 at the end. */
  next: number;
}

export class ZnodeStore extends ZnodeRecords {
  readonly acls = new AclTable();
  /** The sum over all znodes that count; without meaning where digests are off. */
  readonly digest = new DigestSum();
  /** Path and data bytes of all znodes, the second name of the root included. */
  approximateDataSize = 0;
  /** @internal */
  readonly index = new PathIndex(this.columns, this.slabs);
  /** @internal */
  readonly owners = new OwnerLists();
  /** Walks that must hear of deletions. @internal */
  readonly cursors: TreeCursor[] = [];
  protected readonly hashStart: number;
  protected readonly multiplier: number;
  /** The parent found last, whose path the next znode probably shares; -1 once it is gone. */
  protected lastParent = -1;
  /** Znode id of `/zookeeper`, -1 while there is none. */
  private zookeeper = -1;

  constructor(hashSeed: number = DEFAULT_HASH_SEED) {
    super();
    this.hashStart = rootHash(hashSeed);
    this.multiplier = hashMultiplier(hashSeed);
    const root = this.attach(-1, NO_BYTES, 0, 0, this.hashStart, NO_BYTES, 0, 0, 1, KIND.persistent);
    invariant(root === this.root, 'the root is the first znode');
  }

  /** The hash of a path for {@link findHashed}; children continue from it. */
  hashPath(path: Uint8Array, start: number, end: number): number {
    if (end - start === 1 && path[start] === SLASH) return this.hashStart;
    return hashMore(this.hashStart, this.multiplier, path, start, end);
  }

  /** The znode of a path, or -1; `/` and the empty path are the root. A malformed path is not found. */
  find(path: Uint8Array, start: number, end: number): number {
    return this.findHashed(this.hashPath(path, start, end), path, start, end);
  }

  findHashed(hash: number, path: Uint8Array, start: number, end: number): number {
    if (end - start <= 1) return end === start || path[start] === SLASH ? this.root : -1;
    return this.index.find(hash, path, start, end);
  }

  /** Ids of the ordinary ephemerals of a session; undefined when it has none. */
  ephemeralsOf(ownerHi: number, ownerLo: number): Iterable<number> | undefined {
    const list = this.owners.of(ownerHi, ownerLo);
    return list === undefined ? undefined : this.owners.ids(list);
  }

  /** Sessions that own at least one ordinary ephemeral. */
  ephemeralOwners(): Iterable<bigint> {
    return this.owners.owners();
  }

  containers(): Iterable<number> {
    return this.owners.ids(this.owners.containers);
  }

  ttlNodes(): Iterable<number> {
    return this.owners.ids(this.owners.ttlNodes);
  }

  /** As Apache counts: the root under both its names. */
  get nodeCount(): number {
    return this.columns.count + 1;
  }

  get ephemeralCount(): number {
    return this.owners.ephemeralCount;
  }

  /**
   * Puts a znode below `parent`: links, bytes, index, flags, counters. The words of the Stat (but dataLength and
   * childCount), the ACL key and the CRCs are the caller's to write. `dataEnd < dataStart` means null data.
   * @internal
   */
  attach(
    parent: number,
    names: Uint8Array,
    nameStart: number,
    nameEnd: number,
    hash: number,
    data: Uint8Array,
    dataStart: number,
    dataEnd: number,
    pathLength: number,
    kind: number,
  ): number {
    const id = this.columns.allocate();
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * RECORD_WORDS;
    const nameLength = nameEnd - nameStart;
    const dataLength = dataEnd < dataStart ? 0 : dataEnd - dataStart;
    const ref = this.slabs.allocate(nameLength + dataLength);
    const block = this.slabs.bytes(ref);
    const behindName = copyBytes(names, nameStart, nameEnd, block, this.slabs.offset(ref));
    if (dataLength > 0) copyBytes(data, dataStart, dataEnd, block, behindName);
    let flags = (kind << KIND_SHIFT) | nameLength;
    let next = -1;
    if (parent !== -1) {
      const parentChunk = this.chunks[parent >>> CHUNK_SHIFT]!;
      const parentAt = (parent & CHUNK_MASK) * RECORD_WORDS;
      next = parentChunk[parentAt + F.firstChild]!;
      parentChunk[parentAt + F.firstChild] = id;
      parentChunk[parentAt + F.childCount]!++;
      if ((parentChunk[parentAt + F.flagsAndName]! & FLAG.system) !== 0 || parent === this.zookeeper) {
        flags |= FLAG.system;
      } else if (parent === this.root && isZookeeper(names, nameStart, nameEnd)) this.zookeeper = id;
      if (next !== -1) this.setWord(next, F.prevSibling, id);
    }
    chunk[at + F.dataLength] = dataEnd < dataStart ? -1 : dataLength;
    chunk[at + F.childCount] = 0;
    chunk[at + F.parent] = parent;
    chunk[at + F.firstChild] = -1;
    chunk[at + F.nextSibling] = next;
    chunk[at + F.prevSibling] = -1;
    chunk[at + F.bytesRef] = ref;
    chunk[at + F.flagsAndName] = flags;
    chunk[at + F.pathHash] = hash;
    if (parent !== -1) this.index.insert(hash, id);
    else chunk[at + F.aclKey] = -1;
    this.approximateDataSize += pathLength + dataLength;
    return id;
  }

  /**
   * Takes out a znode that has no children, with everything that hangs on it.
   * @internal
   */
  detach(id: number, pathLength: number): void {
    for (const cursor of this.cursors) if (cursor.next === id) cursor.next = this.followingSubtree(id, this.root);
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * RECORD_WORDS;
    const flags = chunk[at + F.flagsAndName]!;
    const next = chunk[at + F.nextSibling]!;
    const previous = chunk[at + F.prevSibling]!;
    const parent = chunk[at + F.parent]!;
    const dataLength = Math.max(0, chunk[at + F.dataLength]!);
    this.index.remove(chunk[at + F.pathHash]!, id);
    if (previous === -1) this.setWord(parent, F.firstChild, next);
    else this.setWord(previous, F.nextSibling, next);
    if (next !== -1) this.setWord(next, F.prevSibling, previous);
    this.setWord(parent, F.childCount, this.word(parent, F.childCount) - 1);
    const kind = (flags & FLAG.kindMask) >>> KIND_SHIFT;
    if (kind !== KIND.persistent) {
      this.owners.remove(kind, chunk[at + F.ownerHi]!, chunk[at + F.ownerLo]!, id);
    }
    this.acls.release(chunk[at + F.aclKey]!);
    this.digest.subtract(chunk[at + F.crc]!);
    this.slabs.free(chunk[at + F.bytesRef]!, (flags & NAME_LENGTH_MASK) + dataLength);
    this.approximateDataSize -= pathLength + dataLength;
    if (id === this.zookeeper) this.zookeeper = -1;
    if (id === this.lastParent) this.lastParent = -1;
    this.columns.free(id);
  }

  /**
   * Replaces the data of a znode, in place when the block is of the right size. `end < start` means null.
   * @internal
   */
  replaceData(id: number, data: Uint8Array, start: number, end: number): void {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * RECORD_WORDS;
    const nameLength = chunk[at + F.flagsAndName]! & NAME_LENGTH_MASK;
    const oldLength = Math.max(0, chunk[at + F.dataLength]!);
    const length = end < start ? 0 : end - start;
    let ref = chunk[at + F.bytesRef]!;
    if (!this.slabs.fits(nameLength + oldLength, nameLength + length)) {
      const oldRef = ref;
      ref = this.slabs.allocate(nameLength + length);
      const from = this.slabs.offset(oldRef);
      copyBytes(this.slabs.bytes(oldRef), from, from + nameLength, this.slabs.bytes(ref), this.slabs.offset(ref));
      this.slabs.free(oldRef, nameLength + oldLength);
      chunk[at + F.bytesRef] = ref;
    }
    if (length > 0) copyBytes(data, start, end, this.slabs.bytes(ref), this.slabs.offset(ref) + nameLength);
    chunk[at + F.dataLength] = end < start ? -1 : length;
    this.approximateDataSize += length - oldLength;
  }

  /** Memory held for znodes, in bytes, touched or not. */
  get sizeBytes(): number {
    return this.columns.sizeBytes + this.slabs.sizeBytes + this.index.sizeBytes;
  }

  /** @internal */
  removeCursor(cursor: TreeCursor): void {
    const i = this.cursors.indexOf(cursor);
    invariant(i !== -1, 'a cursor is removed once');
    this.cursors.splice(i, 1);
  }
}

function isZookeeper(names: Uint8Array, start: number, end: number): boolean {
  if (end - start !== ZOOKEEPER.length) return false;
  for (let i = 0; i < ZOOKEEPER.length; i++) if (names[start + i] !== ZOOKEEPER[i]) return false;
  return true;
}
