/**
 * A tree as it is before any transaction: the system znodes every tree has, and those a snapshot brings. Also how the
 * place of a path is found, which loading and creating have in common.
 */
import { READ_ACL_UNSAFE, SYSTEM_PATHS } from '@zk/model';
import { copyBytes, crc32, readInt32, utf8Bytes } from '@zk/jute';
import { encodeAcls } from './acl-table.js';
import { crcOfNewStat, crcOfStat } from './digest.js';
import { isSameRange } from './znodes/bytes.js';
import { Field, Flag, STAT_WORDS, Word } from './znodes/fields.js';
import { kindOfOwner } from './znodes/owners.js';
import { hashMore } from './znodes/path-hash.js';
import { ZnodeStore } from './znodes/znode-store.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const F = Field;
const W = Word;
const FLAG = Flag;

const SLASH = 0x2f;
const NO_BYTES = new Uint8Array(0);

export class LoadableTree extends ZnodeStore {
  /** Of the path in hand: its hash, and where the last component begins. */
  protected pathHash = 0;
  protected nameStart = 0;
  /** Path and hash of the parent found last. */
  private readonly lastParentPath = new Uint8Array(256);
  private lastParentLength = 0;
  private lastParentHash = 0;
  private readonly loadedStat = new Int32Array(STAT_WORDS);

  constructor(
    hashSeed: number,
    readonly extendedTypes: boolean,
    digestEnabled: boolean,
  ) {
    super(hashSeed, digestEnabled);
    this.refreshDigest(this.root, NO_BYTES, 0, 0);
  }

  /** Adds what is missing of /, /zookeeper, /zookeeper/quota and /zookeeper/config. @internal */
  addSystemNodes(): void {
    for (const text of [SYSTEM_PATHS.zookeeper, SYSTEM_PATHS.quota, SYSTEM_PATHS.config]) {
      const path = utf8Bytes(text);
      if (this.find(path, 0, path.length) !== -1) continue;
      const parent = this.findParent(path, 0, path.length);
      const id = this.attach(parent, path, this.nameStart, path.length, this.pathHash, NO_BYTES, 0, 0, path.length, 0);
      const isConfig = text === SYSTEM_PATHS.config;
      const acl = encodeAcls(READ_ACL_UNSAFE);
      this.loadedStat.fill(0);
      if (isConfig) this.loadedStat[F.aversion] = -1;
      this.assignStat(id, this.loadedStat);
      this.setWord(id, W.aclKey, isConfig ? this.acls.intern(acl, 0, acl.length) : -1);
      this.refreshDigest(id, path, 0, path.length);
    }
  }

  /**
   * Puts in a znode of a snapshot: `dataEnd < dataStart` means null data, the persisted Stat (60 bytes) begins at
   * `statAt`, the ACL key has been counted.
   * @returns its id, or -1 when its parent is missing, or -2 when it is there already
   * @internal
   */
  loadZnode(
    bytes: Uint8Array,
    pathStart: number,
    pathEnd: number,
    dataStart: number,
    dataEnd: number,
    aclKey: number,
    statAt: number,
  ): number {
    const stat = this.loadedStat;
    for (let word = 0; word < STAT_WORDS; word++) stat[word] = readInt32(bytes, statAt + 4 * word);
    let id = this.root;
    if (pathEnd === pathStart) {
      this.digest.subtract(this.word(id, W.crc));
      this.replaceData(id, bytes, dataStart, dataEnd);
    } else {
      const parent = this.findParent(bytes, pathStart, pathEnd);
      if (parent === -1) return -1;
      const hash = this.pathHash;
      if (this.findHashed(hash, bytes, pathStart, pathEnd) !== -1) return -2;
      const ownerHi = stat[F.ownerHi]!;
      const ownerLo = stat[F.ownerLo]!;
      const kind = kindOfOwner(ownerHi, ownerLo, this.extendedTypes);
      const pathLength = pathEnd - pathStart;
      id = this.attach(parent, bytes, this.nameStart, pathEnd, hash, bytes, dataStart, dataEnd, pathLength, kind);
      this.owners.add(kind, ownerHi, ownerLo, id);
    }
    this.assignStat(id, stat);
    this.setWord(id, W.aclKey, aclKey);
    this.refreshDigest(id, bytes, pathStart, pathEnd);
    return id;
  }

  /**
   * Computes the CRCs of a znode afresh and adds the result to the digest, to which it must not have contributed yet.
   * @internal
   */
  refreshDigest(id: number, path: Uint8Array, start: number, end: number): void {
    this.setWord(id, W.crcPathData, 0);
    this.setWord(id, W.crc, 0);
    if (!this.hasFlag(id, FLAG.counted)) return;
    let crc = id === this.root ? 0 : crc32(path, start, end);
    const length = this.dataLength(id);
    if (length > 0) {
      const ref = this.word(id, W.bytesRef);
      const from = this.slabs.offset(ref) + this.nameLength(id);
      crc = crc32(this.slabs.bytes(ref), from, from + length, crc);
    }
    this.setWord(id, W.crcPathData, crc);
    this.setWord(id, W.crc, this.crcWithStat(id, crc));
    this.digest.add(this.word(id, W.crc));
  }

  /** Most znodes are as they were created: their CRC takes a third of the time. */
  private crcWithStat(id: number, crcPathData: number): number {
    if (this.hasFlag(id, FLAG.stat)) {
      const stat = this.word(id, W.stat);
      return crcOfStat(crcPathData, this.statWords(stat), this.statAt(stat));
    }
    const zxidHi = this.word(id, W.czxidHi);
    const zxidLo = this.word(id, W.czxidLo);
    return crcOfNewStat(crcPathData, zxidHi, zxidLo, this.word(id, W.ctimeHi), this.word(id, W.ctimeLo), 0, 0);
  }

  /**
   * Finds the parent of a path: -1 when there is none, or no slash. Leaves the hash of the path and the start of its
   * last component in the fields. Transactions in a row tend to have the same parent, so the last one is tried first:
   * one comparison then saves the hash of most of the path and a probe of the index.
   */
  protected findParent(bytes: Uint8Array, start: number, end: number): number {
    let slash = end - 1;
    while (slash >= start && bytes[slash] !== SLASH) slash--;
    this.nameStart = slash + 1;
    if (slash < start) return -1;
    let parent = this.root;
    let hash = this.hashStart;
    const length = slash - start;
    if (length > 0) {
      parent = this.lastParent;
      if (
        parent !== -1 &&
        length === this.lastParentLength &&
        isSameRange(this.lastParentPath, 0, bytes, start, length)
      ) {
        hash = this.lastParentHash;
      } else {
        hash = hashMore(hash, this.multiplier, bytes, start, slash);
        parent = this.index.find(hash, bytes, start, slash);
        if (parent !== -1) this.rememberParent(parent, hash, bytes, start, slash);
      }
    }
    this.pathHash = hashMore(hash, this.multiplier, bytes, slash, end);
    return parent;
  }

  private rememberParent(parent: number, hash: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.lastParentPath.length) return;
    this.lastParent = parent;
    this.lastParentHash = hash;
    this.lastParentLength = end - start;
    copyBytes(bytes, start, end, this.lastParentPath, 0);
  }
}
