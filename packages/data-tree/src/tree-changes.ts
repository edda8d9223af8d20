/**
 * The changes a transaction can make to the tree, with their effects on the parent, on the digest, on quotas and on
 * whoever listens. Arguments come from the fields of the transaction in hand and from ranges of its bytes.
 */
import { ErrorCode, OpCode, READ_ACL_UNSAFE, SYSTEM_PATHS } from '@zk/model';
import { crc32, readInt32, utf8Bytes } from '@zk/jute';
import { encodeAcls } from './acl-table.js';
import { crcOfNewStat, crcOfPathDataChange, crcOfStat, crcOfWord } from './digest.js';
import { Quotas } from './quotas.js';
import { copyRange, isSameRange } from './znodes/bytes.js';
import { CHUNK_MASK, CHUNK_SHIFT } from './znodes/columns.js';
import { Field, Flag, RECORD_WORDS, ZnodeKind } from './znodes/fields.js';
import { kindOfOwner } from './znodes/owners.js';
import { hashMore } from './znodes/path-hash.js';
import { ZnodeStore } from './znodes/znode-store.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const F = Field;
const FLAG = Flag;
const KIND = ZnodeKind;
const CODE = ErrorCode;

const SLASH = 0x2f;
const NO_BYTES = new Uint8Array(0);

/** Hears of the effects of a transaction, in order, inside `apply`. Watches hang on it. */
export interface TreeListener {
  /** After insertion. */
  created(node: number, parent: number, zxidHi: number, zxidLo: number): void;
  /** Before removal: the path and the ACL of the znode can still be read. */
  deleted(node: number, parent: number, zxidHi: number, zxidLo: number): void;
  /** The data changed by a transaction (setData, reconfig). */
  changed(node: number, zxidHi: number, zxidLo: number): void;
}

export class TreeChanges extends ZnodeStore {
  readonly quotas: Quotas;
  /** 0, or the code of the first operation of the last transaction that failed. */
  lastError = 0;
  /** Session of the last transaction. */
  lastSessionHi = 0;
  lastSessionLo = 0;

  // The transaction in hand. Fields rather than arguments: nothing is allocated, and few registers are needed.
  protected zxidHi = 0;
  protected zxidLo = 0;
  protected timeHi = 0;
  protected timeLo = 0;
  protected opNode = -1;
  protected pathStart = 0;
  protected pathEnd = 0;
  /** Of the path in hand: its hash, and where the last component begins. */
  protected pathHash = 0;
  protected nameStart = 0;
  /** Path and hash of the parent found last. */
  private readonly lastParentPath = new Uint8Array(256);
  private lastParentLength = 0;
  private lastParentHash = 0;
  protected scratch = new Uint8Array(256);
  protected isCrcKnown = false;
  protected knownCrc = 0;

  constructor(
    hashSeed: number,
    readonly extendedTypes: boolean,
    readonly digestEnabled: boolean,
    public listener: TreeListener | undefined,
  ) {
    super(hashSeed);
    this.quotas = new Quotas(this, this.hashStart, this.multiplier);
    this.refreshDigest(this.root, NO_BYTES, 0, 0);
  }

  /** Overwrites /zookeeper/config without a transaction: the committed configuration, at its version. */
  overwriteConfig(data: Uint8Array, zxidHi: number, zxidLo: number): void {
    const path = utf8Bytes(SYSTEM_PATHS.config);
    const id = this.find(path, 0, path.length);
    if (id === -1) return;
    this.replaceData(id, data, 0, data.length);
    this.setWord(id, F.version, -1);
    this.setWord(id, F.mzxidHi, zxidHi);
    this.setWord(id, F.mzxidLo, zxidLo);
  }

  /** Adds what is missing of /, /zookeeper, /zookeeper/quota and /zookeeper/config. @internal */
  addSystemNodes(): void {
    for (const text of [SYSTEM_PATHS.zookeeper, SYSTEM_PATHS.quota, SYSTEM_PATHS.config]) {
      const path = utf8Bytes(text);
      if (this.find(path, 0, path.length) !== -1) continue;
      const parent = this.findParent(path, 0, path.length);
      const id = this.attach(parent, path, this.nameStart, path.length, this.pathHash, NO_BYTES, 0, 0, path.length, 0);
      const at = this.offsetOf(id);
      const isConfig = text === SYSTEM_PATHS.config;
      const acl = encodeAcls(READ_ACL_UNSAFE);
      this.chunkOf(id).fill(0, at, at + F.dataLength);
      this.chunkOf(id).fill(0, at + F.pzxidHi, at + F.pzxidLo + 1);
      this.setWord(id, F.aversion, isConfig ? -1 : 0);
      this.setWord(id, F.aclKey, isConfig ? this.acls.intern(acl, 0, acl.length) : -1);
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
    const ownerHi = readInt32(bytes, statAt + 4 * F.ownerHi);
    const ownerLo = readInt32(bytes, statAt + 4 * F.ownerLo);
    let id = this.root;
    if (pathEnd === pathStart) {
      this.digest.subtract(this.word(id, F.crc));
      this.replaceData(id, bytes, dataStart, dataEnd);
    } else {
      const parent = this.findParent(bytes, pathStart, pathEnd);
      if (parent === -1) return -1;
      const hash = this.pathHash;
      if (this.findHashed(hash, bytes, pathStart, pathEnd) !== -1) return -2;
      const kind = kindOfOwner(ownerHi, ownerLo, this.extendedTypes);
      const pathLength = pathEnd - pathStart;
      id = this.attach(parent, bytes, this.nameStart, pathEnd, hash, bytes, dataStart, dataEnd, pathLength, kind);
      this.owners.add(kind, ownerHi, ownerLo, id);
    }
    const chunk = this.chunkOf(id);
    const record = this.offsetOf(id);
    let at = statAt;
    for (let word: number = F.czxidHi; word <= F.ownerLo; word++, at += 4) {
      chunk[record + word] = readInt32(bytes, at);
    }
    chunk[record + F.pzxidHi] = readInt32(bytes, at);
    chunk[record + F.pzxidLo] = readInt32(bytes, at + 4);
    chunk[record + F.aclKey] = aclKey;
    this.refreshDigest(id, bytes, pathStart, pathEnd);
    return id;
  }

  /**
   * Computes the CRCs of a znode afresh and adds the result to the digest, to which it must not have contributed yet.
   * @internal
   */
  refreshDigest(id: number, path: Uint8Array, start: number, end: number): void {
    const chunk = this.chunkOf(id);
    const at = this.offsetOf(id);
    chunk[at + F.crcPathData] = 0;
    chunk[at + F.crc] = 0;
    if (!this.digestEnabled || (chunk[at + F.flagsAndName]! & FLAG.system) !== 0) return;
    let crc = id === this.root ? 0 : crc32(path, start, end);
    const length = chunk[at + F.dataLength]!;
    if (length > 0) {
      const ref = chunk[at + F.bytesRef]!;
      const from = this.slabs.offset(ref) + this.nameLength(id);
      crc = crc32(this.slabs.bytes(ref), from, from + length, crc);
    }
    chunk[at + F.crcPathData] = crc;
    chunk[at + F.crc] = crcOfStat(crc, chunk, at);
    this.digest.add(chunk[at + F.crc]!);
  }

  /** Long on purpose, a hot loop's body: a create with digest takes 0.5 µs here, a quarter of it in the two CRCs. */
  protected createZnode(
    type: number,
    bytes: Uint8Array,
    dataStart: number,
    dataEnd: number,
    aclKey: number,
    ownerHi: number,
    ownerLo: number,
    parentCversion: number,
  ): void {
    const pathStart = this.pathStart;
    const pathEnd = this.pathEnd;
    const parent = this.findParent(bytes, pathStart, pathEnd);
    if (parent === -1) {
      this.acls.release(aclKey);
      this.setResult(CODE.NONODE, -1, pathStart, pathEnd);
      return;
    }
    const present = this.findHashed(this.pathHash, bytes, pathStart, pathEnd);
    if (present !== -1) {
      this.acls.release(this.aclKey(present));
      this.setWord(present, F.aclKey, aclKey);
      if (type === OpCode.create) this.raiseCversion(parent, parentCversion);
      this.setResult(CODE.NODEEXISTS, present, pathStart, pathEnd);
      return;
    }
    this.raiseCversion(parent, parentCversion);
    const zxidHi = this.zxidHi;
    const zxidLo = this.zxidLo;
    const timeHi = this.timeHi;
    const timeLo = this.timeLo;
    const kind = (ownerHi | ownerLo) === 0 ? KIND.persistent : kindOfOwner(ownerHi, ownerLo, this.extendedTypes);
    const pathLength = pathEnd - pathStart;
    const nameStart = this.nameStart;
    const hash = this.pathHash;
    const id = this.attach(parent, bytes, nameStart, pathEnd, hash, bytes, dataStart, dataEnd, pathLength, kind);
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * RECORD_WORDS;
    chunk[at + F.czxidHi] = chunk[at + F.mzxidHi] = chunk[at + F.pzxidHi] = zxidHi;
    chunk[at + F.czxidLo] = chunk[at + F.mzxidLo] = chunk[at + F.pzxidLo] = zxidLo;
    chunk[at + F.ctimeHi] = chunk[at + F.mtimeHi] = timeHi;
    chunk[at + F.ctimeLo] = chunk[at + F.mtimeLo] = timeLo;
    chunk[at + F.version] = 0;
    chunk[at + F.cversion] = 0;
    chunk[at + F.aversion] = 0;
    chunk[at + F.ownerHi] = ownerHi;
    chunk[at + F.ownerLo] = ownerLo;
    chunk[at + F.aclKey] = aclKey;
    let crcPathData = 0;
    let crc = 0;
    const isSystem = (chunk[at + F.flagsAndName]! & FLAG.system) !== 0;
    if (this.digestEnabled && !isSystem) {
      crcPathData = this.takeCrc(bytes, pathStart, pathEnd, dataStart, dataEnd);
      crc = crcOfNewStat(crcPathData, zxidHi, zxidLo, timeHi, timeLo, ownerHi, ownerLo);
      this.digest.add(crc);
    }
    chunk[at + F.crcPathData] = crcPathData;
    chunk[at + F.crc] = crc;
    if (kind !== KIND.persistent) this.owners.add(kind, ownerHi, ownerLo, id);
    if (isSystem) this.quotas.systemNodeCreated(id);
    if (this.quotas.isActive) this.quotas.account(bytes, pathStart, pathEnd, 1, Math.max(0, dataEnd - dataStart));
    this.setResult(CODE.OK, id, pathStart, pathEnd);
    if (this.listener !== undefined) this.listener.created(id, parent, zxidHi, zxidLo);
  }

  protected deletePath(bytes: Uint8Array, pathStart: number, pathEnd: number): void {
    const parent = this.findParent(bytes, pathStart, pathEnd);
    const id = parent === -1 ? -1 : this.findHashed(this.pathHash, bytes, pathStart, pathEnd);
    if (parent !== -1 && id !== this.root) this.raisePzxid(parent);
    if (id === -1 || id === this.root) {
      this.setResult(CODE.NONODE, -1, pathStart, pathEnd);
      return;
    }
    this.remove(id, parent, bytes, pathStart, pathEnd);
    this.setResult(CODE.OK, -1, pathStart, pathEnd);
  }

  /**
   * Removes a znode. If a fuzzy snapshot already shows children of a later znode of that name, they go too: the log
   * creates them again.
   */
  protected remove(id: number, parent: number, path: Uint8Array, pathStart: number, pathEnd: number): void {
    if (this.firstChild(id) !== -1) this.removeBelow(id);
    if (this.listener !== undefined) this.listener.deleted(id, parent, this.zxidHi, this.zxidLo);
    const dataLength = Math.max(0, this.dataLength(id));
    if (this.hasFlag(id, FLAG.quota)) this.quotas.systemNodeDeleted(id);
    this.detach(id, pathEnd - pathStart);
    if (this.quotas.isActive) this.quotas.account(path, pathStart, pathEnd, -1, -dataLength);
  }

  protected removeBelow(top: number): void {
    for (let id = this.firstChild(top); id !== -1; id = this.firstChild(top)) {
      while (this.firstChild(id) !== -1) id = this.firstChild(id);
      const end = this.copyToScratch(id);
      this.remove(id, this.parent(id), this.scratch, 0, end);
    }
  }

  protected changeData(bytes: Uint8Array, dataStart: number, dataEnd: number, version: number): void {
    const pathStart = this.pathStart;
    const pathEnd = this.pathEnd;
    const id = this.find(bytes, pathStart, pathEnd);
    if (id === -1) {
      this.setResult(CODE.NONODE, -1, pathStart, pathEnd);
      return;
    }
    const oldLength = Math.max(0, this.dataLength(id));
    this.replaceData(id, bytes, dataStart, dataEnd);
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * RECORD_WORDS;
    const isSystem = (chunk[at + F.flagsAndName]! & FLAG.system) !== 0;
    let change = 0;
    if (this.digestEnabled && !isSystem) {
      const crcPathData = this.takeCrc(bytes, pathStart, id === this.root ? pathStart : pathEnd, dataStart, dataEnd);
      change = crcOfPathDataChange(chunk[at + F.crcPathData]! ^ crcPathData);
      chunk[at + F.crcPathData] = crcPathData;
    }
    change ^= this.changeWord(chunk, at, F.mzxidHi, this.zxidHi) ^ this.changeWord(chunk, at, F.mzxidLo, this.zxidLo);
    change ^= this.changeWord(chunk, at, F.mtimeHi, this.timeHi) ^ this.changeWord(chunk, at, F.mtimeLo, this.timeLo);
    change ^= this.changeWord(chunk, at, F.version, version);
    if (!isSystem) this.changeCrc(chunk, at, change);
    else if ((chunk[at + F.flagsAndName]! & FLAG.quota) !== 0) this.quotas.systemNodeChanged(id);
    if (this.quotas.isActive) {
      this.quotas.account(bytes, pathStart, pathEnd, 0, Math.max(0, dataEnd - dataStart) - oldLength);
    }
    this.setResult(CODE.OK, id, pathStart, pathEnd);
    if (this.listener !== undefined) this.listener.changed(id, this.zxidHi, this.zxidLo);
  }

  protected changeAcl(bytes: Uint8Array, aclKey: number, aversion: number): void {
    const id = this.find(bytes, this.pathStart, this.pathEnd);
    if (id === -1) {
      this.acls.release(aclKey);
      this.setResult(CODE.NONODE, -1, this.pathStart, this.pathEnd);
      return;
    }
    const chunk = this.chunkOf(id);
    const at = this.offsetOf(id);
    this.acls.release(chunk[at + F.aclKey]!);
    chunk[at + F.aclKey] = aclKey;
    const change = this.changeWord(chunk, at, F.aversion, aversion);
    if ((chunk[at + F.flagsAndName]! & FLAG.system) === 0) this.changeCrc(chunk, at, change);
    this.setResult(CODE.OK, id, this.pathStart, this.pathEnd);
  }

  protected deleteOwned(ownerHi: number, ownerLo: number): number {
    let count = 0;
    for (let list = this.owners.of(ownerHi, ownerLo); list !== undefined && list.head !== -1; count++) {
      const id = list.head;
      const parent = this.parent(id);
      this.raisePzxid(parent);
      const end = this.copyToScratch(id);
      this.remove(id, parent, this.scratch, 0, end);
    }
    return count;
  }

  /** The cversion as the transaction has it, if that is higher; -1 counts on from what is there. pzxid goes with it. */
  protected raiseCversion(parent: number, cversion: number): void {
    const chunk = this.chunks[parent >>> CHUNK_SHIFT]!;
    const at = (parent & CHUNK_MASK) * RECORD_WORDS;
    const old = chunk[at + F.cversion]!;
    const raised = cversion === -1 ? (old + 1) | 0 : cversion;
    if (raised <= old) return;
    const change =
      this.changeWord(chunk, at, F.cversion, raised) ^
      this.changeWord(chunk, at, F.pzxidHi, this.zxidHi) ^
      this.changeWord(chunk, at, F.pzxidLo, this.zxidLo);
    if ((chunk[at + F.flagsAndName]! & FLAG.system) === 0) this.changeCrc(chunk, at, change);
  }

  protected raisePzxid(parent: number): void {
    const chunk = this.chunks[parent >>> CHUNK_SHIFT]!;
    const at = (parent & CHUNK_MASK) * RECORD_WORDS;
    const hi = chunk[at + F.pzxidHi]!;
    if (this.zxidHi < hi) return;
    if (this.zxidHi === hi && this.zxidLo >>> 0 <= chunk[at + F.pzxidLo]! >>> 0) return;
    const change =
      this.changeWord(chunk, at, F.pzxidHi, this.zxidHi) ^ this.changeWord(chunk, at, F.pzxidLo, this.zxidLo);
    if ((chunk[at + F.flagsAndName]! & FLAG.system) === 0) this.changeCrc(chunk, at, change);
  }

  /** CRC-32 of path and data: the one that validation has computed already, or afresh. */
  private takeCrc(bytes: Uint8Array, pathStart: number, pathEnd: number, dataStart: number, dataEnd: number): number {
    if (this.isCrcKnown) {
      this.isCrcKnown = false;
      return this.knownCrc;
    }
    const crc = crc32(bytes, pathStart, pathEnd);
    return dataEnd > dataStart ? crc32(bytes, dataStart, dataEnd, crc) : crc;
  }

  /** Sets a word of the Stat and returns the effect on the CRC. */
  protected changeWord(chunk: Int32Array, at: number, field: number, value: number): number {
    const difference = chunk[at + field]! ^ value;
    chunk[at + field] = value;
    return difference === 0 || !this.digestEnabled ? 0 : crcOfWord(field, difference);
  }

  protected changeCrc(chunk: Int32Array, at: number, change: number): void {
    if (change === 0) return;
    const old = chunk[at + F.crc]!;
    this.digest.subtract(old);
    this.digest.add(old ^ change);
    chunk[at + F.crc] = old ^ change;
  }

  /**
   * Finds the parent of a path: -1 when there is none, or no slash. Leaves the hash of the path and the start of its last
   * component in the fields. Transactions in a row tend to have the same parent, so the last one is tried first: one
   * comparison then saves the hash of most of the path and a probe of the index.
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
    copyRange(bytes, start, end, this.lastParentPath, 0);
  }

  protected setResult(error: number, node: number, pathStart: number, pathEnd: number): void {
    this.lastError = error;
    this.opNode = node;
    this.pathStart = pathStart;
    this.pathEnd = pathEnd;
  }

  protected copyToScratch(id: number): number {
    const length = this.pathLength(id);
    if (length > this.scratch.length) this.scratch = new Uint8Array(length * 2);
    return this.copyPath(id, this.scratch, 0);
  }
}
