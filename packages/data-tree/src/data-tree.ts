/**
 * The tree as a replica of the ensemble's state: committed transactions go in, as the bytes that lie in the log, and
 * change it exactly as they change every other server's tree (spec: disk format, sections 3.2 and 6).
 *
 * Applying is idempotent where it has to be: a snapshot is fuzzy, so transactions are applied again to a tree that
 * already contains some of their effects. Creates that find their znode, deletes that miss it, and the like are results,
 * not errors. A create, delete, setData or setACL with a known ACL allocates nothing.
 */
import { ErrorCode, OpCode, READ_ACL_UNSAFE, SYSTEM_PATHS } from '@zk/model';
import { MarshallingError, crc32, readInt32, utf8Bytes } from '@zk/jute';
import { encodeAcls } from './acl-table.js';
import { crcOfNewStat, crcOfPathDataChange, crcOfStat, crcOfWord } from './digest.js';
import { Quotas } from './quotas.js';
import { CHUNK_MASK, CHUNK_SHIFT } from './znodes/columns.js';
import { Field, Flag, RECORD_WORDS, ZnodeKind } from './znodes/fields.js';
import { kindOfOwner } from './znodes/owners.js';
import { DEFAULT_HASH_SEED } from './znodes/path-hash.js';
import { ZnodeStore } from './znodes/znode-store.js';

/** TxnHeader: session, cxid, zxid, time, type. */
export const TXN_HEADER_BYTES = 32;
const TXN_DIGEST_BYTES = 12;
const DIGEST_VERSION = 2;

const SLASH = 0x2f;
const NO_BYTES = new Uint8Array(0);
const CONTAINER_OWNER_HI = 0x8000_0000 | 0;
const TTL_OWNER_HI = 0xff00_0000 | 0;

/** Hears of the effects of a transaction, in order, inside `apply`. Watches hang on it. */
export interface TreeListener {
  /** After insertion. */
  created(node: number, parent: number, zxidHi: number, zxidLo: number): void;
  /** Before removal: the path and the ACL of the znode can still be read. */
  deleted(node: number, parent: number, zxidHi: number, zxidLo: number): void;
  /** The data changed by a transaction (setData, reconfig). */
  changed(node: number, zxidHi: number, zxidLo: number): void;
}

/** Hears the result of each operation of a transaction, right after it. */
export interface ApplyVisitor {
  /**
   * @param type      of the operation; error (-1) for every operation of a failed multi
   * @param error     0, or the code of the error
   * @param node      the znode created or changed, or -1 (deleted, checked, failed)
   * @param pathStart range of the path within the bytes of the transaction; 0, 0 when there is none
   */
  onOp(type: number, error: number, node: number, pathStart: number, pathEnd: number): void;
}

export interface DataTreeOptions {
  /** TTL nodes are told by their owner; otherwise they are ephemerals of a strange session. Default true. */
  readonly extendedTypes?: boolean;
  /** Keeps the digest of the tree. Default true. */
  readonly digestEnabled?: boolean;
  readonly listener?: TreeListener;
  /** The digest in a transaction differs from that of the tree after it. */
  readonly onDigestMismatch?: (zxidHi: number, zxidLo: number) => void;
  /** Seed of the hash over paths; a server draws it at random. */
  readonly hashSeed?: number;
  /** Leaves out the system znodes: a snapshot brings them. */
  readonly isBare?: boolean;
}

export class DataTree extends ZnodeStore {
  readonly extendedTypes: boolean;
  readonly digestEnabled: boolean;
  readonly quotas: Quotas;
  listener: TreeListener | undefined;
  /** zxid of the last transaction applied, or of the snapshot. */
  lastZxidHi = 0;
  lastZxidLo = 0;
  /** Of the last `apply`. */
  lastType = 0;
  lastSessionHi = 0;
  lastSessionLo = 0;
  /** 0, or the code of the first operation that failed. */
  lastError = 0;
  /** Of the last createSession. */
  lastTimeoutMs = 0;
  /** Transactions applied since this object exists: 0 means that the digest is not one of a transaction yet. */
  appliedCount = 0;
  /** Until this zxid the tree is fuzzy, and digests are not compared; undefined when it is not. */
  private fuzzyUntil:
    { readonly zxidHi: number; readonly zxidLo: number; readonly hi: number; readonly lo: number } | undefined;
  private readonly onDigestMismatch: ((zxidHi: number, zxidLo: number) => void) | undefined;

  // The transaction in hand. Fields rather than arguments: nothing is allocated, and few registers are needed.
  private zxidHi = 0;
  private zxidLo = 0;
  private timeHi = 0;
  private timeLo = 0;
  private opNode = -1;
  private pathStart = 0;
  private pathEnd = 0;
  /** Of the path in hand: hash of the parent's path, and where the last component begins. */
  private parentHash = 0;
  private pathHash = 0;
  private nameStart = 0;
  private scratch = new Uint8Array(256);

  constructor(options: DataTreeOptions = {}) {
    super(options.hashSeed ?? DEFAULT_HASH_SEED);
    this.extendedTypes = options.extendedTypes ?? true;
    this.digestEnabled = options.digestEnabled ?? true;
    this.listener = options.listener;
    this.onDigestMismatch = options.onDigestMismatch;
    this.quotas = new Quotas(this, this.hashStart, this.multiplier);
    this.refreshDigest(this.root, NO_BYTES, 0, 0);
    if (options.isBare !== true) this.addSystemNodes();
  }

  /**
   * Applies `bytes[start, end)`: a transaction as in the log, that is TxnHeader, record, and maybe a TxnDigest.
   * @throws MarshallingError when the bytes are not a transaction; what came before the damage has been applied
   */
  apply(bytes: Uint8Array, start: number, end: number, visitor: ApplyVisitor | null = null): void {
    if (end - start < TXN_HEADER_BYTES) throw new MarshallingError('a transaction that is cut off', start);
    const type = readInt32(bytes, start + 28);
    this.lastType = type;
    this.lastError = ErrorCode.OK;
    this.lastSessionHi = readInt32(bytes, start);
    this.lastSessionLo = readInt32(bytes, start + 4);
    const zxidHi = (this.zxidHi = readInt32(bytes, start + 12));
    const zxidLo = (this.zxidLo = readInt32(bytes, start + 16));
    this.timeHi = readInt32(bytes, start + 20);
    this.timeLo = readInt32(bytes, start + 24);
    const at = start + TXN_HEADER_BYTES;
    let behind: number;
    if (type === OpCode.multi) behind = this.applyMulti(bytes, at, end, visitor);
    else {
      behind = this.applyOp(type, bytes, at, end, true);
      if (visitor !== null) visitor.onOp(type, this.lastError, this.opNode, this.pathStart, this.pathEnd);
    }
    this.appliedCount++;
    if (zxidHi > this.lastZxidHi || (zxidHi === this.lastZxidHi && zxidLo >>> 0 > this.lastZxidLo >>> 0)) {
      this.lastZxidHi = zxidHi;
      this.lastZxidLo = zxidLo;
    }
    if (this.digestEnabled) this.compareDigest(bytes, behind, end);
  }

  /**
   * Deletes the ephemerals of a session without a transaction, as for sessions that a loaded database does not know.
   * @returns how many there were
   */
  deleteEphemeralsOf(ownerHi: number, ownerLo: number): number {
    this.zxidHi = this.lastZxidHi;
    this.zxidLo = this.lastZxidLo;
    return this.deleteOwned(ownerHi, ownerLo);
  }

  /** Overwrites /zookeeper/config without a transaction: the committed configuration, at its version. */
  overwriteConfig(data: Uint8Array, zxidHi: number, zxidLo: number): void {
    const path = utf8Bytes(SYSTEM_PATHS.config);
    const id = this.find(path, 0, path.length);
    if (id === -1) return;
    this.replaceData(id, data, 0, data.length);
    this.setWord(id, Field.version, -1);
    this.setWord(id, Field.mzxidHi, zxidHi);
    this.setWord(id, Field.mzxidLo, zxidLo);
  }

  /**
   * The tree came from a snapshot: its zxid, and the digest it must have once every transaction up to the zxid of that
   * digest has been applied again.
   * @internal
   */
  setLoaded(
    zxidHi: number,
    zxidLo: number,
    digest: { readonly zxidHi: number; readonly zxidLo: number; readonly hi: number; readonly lo: number } | undefined,
  ): void {
    this.lastZxidHi = this.zxidHi = zxidHi;
    this.lastZxidLo = this.zxidLo = zxidLo;
    this.fuzzyUntil = this.digestEnabled ? digest : undefined;
    if (this.fuzzyUntil !== undefined) this.leaveFuzzyState();
  }

  /** Adds what is missing of /, /zookeeper, /zookeeper/quota and /zookeeper/config. @internal */
  addSystemNodes(): void {
    for (const text of [SYSTEM_PATHS.zookeeper, SYSTEM_PATHS.quota, SYSTEM_PATHS.config]) {
      const path = utf8Bytes(text);
      if (this.find(path, 0, path.length) !== -1) continue;
      this.scanPath(path, 0, path.length);
      const parent = this.findHashed(this.parentHash, path, 0, this.nameStart - 1);
      const id = this.attach(parent, path, this.nameStart, path.length, this.pathHash, NO_BYTES, 0, 0, path.length, 0);
      const at = this.offsetOf(id);
      const isConfig = text === SYSTEM_PATHS.config;
      const acl = encodeAcls(READ_ACL_UNSAFE);
      this.chunkOf(id).fill(0, at, at + Field.dataLength);
      this.chunkOf(id).fill(0, at + Field.pzxidHi, at + Field.pzxidLo + 1);
      this.setWord(id, Field.aversion, isConfig ? -1 : 0);
      this.setWord(id, Field.aclKey, isConfig ? this.acls.intern(acl, 0, acl.length) : -1);
      this.refreshDigest(id, path, 0, path.length);
    }
  }

  /**
   * Computes the CRCs of a znode afresh and adds the result to the digest, to which it must not have contributed yet.
   * @internal
   */
  refreshDigest(id: number, path: Uint8Array, start: number, end: number): void {
    const chunk = this.chunkOf(id);
    const at = this.offsetOf(id);
    chunk[at + Field.crcPathData] = 0;
    chunk[at + Field.crc] = 0;
    if (!this.digestEnabled || (chunk[at + Field.flagsAndName]! & Flag.system) !== 0) return;
    let crc = id === this.root ? 0 : crc32(path, start, end);
    const length = chunk[at + Field.dataLength]!;
    if (length > 0) {
      const ref = chunk[at + Field.bytesRef]!;
      const from = this.slabs.offset(ref) + this.nameLength(id);
      crc = crc32(this.slabs.bytes(ref), from, from + length, crc);
    }
    chunk[at + Field.crcPathData] = crc;
    chunk[at + Field.crc] = crcOfStat(crc, chunk, at);
    this.digest.add(chunk[at + Field.crc]!);
  }

  private applyMulti(bytes: Uint8Array, start: number, end: number, visitor: ApplyVisitor | null): number {
    this.need(start, 4, end);
    const count = readInt32(bytes, start);
    let hasFailed = false;
    let at = start + 4;
    for (let i = 0; i < count; i++) {
      this.need(at, 8, end);
      if (readInt32(bytes, at) === OpCode.error) hasFailed = true;
      const length = readInt32(bytes, at + 4);
      if (length < 0) throw new MarshallingError('an operation of a multi without a body', at);
      this.need(at + 8, length, end);
      at += 8 + length;
    }
    const behind = at;
    let firstError: number = ErrorCode.OK;
    let isBeforeError = true;
    at = start + 4;
    for (let i = 0; i < count; i++) {
      const type = readInt32(bytes, at);
      const bodyEnd = at + 8 + readInt32(bytes, at + 4);
      if (hasFailed && type !== OpCode.error) {
        this.setResult(isBeforeError ? ErrorCode.OK : ErrorCode.RUNTIMEINCONSISTENCY, -1, 0, 0);
      } else {
        if (type === OpCode.error) isBeforeError = false;
        this.applyOp(type, bytes, at + 8, bodyEnd, false);
      }
      if (firstError === ErrorCode.OK) firstError = this.lastError;
      if (visitor !== null) {
        visitor.onOp(hasFailed ? OpCode.error : type, this.lastError, this.opNode, this.pathStart, this.pathEnd);
      }
      at = bodyEnd;
    }
    this.lastError = firstError;
    return behind;
  }

  /** Applies one operation; returns the position behind its body. */
  private applyOp(type: number, bytes: Uint8Array, at: number, end: number, isWhole: boolean): number {
    switch (type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.applyCreate(type, bytes, at, end);
      case OpCode.delete:
      case OpCode.deleteContainer:
        return this.applyDelete(bytes, at, end);
      case OpCode.setData:
        return this.applySetData(bytes, at, end);
      case OpCode.error:
        this.need(at, 4, end);
        this.setResult(readInt32(bytes, at), -1, 0, 0);
        return at + 4;
    }
    if (isWhole) {
      if (type === OpCode.setACL) return this.applySetAcl(bytes, at, end);
      if (type === OpCode.reconfig) return this.applySetData(bytes, at, end);
      if (type === OpCode.createSession) {
        this.need(at, 4, end);
        this.lastTimeoutMs = readInt32(bytes, at);
        this.setResult(ErrorCode.OK, -1, 0, 0);
        return at + 4;
      }
      if (type === OpCode.closeSession) return this.applyCloseSession(bytes, at, end);
    } else if (type === OpCode.check) {
      const behind = this.readPath(bytes, at, end);
      this.need(behind, 4, end);
      this.setResult(ErrorCode.OK, -1, this.pathStart, this.pathEnd);
      return behind + 4;
    }
    throw new MarshallingError(`a transaction of unknown type ${type}`, at);
  }

  private applyCreate(type: number, bytes: Uint8Array, start: number, end: number): number {
    let at = this.readPath(bytes, start, end);
    this.need(at, 4, end);
    const dataLength = readInt32(bytes, at);
    const dataStart = at + 4;
    if (dataLength < -1) throw new MarshallingError('data of negative length', at);
    const dataEnd = dataStart + dataLength;
    at = dataLength === -1 ? dataStart : dataEnd;
    this.need(at, 4, end);
    const aclKey = this.acls.internAt(bytes, at, end);
    at = this.acls.scannedTo;
    let ownerHi = 0;
    let ownerLo = 0;
    if (type === OpCode.create || type === OpCode.create2) {
      this.need(at, 1, end);
      if (bytes[at++] !== 0) {
        ownerHi = this.lastSessionHi;
        ownerLo = this.lastSessionLo;
      }
    } else if (type === OpCode.createContainer) ownerHi = CONTAINER_OWNER_HI;
    // Written by an old server when it is missing: the parent's counter then just goes up.
    const parentCversion = at + 4 <= end ? readInt32(bytes, at) : -1;
    at = Math.min(end, at + 4);
    if (type === OpCode.createTTL) {
      this.need(at, 8, end);
      ownerHi = TTL_OWNER_HI | readInt32(bytes, at);
      ownerLo = readInt32(bytes, at + 4);
      at += 8;
    }
    this.createZnode(type, bytes, dataStart, dataEnd, aclKey, ownerHi, ownerLo, parentCversion);
    return at;
  }

  /** Long on purpose, a hot loop's body: a create with digest takes 0.5 µs here, a quarter of it in the two CRCs. */
  private createZnode(
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
    this.scanPath(bytes, pathStart, pathEnd);
    const parent = this.findParent(bytes, pathStart);
    if (parent === -1) {
      this.acls.release(aclKey);
      this.setResult(ErrorCode.NONODE, -1, pathStart, pathEnd);
      return;
    }
    const present = this.findHashed(this.pathHash, bytes, pathStart, pathEnd);
    if (present !== -1) {
      this.acls.release(this.aclKey(present));
      this.setWord(present, Field.aclKey, aclKey);
      if (type === OpCode.create) this.raiseCversion(parent, parentCversion);
      this.setResult(ErrorCode.NODEEXISTS, present, pathStart, pathEnd);
      return;
    }
    this.raiseCversion(parent, parentCversion);
    const zxidHi = this.zxidHi;
    const zxidLo = this.zxidLo;
    const timeHi = this.timeHi;
    const timeLo = this.timeLo;
    const kind = (ownerHi | ownerLo) === 0 ? ZnodeKind.persistent : kindOfOwner(ownerHi, ownerLo, this.extendedTypes);
    const pathLength = pathEnd - pathStart;
    const nameStart = this.nameStart;
    const hash = this.pathHash;
    const id = this.attach(parent, bytes, nameStart, pathEnd, hash, bytes, dataStart, dataEnd, pathLength, kind);
    const chunk = this.columns.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * RECORD_WORDS;
    chunk[at + Field.czxidHi] = chunk[at + Field.mzxidHi] = chunk[at + Field.pzxidHi] = zxidHi;
    chunk[at + Field.czxidLo] = chunk[at + Field.mzxidLo] = chunk[at + Field.pzxidLo] = zxidLo;
    chunk[at + Field.ctimeHi] = chunk[at + Field.mtimeHi] = timeHi;
    chunk[at + Field.ctimeLo] = chunk[at + Field.mtimeLo] = timeLo;
    chunk[at + Field.version] = 0;
    chunk[at + Field.cversion] = 0;
    chunk[at + Field.aversion] = 0;
    chunk[at + Field.ownerHi] = ownerHi;
    chunk[at + Field.ownerLo] = ownerLo;
    chunk[at + Field.aclKey] = aclKey;
    let crcPathData = 0;
    let crc = 0;
    const isSystem = (chunk[at + Field.flagsAndName]! & Flag.system) !== 0;
    if (this.digestEnabled && !isSystem) {
      crcPathData = crc32(bytes, pathStart, pathEnd);
      if (dataEnd > dataStart) crcPathData = crc32(bytes, dataStart, dataEnd, crcPathData);
      crc = crcOfNewStat(crcPathData, zxidHi, zxidLo, timeHi, timeLo, ownerHi, ownerLo);
      this.digest.add(crc);
    }
    chunk[at + Field.crcPathData] = crcPathData;
    chunk[at + Field.crc] = crc;
    if (kind !== ZnodeKind.persistent) this.owners.add(kind, ownerHi, ownerLo, id);
    if (isSystem) this.quotas.systemNodeCreated(id);
    if (this.quotas.isActive) this.quotas.account(bytes, pathStart, pathEnd, 1, Math.max(0, dataEnd - dataStart));
    this.setResult(ErrorCode.OK, id, pathStart, pathEnd);
    if (this.listener !== undefined) this.listener.created(id, parent, zxidHi, zxidLo);
  }

  private applyDelete(bytes: Uint8Array, start: number, end: number): number {
    const at = this.readPath(bytes, start, end);
    this.deletePath(bytes, this.pathStart, this.pathEnd);
    return at;
  }

  private deletePath(bytes: Uint8Array, pathStart: number, pathEnd: number): void {
    this.scanPath(bytes, pathStart, pathEnd);
    const parent = this.findParent(bytes, pathStart);
    const id = parent === -1 ? -1 : this.findHashed(this.pathHash, bytes, pathStart, pathEnd);
    if (parent !== -1 && id !== this.root) this.raisePzxid(parent);
    if (id === -1 || id === this.root) {
      this.setResult(ErrorCode.NONODE, -1, pathStart, pathEnd);
      return;
    }
    this.remove(id, parent, bytes, pathStart, pathEnd);
    this.setResult(ErrorCode.OK, -1, pathStart, pathEnd);
  }

  /**
   * Removes a znode. If a fuzzy snapshot already shows children of a later znode of that name, they go too: the log
   * creates them again.
   */
  private remove(id: number, parent: number, path: Uint8Array, pathStart: number, pathEnd: number): void {
    if (this.firstChild(id) !== -1) this.removeBelow(id);
    if (this.listener !== undefined) this.listener.deleted(id, parent, this.zxidHi, this.zxidLo);
    const dataLength = Math.max(0, this.dataLength(id));
    if (this.hasFlag(id, Flag.quota)) this.quotas.systemNodeDeleted(id);
    this.detach(id, pathEnd - pathStart);
    if (this.quotas.isActive) this.quotas.account(path, pathStart, pathEnd, -1, -dataLength);
  }

  private removeBelow(top: number): void {
    for (let id = this.firstChild(top); id !== -1; id = this.firstChild(top)) {
      while (this.firstChild(id) !== -1) id = this.firstChild(id);
      const end = this.copyToScratch(id);
      this.remove(id, this.parent(id), this.scratch, 0, end);
    }
  }

  private applySetData(bytes: Uint8Array, start: number, end: number): number {
    let at = this.readPath(bytes, start, end);
    this.need(at, 4, end);
    const dataLength = readInt32(bytes, at);
    const dataStart = at + 4;
    if (dataLength < -1) throw new MarshallingError('data of negative length', at);
    const dataEnd = dataStart + dataLength;
    at = dataLength === -1 ? dataStart : dataEnd;
    this.need(at, 4, end);
    this.changeData(bytes, dataStart, dataEnd, readInt32(bytes, at));
    return at + 4;
  }

  private changeData(bytes: Uint8Array, dataStart: number, dataEnd: number, version: number): void {
    const pathStart = this.pathStart;
    const pathEnd = this.pathEnd;
    const id = this.find(bytes, pathStart, pathEnd);
    if (id === -1) {
      this.setResult(ErrorCode.NONODE, -1, pathStart, pathEnd);
      return;
    }
    const oldLength = Math.max(0, this.dataLength(id));
    this.replaceData(id, bytes, dataStart, dataEnd);
    const chunk = this.columns.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * RECORD_WORDS;
    const isSystem = (chunk[at + Field.flagsAndName]! & Flag.system) !== 0;
    let change = 0;
    if (this.digestEnabled && !isSystem) {
      let crcPathData = id === this.root ? 0 : crc32(bytes, pathStart, pathEnd);
      if (dataEnd > dataStart) crcPathData = crc32(bytes, dataStart, dataEnd, crcPathData);
      change = crcOfPathDataChange(chunk[at + Field.crcPathData]! ^ crcPathData);
      chunk[at + Field.crcPathData] = crcPathData;
    }
    change ^=
      this.changeWord(chunk, at, Field.mzxidHi, this.zxidHi) ^ this.changeWord(chunk, at, Field.mzxidLo, this.zxidLo);
    change ^=
      this.changeWord(chunk, at, Field.mtimeHi, this.timeHi) ^ this.changeWord(chunk, at, Field.mtimeLo, this.timeLo);
    change ^= this.changeWord(chunk, at, Field.version, version);
    if (!isSystem) this.changeCrc(chunk, at, change);
    else if ((chunk[at + Field.flagsAndName]! & Flag.quota) !== 0) this.quotas.systemNodeChanged(id);
    if (this.quotas.isActive) {
      this.quotas.account(bytes, pathStart, pathEnd, 0, Math.max(0, dataEnd - dataStart) - oldLength);
    }
    this.setResult(ErrorCode.OK, id, pathStart, pathEnd);
    if (this.listener !== undefined) this.listener.changed(id, this.zxidHi, this.zxidLo);
  }

  private applySetAcl(bytes: Uint8Array, start: number, end: number): number {
    let at = this.readPath(bytes, start, end);
    this.need(at, 4, end);
    const aclKey = this.acls.internAt(bytes, at, end);
    at = this.acls.scannedTo;
    this.need(at, 4, end);
    const id = this.find(bytes, this.pathStart, this.pathEnd);
    if (id === -1) {
      this.acls.release(aclKey);
      this.setResult(ErrorCode.NONODE, -1, this.pathStart, this.pathEnd);
      return at + 4;
    }
    const chunk = this.chunkOf(id);
    const record = this.offsetOf(id);
    this.acls.release(chunk[record + Field.aclKey]!);
    chunk[record + Field.aclKey] = aclKey;
    const change = this.changeWord(chunk, record, Field.aversion, readInt32(bytes, at));
    if ((chunk[record + Field.flagsAndName]! & Flag.system) === 0) this.changeCrc(chunk, record, change);
    this.setResult(ErrorCode.OK, id, this.pathStart, this.pathEnd);
    return at + 4;
  }

  private applyCloseSession(bytes: Uint8Array, start: number, end: number): number {
    const behind = endOfStrings(bytes, start, end);
    const count = behind === -1 ? 0 : readInt32(bytes, start);
    let at = start + 4;
    for (let i = 0; i < count; i++) {
      const length = Math.max(0, readInt32(bytes, at));
      this.deletePath(bytes, at + 4, at + 4 + length);
      at += 4 + length;
    }
    this.deleteOwned(this.lastSessionHi, this.lastSessionLo);
    this.setResult(ErrorCode.OK, -1, 0, 0);
    return behind === -1 ? end : behind;
  }

  private deleteOwned(ownerHi: number, ownerLo: number): number {
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
  private raiseCversion(parent: number, cversion: number): void {
    const chunk = this.columns.chunks[parent >>> CHUNK_SHIFT]!;
    const at = (parent & CHUNK_MASK) * RECORD_WORDS;
    const old = chunk[at + Field.cversion]!;
    const raised = cversion === -1 ? (old + 1) | 0 : cversion;
    if (raised <= old) return;
    const change =
      this.changeWord(chunk, at, Field.cversion, raised) ^
      this.changeWord(chunk, at, Field.pzxidHi, this.zxidHi) ^
      this.changeWord(chunk, at, Field.pzxidLo, this.zxidLo);
    if ((chunk[at + Field.flagsAndName]! & Flag.system) === 0) this.changeCrc(chunk, at, change);
  }

  private raisePzxid(parent: number): void {
    const chunk = this.columns.chunks[parent >>> CHUNK_SHIFT]!;
    const at = (parent & CHUNK_MASK) * RECORD_WORDS;
    const hi = chunk[at + Field.pzxidHi]!;
    if (this.zxidHi < hi) return;
    if (this.zxidHi === hi && this.zxidLo >>> 0 <= chunk[at + Field.pzxidLo]! >>> 0) return;
    const change =
      this.changeWord(chunk, at, Field.pzxidHi, this.zxidHi) ^ this.changeWord(chunk, at, Field.pzxidLo, this.zxidLo);
    if ((chunk[at + Field.flagsAndName]! & Flag.system) === 0) this.changeCrc(chunk, at, change);
  }

  /** Sets a word of the Stat and returns the effect on the CRC. */
  private changeWord(chunk: Int32Array, at: number, field: number, value: number): number {
    const difference = chunk[at + field]! ^ value;
    chunk[at + field] = value;
    return difference === 0 || !this.digestEnabled ? 0 : crcOfWord(field, difference);
  }

  private changeCrc(chunk: Int32Array, at: number, change: number): void {
    if (change === 0) return;
    const old = chunk[at + Field.crc]!;
    this.digest.subtract(old);
    this.digest.add(old ^ change);
    chunk[at + Field.crc] = old ^ change;
  }

  private compareDigest(bytes: Uint8Array, at: number, end: number): void {
    if (this.fuzzyUntil !== undefined) {
      this.leaveFuzzyState();
      return;
    }
    if (end - at < TXN_DIGEST_BYTES || readInt32(bytes, at) !== DIGEST_VERSION) return;
    if (readInt32(bytes, at + 4) === this.digest.hi && readInt32(bytes, at + 8) === this.digest.lo) return;
    this.onDigestMismatch?.(this.zxidHi, this.zxidLo);
  }

  /** Once the zxid of the snapshot's digest is reached, compares; from the next transaction on, each one is. */
  private leaveFuzzyState(): void {
    const wanted = this.fuzzyUntil!;
    const isThere = this.lastZxidHi === wanted.zxidHi && this.lastZxidLo === wanted.zxidLo;
    const isBeyond =
      this.lastZxidHi > wanted.zxidHi ||
      (this.lastZxidHi === wanted.zxidHi && this.lastZxidLo >>> 0 > wanted.zxidLo >>> 0);
    if (!isThere && !isBeyond) return;
    this.fuzzyUntil = undefined;
    if (isThere && (wanted.hi !== this.digest.hi || wanted.lo !== this.digest.lo)) {
      this.onDigestMismatch?.(wanted.zxidHi, wanted.zxidLo);
    }
  }

  private findParent(bytes: Uint8Array, pathStart: number): number {
    const slash = this.nameStart - 1;
    return slash < pathStart ? -1 : this.findHashed(this.parentHash, bytes, pathStart, slash);
  }

  /** Splits a path at its last slash and hashes both parts in one go. */
  private scanPath(bytes: Uint8Array, start: number, end: number): void {
    const multiplier = this.multiplier;
    let hash = this.hashStart;
    let parentHash = hash;
    let nameStart = start;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === SLASH) {
        nameStart = i + 1;
        parentHash = hash;
      }
      hash = Math.imul(hash ^ byte, multiplier);
    }
    this.parentHash = parentHash;
    this.pathHash = hash;
    this.nameStart = nameStart;
  }

  private readPath(bytes: Uint8Array, at: number, end: number): number {
    this.need(at, 4, end);
    const length = readInt32(bytes, at);
    if (length < 0) throw new MarshallingError('a transaction without a path', at);
    this.need(at + 4, length, end);
    this.pathStart = at + 4;
    this.pathEnd = at + 4 + length;
    return this.pathEnd;
  }

  private need(at: number, count: number, end: number): void {
    if (at + count > end) throw new MarshallingError('a transaction that is cut off', at);
  }

  private setResult(error: number, node: number, pathStart: number, pathEnd: number): void {
    this.lastError = error;
    this.opNode = node;
    this.pathStart = pathStart;
    this.pathEnd = pathEnd;
  }

  private copyToScratch(id: number): number {
    const length = this.pathLength(id);
    if (length > this.scratch.length) this.scratch = new Uint8Array(length * 2);
    return this.copyPath(id, this.scratch, 0);
  }
}

/** The end of a vector<ustring>, or -1 when the bytes are not one. */
function endOfStrings(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 4) return -1;
  let at = start + 4;
  for (let i = readInt32(bytes, start); i > 0; i--) {
    if (at + 4 > end) return -1;
    const length = readInt32(bytes, at);
    if (length < -1 || at + 4 + length > end) return -1;
    at += 4 + Math.max(0, length);
  }
  return at;
}
