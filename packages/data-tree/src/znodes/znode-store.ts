/**
 * The tree as data: znodes in their records, the index from paths, the lists of owners, the ACL table, the counters. It
 * can put a znode in, take one out, and replace its data; what a transaction means is the business of DataTree.
 */
import { invariant } from '@zk/model';
import { AclTable } from '../acl-table.js';
import { DigestSum } from '../digest.js';
import { copyBytes, equalBytes, utf8Bytes } from '@zk/jute';
import { Flag, KIND_SHIFT, NAME_LENGTH_MASK, Word, ZNODE_WORDS, ZnodeKind } from './fields.js';
import { OwnerLists } from './owners.js';
import { DEFAULT_HASH_SEED, hashMore, hashMultiplier, rootHash } from './path-hash.js';
import { PathIndex } from './path-index.js';
import { CHUNK_MASK, CHUNK_SHIFT } from './record-chunks.js';
import { ZnodeStats } from './znode-stats.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const W = Word;
const FLAG = Flag;
const KIND = ZnodeKind;

const SLASH = 0x2f;
const NO_BYTES = new Uint8Array(0);

/** The name of the znode below which nothing counts for the digest. */
const ZOOKEEPER = utf8Bytes('zookeeper');

/** A walk over the tree that survives changes between its steps: see SnapshotEncoder. */
export interface TreeCursor {
  /** The znode that comes next, -1 at the end. */
  next: number;
}

export class ZnodeStore extends ZnodeStats {
  readonly acls = new AclTable();
  /** The sum over all znodes that count; without meaning where digests are off. */
  readonly digest = new DigestSum();
  /** Path and data bytes of all znodes, the second name of the root included. */
  approximateDataSize = 0;
  /** @internal */
  readonly index = new PathIndex(this.chunks, this.slabs);
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

  constructor(
    hashSeed: number = DEFAULT_HASH_SEED,
    readonly digestEnabled: boolean = true,
  ) {
    super();
    this.hashStart = rootHash(hashSeed);
    this.multiplier = hashMultiplier(hashSeed);
    const root = this.attach(-1, NO_BYTES, 0, 0, this.hashStart, NO_BYTES, 0, 0, 1, KIND.persistent);
    invariant(root === this.root, 'the root is the first znode');
    this.setCreated(root, 0, 0, 0, 0);
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
    return this.znodes.count + 1;
  }

  get ephemeralCount(): number {
    return this.owners.ephemeralCount;
  }

  /**
   * Puts a znode below `parent`: links, bytes, index, flags, counters. The Stat (it has no Stat record yet), the ACL key
   * and the CRCs are the caller's to write. `dataEnd < dataStart` means null data.
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
    const id = this.znodes.allocate();
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
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
      const parentAt = (parent & CHUNK_MASK) * ZNODE_WORDS;
      const parentFlags = parentChunk[parentAt + W.flagsAndName]!;
      if ((parentFlags & FLAG.stat) === 0) this.ensureStat(parent);
      next = parentChunk[parentAt + W.firstChild]!;
      parentChunk[parentAt + W.firstChild] = id;
      parentChunk[parentAt + W.childCount]!++;
      this.countDescendants(parent, 1);
      if ((parentFlags & FLAG.system) !== 0 || parent === this.zookeeper) flags |= FLAG.system;
      else if (parent === this.root && equalBytes(ZOOKEEPER, 0, ZOOKEEPER.length, names, nameStart, nameEnd)) {
        this.zookeeper = id;
      }
      if (next !== -1) this.setWord(next, W.prevSibling, id);
    }
    if (this.digestEnabled && (flags & FLAG.system) === 0) flags |= FLAG.counted;
    chunk[at + W.dataLength] = dataEnd < dataStart ? -1 : dataLength;
    chunk[at + W.parent] = parent;
    chunk[at + W.nextSibling] = next;
    chunk[at + W.prevSibling] = -1;
    chunk[at + W.bytesRef] = ref;
    chunk[at + W.flagsAndName] = flags;
    chunk[at + W.pathHash] = hash;
    if (parent !== -1) this.index.insert(hash, id);
    else chunk[at + W.aclKey] = -1;
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
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    const flags = chunk[at + W.flagsAndName]!;
    const next = chunk[at + W.nextSibling]!;
    const previous = chunk[at + W.prevSibling]!;
    const parent = chunk[at + W.parent]!;
    const dataLength = Math.max(0, chunk[at + W.dataLength]!);
    this.index.remove(chunk[at + W.pathHash]!, id);
    if (previous === -1) this.setWord(parent, W.firstChild, next);
    else this.setWord(previous, W.nextSibling, next);
    if (next !== -1) this.setWord(next, W.prevSibling, previous);
    this.setWord(parent, W.childCount, this.word(parent, W.childCount) - 1);
    this.countDescendants(parent, -1);
    const kind = (flags & FLAG.kindMask) >>> KIND_SHIFT;
    if (kind !== KIND.persistent) this.owners.remove(kind, this.ownerHi(id), this.ownerLo(id), id);
    this.acls.release(chunk[at + W.aclKey]!);
    this.digest.subtract(chunk[at + W.crc]!);
    if ((flags & FLAG.stat) !== 0) this.stats.free(chunk[at + W.stat]!);
    this.slabs.free(chunk[at + W.bytesRef]!, (flags & NAME_LENGTH_MASK) + dataLength);
    this.approximateDataSize -= pathLength + dataLength;
    if (id === this.zookeeper) this.zookeeper = -1;
    if (id === this.lastParent) this.lastParent = -1;
    this.znodes.free(id);
  }

  /**
   * Replaces the data of a znode, in place when the block is of the right size. `end < start` means null.
   * @internal
   */
  replaceData(id: number, data: Uint8Array, start: number, end: number): void {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    const nameLength = chunk[at + W.flagsAndName]! & NAME_LENGTH_MASK;
    const oldLength = Math.max(0, chunk[at + W.dataLength]!);
    const length = end < start ? 0 : end - start;
    let ref = chunk[at + W.bytesRef]!;
    if (!this.slabs.fits(nameLength + oldLength, nameLength + length)) {
      const oldRef = ref;
      ref = this.slabs.allocate(nameLength + length);
      const from = this.slabs.offset(oldRef);
      copyBytes(this.slabs.bytes(oldRef), from, from + nameLength, this.slabs.bytes(ref), this.slabs.offset(ref));
      this.slabs.free(oldRef, nameLength + oldLength);
      chunk[at + W.bytesRef] = ref;
    }
    if (length > 0) copyBytes(data, start, end, this.slabs.bytes(ref), this.slabs.offset(ref) + nameLength);
    chunk[at + W.dataLength] = end < start ? -1 : length;
    this.approximateDataSize += length - oldLength;
  }

  /** Notes that there is one more znode below this one, or one less. All above a znode have a Stat record. */
  private countDescendants(id: number, delta: number): void {
    for (let node = id; node !== this.root;) {
      const chunk = this.chunks[node >>> CHUNK_SHIFT]!;
      const at = (node & CHUNK_MASK) * ZNODE_WORDS;
      chunk[at + W.descendants]! += delta;
      node = chunk[at + W.parent]!;
    }
  }

  /** Memory held for znodes, in bytes, touched or not. */
  get sizeBytes(): number {
    return this.znodes.sizeBytes + this.stats.sizeBytes + this.slabs.sizeBytes + this.index.sizeBytes;
  }

  /** @internal */
  removeCursor(cursor: TreeCursor): void {
    const i = this.cursors.indexOf(cursor);
    invariant(i !== -1, 'a cursor is removed once');
    this.cursors.splice(i, 1);
  }
}
