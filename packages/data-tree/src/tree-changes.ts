/**
 * The changes a transaction can make to the tree, with their effects on the parent, on the digest, on quotas and on
 * whoever listens. Arguments come from the fields of the transaction in hand and from ranges of its bytes.
 */
import { ErrorCode, OpCode } from '@zk/model';
import { crcOfNewStat, crcOfPathAndData, crcOfPathDataChange, crcOfWord } from './digest.js';
import { LoadableTree } from './loadable-tree.js';
import type { PreparedChanges, PreparedZnode } from './prepared-changes.js';
import { Quotas } from './quotas.js';
import type { TreeListener } from './tree-listener.js';
import { Field, Flag, Word, ZNODE_WORDS, ZnodeKind } from './znodes/fields.js';
import { kindOfOwner } from './znodes/owners.js';
import { CHUNK_MASK, CHUNK_SHIFT } from './znodes/record-chunks.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const F = Field;
const W = Word;
const FLAG = Flag;
const KIND = ZnodeKind;
const CODE = ErrorCode;

const SLASH = 0x2f;

export class TreeChanges extends LoadableTree {
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
  protected scratch = new Uint8Array(256);
  protected prepared: PreparedChanges | null = null;
  protected preparedCount = 0;
  /** Removals that no {@link PreparedZnode} was told of: whoever remembers a znode from before must look again. */
  strays = 0;

  constructor(
    hashSeed: number,
    extendedTypes: boolean,
    digestEnabled: boolean,
    public listener: TreeListener | undefined,
  ) {
    super(hashSeed, extendedTypes, digestEnabled);
    this.quotas = new Quotas(this, this.hashStart, this.multiplier);
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
    const isPrepared = this.preparedCount > 1;
    const knownParent = isPrepared ? this.nextPrepared() : null;
    const known = isPrepared ? this.nextPrepared() : null;
    const parent = this.parentFor(knownParent, known, bytes, pathStart, pathEnd);
    if (parent === -1) {
      this.acls.release(aclKey);
      this.setResult(CODE.NONODE, -1, pathStart, pathEnd);
      return;
    }
    const present =
      known !== null && known.strays === this.strays
        ? known.node
        : this.findHashed(this.pathHash, bytes, pathStart, pathEnd);
    if (present !== -1) {
      this.acls.release(this.aclKey(present));
      this.setWord(present, W.aclKey, aclKey);
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
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    chunk[at + W.czxidHi] = zxidHi;
    chunk[at + W.czxidLo] = zxidLo;
    chunk[at + W.ctimeHi] = timeHi;
    chunk[at + W.ctimeLo] = timeLo;
    chunk[at + W.aclKey] = aclKey;
    const flags = chunk[at + W.flagsAndName]!;
    let crcPathData = 0;
    let crc = 0;
    if ((flags & FLAG.counted) !== 0) {
      if (known !== null) {
        crcPathData = this.prepared!.crcPathData;
        crc = this.prepared!.crc;
      } else {
        crcPathData = crcOfPathAndData(bytes, pathStart, pathEnd, bytes, dataStart, dataEnd);
        crc = crcOfNewStat(crcPathData, zxidHi, zxidLo, timeHi, timeLo, ownerHi, ownerLo);
      }
      this.digest.add(crc);
    }
    chunk[at + W.crcPathData] = crcPathData;
    chunk[at + W.crc] = crc;
    if (known !== null) {
      known.node = id;
      known.strays = this.strays;
    }
    if (kind !== KIND.persistent) this.addOwner(id, kind, ownerHi, ownerLo);
    if ((flags & FLAG.system) !== 0) this.quotas.systemNodeCreated(id);
    if (this.quotas.isActive) this.quotas.account(bytes, pathStart, pathEnd, 1, Math.max(0, dataEnd - dataStart));
    this.setResult(CODE.OK, id, pathStart, pathEnd);
    if (this.listener !== undefined) this.listener.created(id, parent, zxidHi, zxidLo);
  }

  private addOwner(id: number, kind: number, ownerHi: number, ownerLo: number): void {
    const stat = this.ensureStat(id);
    const words = this.statWords(stat);
    const at = this.statAt(stat);
    words[at + F.ownerHi] = ownerHi;
    words[at + F.ownerLo] = ownerLo;
    this.owners.add(kind, ownerHi, ownerLo, id);
  }

  protected deletePath(bytes: Uint8Array, pathStart: number, pathEnd: number): void {
    const isPrepared = this.preparedCount > 1;
    const knownParent = isPrepared ? this.nextPrepared() : null;
    const known = isPrepared ? this.nextPrepared() : null;
    const parent = this.parentFor(knownParent, known, bytes, pathStart, pathEnd);
    let id = -1;
    if (known !== null && known.strays === this.strays) id = known.node;
    else if (parent !== -1) id = this.findHashed(this.pathHash, bytes, pathStart, pathEnd);
    if (parent !== -1 && id !== this.root) this.raisePzxid(parent);
    if (id === -1 || id === this.root) {
      this.setResult(CODE.NONODE, -1, pathStart, pathEnd);
      return;
    }
    this.remove(id, parent, bytes, pathStart, pathEnd);
    if (known !== null) known.node = -1;
    else this.strays++;
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
      this.strays++;
      while (this.firstChild(id) !== -1) id = this.firstChild(id);
      const end = this.copyToScratch(id);
      this.remove(id, this.parent(id), this.scratch, 0, end);
    }
  }

  protected changeData(bytes: Uint8Array, dataStart: number, dataEnd: number, version: number): void {
    const pathStart = this.pathStart;
    const pathEnd = this.pathEnd;
    const known = this.preparedCount > 0 ? this.nextPrepared() : null;
    const id = known !== null && known.strays === this.strays ? known.node : this.find(bytes, pathStart, pathEnd);
    if (id === -1) {
      this.setResult(CODE.NONODE, -1, pathStart, pathEnd);
      return;
    }
    const oldLength = Math.max(0, this.dataLength(id));
    this.replaceData(id, bytes, dataStart, dataEnd);
    const stat = this.ensureStat(id);
    const words = this.statWords(stat);
    const at = this.statAt(stat);
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const record = (id & CHUNK_MASK) * ZNODE_WORDS;
    const flags = chunk[record + W.flagsAndName]!;
    if ((flags & FLAG.counted) === 0) {
      this.setModified(words, at, version);
      if ((flags & FLAG.quota) !== 0) this.quotas.systemNodeChanged(id);
    } else if (known !== null) {
      this.setModified(words, at, version);
      this.replaceCrcs(chunk, record, this.prepared!.crc, this.prepared!.crcPathData);
    } else {
      const isRoot = id === this.root;
      const crcPathData = crcOfPathAndData(bytes, pathStart, isRoot ? pathStart : pathEnd, bytes, dataStart, dataEnd);
      const crc =
        chunk[record + W.crc]! ^
        crcOfPathDataChange(chunk[record + W.crcPathData]! ^ crcPathData) ^
        this.changeWord(words, at, F.mzxidHi, this.zxidHi) ^
        this.changeWord(words, at, F.mzxidLo, this.zxidLo) ^
        this.changeWord(words, at, F.mtimeHi, this.timeHi) ^
        this.changeWord(words, at, F.mtimeLo, this.timeLo) ^
        this.changeWord(words, at, F.version, version);
      this.replaceCrcs(chunk, record, crc, crcPathData);
    }
    if (this.quotas.isActive) {
      this.quotas.account(bytes, pathStart, pathEnd, 0, Math.max(0, dataEnd - dataStart) - oldLength);
    }
    this.setResult(CODE.OK, id, pathStart, pathEnd);
    if (this.listener !== undefined) this.listener.changed(id, this.zxidHi, this.zxidLo);
  }

  private setModified(words: Int32Array, at: number, version: number): void {
    words[at + F.mzxidHi] = this.zxidHi;
    words[at + F.mzxidLo] = this.zxidLo;
    words[at + F.mtimeHi] = this.timeHi;
    words[at + F.mtimeLo] = this.timeLo;
    words[at + F.version] = version;
  }

  private replaceCrcs(chunk: Int32Array, at: number, crc: number, crcPathData: number): void {
    this.digest.subtract(chunk[at + W.crc]!);
    this.digest.add(crc);
    chunk[at + W.crc] = crc;
    chunk[at + W.crcPathData] = crcPathData;
  }

  protected changeAcl(bytes: Uint8Array, aclKey: number, aversion: number): void {
    const known = this.preparedCount > 0 ? this.nextPrepared() : null;
    const id =
      known !== null && known.strays === this.strays ? known.node : this.find(bytes, this.pathStart, this.pathEnd);
    if (id === -1) {
      this.acls.release(aclKey);
      this.setResult(CODE.NONODE, -1, this.pathStart, this.pathEnd);
      return;
    }
    this.acls.release(this.aclKey(id));
    this.setWord(id, W.aclKey, aclKey);
    const stat = this.ensureStat(id);
    this.changeCrc(id, this.changeWord(this.statWords(stat), this.statAt(stat), F.aversion, aversion));
    this.setResult(CODE.OK, id, this.pathStart, this.pathEnd);
  }

  protected deleteOwned(ownerHi: number, ownerLo: number): number {
    let count = 0;
    for (let list = this.owners.of(ownerHi, ownerLo); list !== undefined && list.head !== -1; count++) {
      const id = list.head;
      const parent = this.parent(id);
      this.raisePzxid(parent);
      // Before the path is written down, since it is written to the same place.
      this.removeBelow(id);
      const end = this.copyToScratch(id);
      this.remove(id, parent, this.scratch, 0, end);
      this.strays++;
    }
    return count;
  }

  /** The cversion as the transaction has it, if that is higher; -1 counts on from what is there. pzxid goes with it. */
  protected raiseCversion(parent: number, cversion: number): void {
    const stat = this.ensureStat(parent);
    const words = this.statWords(stat);
    const at = this.statAt(stat);
    const old = words[at + F.cversion]!;
    const raised = cversion === -1 ? (old + 1) | 0 : cversion;
    if (raised <= old) return;
    const change =
      this.changeWord(words, at, F.cversion, raised) ^
      this.changeWord(words, at, F.pzxidHi, this.zxidHi) ^
      this.changeWord(words, at, F.pzxidLo, this.zxidLo);
    this.changeCrc(parent, change);
  }

  protected raisePzxid(parent: number): void {
    const stat = this.ensureStat(parent);
    const words = this.statWords(stat);
    const at = this.statAt(stat);
    const hi = words[at + F.pzxidHi]!;
    if (this.zxidHi < hi) return;
    if (this.zxidHi === hi && this.zxidLo >>> 0 <= words[at + F.pzxidLo]! >>> 0) return;
    const change =
      this.changeWord(words, at, F.pzxidHi, this.zxidHi) ^ this.changeWord(words, at, F.pzxidLo, this.zxidLo);
    this.changeCrc(parent, change);
  }

  protected nextPrepared(): PreparedZnode {
    this.preparedCount--;
    return this.prepared!.next();
  }

  /** As {@link findParent}, with what was known before. */
  private parentFor(
    knownParent: PreparedZnode | null,
    known: PreparedZnode | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    if (knownParent === null || knownParent.strays !== this.strays) return this.findParent(bytes, start, end);
    let slash = end - 1;
    while (bytes[slash] !== SLASH) slash--;
    this.nameStart = slash + 1;
    this.pathHash = known!.hash;
    return knownParent.node;
  }

  /** Sets a word of a Stat record and returns the effect on the CRC. */
  protected changeWord(words: Int32Array, at: number, field: number, value: number): number {
    const difference = words[at + field]! ^ value;
    words[at + field] = value;
    return difference === 0 || !this.digestEnabled ? 0 : crcOfWord(field, difference);
  }

  protected changeCrc(id: number, change: number): void {
    if (change === 0) return;
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    if ((chunk[at + W.flagsAndName]! & FLAG.counted) === 0) return;
    const old = chunk[at + W.crc]!;
    this.digest.subtract(old);
    this.digest.add(old ^ change);
    chunk[at + W.crc] = old ^ change;
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
