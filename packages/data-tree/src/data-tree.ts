/**
 * The tree as a replica of the ensemble's state: committed transactions go in, as the bytes that lie in the log, and
 * change it exactly as they change every other server's tree (spec: disk format, sections 3.2 and 6).
 *
 * Applying is idempotent where it has to be: a snapshot is fuzzy, so transactions are applied again to a tree that
 * already contains some of their effects. Creates that find their znode, deletes that miss it, and the like are
 * results, not errors. A create, delete, setData or setACL with a known ACL allocates nothing, save a view for a value
 * of more than 40 bytes.
 */
import { ErrorCode, OpCode } from '@zk/model';
import { MarshallingError, readInt32 } from '@zk/jute';
import { type DigestOfZxid, DigestProof } from './digest-proof.js';
import type { PreparedChanges } from './prepared-changes.js';
import { TreeChanges } from './tree-changes.js';
import type { TreeListener } from './tree-listener.js';
import { DEFAULT_HASH_SEED } from './znodes/path-hash.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const CODE = ErrorCode;
const OP = OpCode;

/** TxnHeader: session, cxid, zxid, time, type. */
export const TXN_HEADER_BYTES = 32;

const CONTAINER_OWNER_HI = 0x8000_0000 | 0;
const TTL_OWNER_HI = 0xff00_0000 | 0;

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

export class DataTree extends TreeChanges {
  /** zxid of the last transaction applied, or of the snapshot. */
  lastZxidHi = 0;
  lastZxidLo = 0;
  /** Of the last `apply`. */
  lastType = 0;
  /** Of the last createSession. */
  lastTimeoutMs = 0;
  /** Told of a session before its ephemerals go with it. */
  onSessionEnding: ((idHi: number, idLo: number) => void) | undefined;
  /** Transactions applied since this object exists: 0 means that the digest is not one of a transaction yet. */
  appliedCount = 0;
  private readonly proof: DigestProof;

  constructor(options: DataTreeOptions = {}) {
    super(
      options.hashSeed ?? DEFAULT_HASH_SEED,
      options.extendedTypes ?? true,
      options.digestEnabled ?? true,
      options.listener,
    );
    this.proof = new DigestProof(this.digest, options.onDigestMismatch);
    if (options.isBare !== true) this.addSystemNodes();
  }

  /**
   * What is known of the transaction that is applied next: `count` changes, in the order in which the tree makes them (a
   * create or delete changes the parent, then the znode). Whoever validated it has looked its znodes up and computed its
   * checksums, which is half the cost of applying it.
   */
  supply(changes: PreparedChanges, count: number): void {
    this.prepared = changes;
    this.preparedCount = count;
  }

  /**
   * Applies `bytes[start, end)`: a transaction as in the log, that is TxnHeader, record, and maybe a TxnDigest.
   * @throws MarshallingError when the bytes are not a transaction; what came before the damage has been applied
   */
  apply(bytes: Uint8Array, start: number, end: number, visitor: ApplyVisitor | null = null): void {
    if (end - start < TXN_HEADER_BYTES) throw new MarshallingError('a transaction that is cut off', start);
    const type = readInt32(bytes, start + 28);
    this.lastType = type;
    this.lastError = CODE.OK;
    this.lastSessionHi = readInt32(bytes, start);
    this.lastSessionLo = readInt32(bytes, start + 4);
    const zxidHi = (this.zxidHi = readInt32(bytes, start + 12));
    const zxidLo = (this.zxidLo = readInt32(bytes, start + 16));
    this.timeHi = readInt32(bytes, start + 20);
    this.timeLo = readInt32(bytes, start + 24);
    const at = start + TXN_HEADER_BYTES;
    let behind: number;
    if (type === OP.multi) behind = this.applyMulti(bytes, at, end, visitor);
    else {
      behind = this.applyOp(type, bytes, at, end, true);
      if (visitor !== null) visitor.onOp(type, this.lastError, this.opNode, this.pathStart, this.pathEnd);
    }
    this.preparedCount = 0;
    this.appliedCount++;
    if (zxidHi > this.lastZxidHi || (zxidHi === this.lastZxidHi && zxidLo >>> 0 > this.lastZxidLo >>> 0)) {
      this.lastZxidHi = zxidHi;
      this.lastZxidLo = zxidLo;
    }
    if (!this.digestEnabled) return;
    if (this.proof.isFuzzy) this.proof.reached(this.lastZxidHi, this.lastZxidLo);
    else this.proof.compare(bytes, behind, end, zxidHi, zxidLo);
  }

  /** Everything that was written with the snapshot has been applied: a digest that still differs is wrong. */
  endLoading(): void {
    this.proof.settle();
  }

  /** Whether the digest is that of the last zxid: not while the tree may have more than that zxid says. */
  get hasDigestOfZxid(): boolean {
    return this.appliedCount > 0 && this.proof.isProved;
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

  /**
   * The tree came from a snapshot: its zxid, and the digest it must have once every transaction up to the zxid of that
   * digest has been applied again.
   * @internal
   */
  setLoaded(zxidHi: number, zxidLo: number, digest: DigestOfZxid | undefined): void {
    this.lastZxidHi = this.zxidHi = zxidHi;
    this.lastZxidLo = this.zxidLo = zxidLo;
    this.proof.loaded(digest);
    if (this.digestEnabled) this.proof.reached(zxidHi, zxidLo);
  }

  private applyMulti(bytes: Uint8Array, start: number, end: number, visitor: ApplyVisitor | null): number {
    this.need(start, 4, end);
    const count = readInt32(bytes, start);
    let hasFailed = false;
    let at = start + 4;
    for (let i = 0; i < count; i++) {
      this.need(at, 8, end);
      if (readInt32(bytes, at) === OP.error) hasFailed = true;
      const length = readInt32(bytes, at + 4);
      if (length < 0) throw new MarshallingError('an operation of a multi without a body', at);
      this.need(at + 8, length, end);
      at += 8 + length;
    }
    const behind = at;
    let firstError: number = CODE.OK;
    let isBeforeError = true;
    at = start + 4;
    for (let i = 0; i < count; i++) {
      const type = readInt32(bytes, at);
      const bodyEnd = at + 8 + readInt32(bytes, at + 4);
      if (hasFailed && type !== OP.error) {
        this.setResult(isBeforeError ? CODE.OK : CODE.RUNTIMEINCONSISTENCY, -1, 0, 0);
      } else {
        if (type === OP.error) isBeforeError = false;
        this.applyOp(type, bytes, at + 8, bodyEnd, false);
      }
      if (firstError === CODE.OK) firstError = this.lastError;
      if (visitor !== null) {
        visitor.onOp(hasFailed ? OP.error : type, this.lastError, this.opNode, this.pathStart, this.pathEnd);
      }
      at = bodyEnd;
    }
    this.lastError = firstError;
    return behind;
  }

  /** Applies one operation; returns the position behind its body. */
  private applyOp(type: number, bytes: Uint8Array, at: number, end: number, isWhole: boolean): number {
    switch (type) {
      case OP.create:
      case OP.create2:
      case OP.createContainer:
      case OP.createTTL:
        return this.applyCreate(type, bytes, at, end);
      case OP.delete:
      case OP.deleteContainer:
        return this.applyDelete(bytes, at, end);
      case OP.setData:
        return this.applySetData(bytes, at, end);
      case OP.error:
        this.need(at, 4, end);
        this.setResult(readInt32(bytes, at), -1, 0, 0);
        return at + 4;
    }
    if (isWhole) {
      if (type === OP.setACL) return this.applySetAcl(bytes, at, end);
      if (type === OP.reconfig) return this.applySetData(bytes, at, end);
      if (type === OP.createSession) {
        this.need(at, 4, end);
        this.lastTimeoutMs = readInt32(bytes, at);
        this.setResult(CODE.OK, -1, 0, 0);
        return at + 4;
      }
      if (type === OP.closeSession) return this.applyCloseSession(bytes, at, end);
    } else if (type === OP.check) {
      const behind = this.readPath(bytes, at, end);
      this.need(behind, 4, end);
      this.setResult(CODE.OK, -1, this.pathStart, this.pathEnd);
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
    if (type === OP.create || type === OP.create2) {
      this.need(at, 1, end);
      if (bytes[at++] !== 0) {
        ownerHi = this.lastSessionHi;
        ownerLo = this.lastSessionLo;
      }
    } else if (type === OP.createContainer) ownerHi = CONTAINER_OWNER_HI;
    // Missing in what an old server wrote: the parent's counter then just goes up.
    if (type !== OP.create) this.need(at, 4, end);
    const parentCversion = at + 4 <= end ? readInt32(bytes, at) : -1;
    at = Math.min(end, at + 4);
    if (type === OP.createTTL) {
      this.need(at, 8, end);
      ownerHi = TTL_OWNER_HI | readInt32(bytes, at);
      ownerLo = readInt32(bytes, at + 4);
      at += 8;
    }
    this.createZnode(type, bytes, dataStart, dataEnd, aclKey, ownerHi, ownerLo, parentCversion);
    return at;
  }

  private applyDelete(bytes: Uint8Array, start: number, end: number): number {
    const at = this.readPath(bytes, start, end);
    this.deletePath(bytes, this.pathStart, this.pathEnd);
    return at;
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

  private applySetAcl(bytes: Uint8Array, start: number, end: number): number {
    let at = this.readPath(bytes, start, end);
    this.need(at, 4, end);
    const aclKey = this.acls.internAt(bytes, at, end);
    at = this.acls.scannedTo;
    this.need(at, 4, end);
    this.changeAcl(bytes, aclKey, readInt32(bytes, at));
    return at + 4;
  }

  private applyCloseSession(bytes: Uint8Array, start: number, end: number): number {
    this.onSessionEnding?.(this.lastSessionHi, this.lastSessionLo);
    const behind = endOfStrings(bytes, start, end);
    const count = behind === -1 ? 0 : readInt32(bytes, start);
    let at = start + 4;
    for (let i = 0; i < count; i++) {
      const length = Math.max(0, readInt32(bytes, at));
      this.deletePath(bytes, at + 4, at + 4 + length);
      at += 4 + length;
    }
    this.deleteOwned(this.lastSessionHi, this.lastSessionLo);
    this.setResult(CODE.OK, -1, 0, 0);
    return behind === -1 ? end : behind;
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
