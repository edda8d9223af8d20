/**
 * Reading znodes: the words of their records, their bytes, and the links between them.
 *
 * A znode is a number from its creation to its deletion; afterwards the number may name another one.
 */
import { copyBytes, utf8Text, writeInt32 } from '@zk/jute';
import { CHUNK_MASK, CHUNK_SHIFT, ZnodeColumns } from './columns.js';
import { Field, Flag, KIND_SHIFT, NAME_LENGTH_MASK, RECORD_WORDS, ZnodeKind } from './fields.js';
import { ByteSlabs } from './slabs.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const F = Field;
const FLAG = Flag;
const KIND = ZnodeKind;

const SLASH = 0x2f;
const TTL_HI_MASK = 0xff;
const TWO_POW_32 = 0x1_0000_0000;

export class ZnodeRecords {
  /** Znode id of `/`. */
  readonly root: number = 0;
  /** @internal */
  readonly columns = new ZnodeColumns();
  /** @internal */
  readonly chunks = this.columns.chunks;
  /** @internal */
  readonly slabs = new ByteSlabs();

  /** The words of a znode's record begin at {@link offsetOf} in this chunk; see Field. */
  chunkOf(id: number): Int32Array {
    return this.chunks[id >>> CHUNK_SHIFT]!;
  }

  offsetOf(id: number): number {
    return (id & CHUNK_MASK) * RECORD_WORDS;
  }

  /** One word of a record. */
  word(id: number, field: number): number {
    return this.chunks[id >>> CHUNK_SHIFT]![(id & CHUNK_MASK) * RECORD_WORDS + field]!;
  }

  /** @internal */
  setWord(id: number, field: number, value: number): void {
    this.chunks[id >>> CHUNK_SHIFT]![(id & CHUNK_MASK) * RECORD_WORDS + field] = value;
  }

  version(id: number): number {
    return this.word(id, F.version);
  }

  /** As stored: children ever created. */
  cversion(id: number): number {
    return this.word(id, F.cversion);
  }

  aversion(id: number): number {
    return this.word(id, F.aversion);
  }

  childCount(id: number): number {
    return this.word(id, F.childCount);
  }

  /** Key into {@link acls}; -1 is the open list. */
  aclKey(id: number): number {
    return this.word(id, F.aclKey);
  }

  /** The ephemeralOwner as stored. */
  ownerHi(id: number): number {
    return this.word(id, F.ownerHi);
  }

  ownerLo(id: number): number {
    return this.word(id, F.ownerLo);
  }

  mtimeMs(id: number): number {
    return this.word(id, F.mtimeHi) * TWO_POW_32 + (this.word(id, F.mtimeLo) >>> 0);
  }

  mzxidHi(id: number): number {
    return this.word(id, F.mzxidHi);
  }

  mzxidLo(id: number): number {
    return this.word(id, F.mzxidLo);
  }

  pzxidHi(id: number): number {
    return this.word(id, F.pzxidHi);
  }

  pzxidLo(id: number): number {
    return this.word(id, F.pzxidLo);
  }

  /** One of {@link ZnodeKind}. */
  kind(id: number): number {
    return (this.word(id, F.flagsAndName) & FLAG.kindMask) >>> KIND_SHIFT;
  }

  /** Time to live of a TTL node. */
  ttlMs(id: number): number {
    return (this.word(id, F.ownerHi) & TTL_HI_MASK) * TWO_POW_32 + (this.word(id, F.ownerLo) >>> 0);
  }

  /** Whether any of these bits (see Flag) is set. */
  hasFlag(id: number, bits: number): boolean {
    return (this.word(id, F.flagsAndName) & bits) !== 0;
  }

  setFlag(id: number, bits: number): void {
    this.setWord(id, F.flagsAndName, this.word(id, F.flagsAndName) | bits);
  }

  clearFlag(id: number, bits: number): void {
    this.setWord(id, F.flagsAndName, this.word(id, F.flagsAndName) & ~bits);
  }

  /** Bytes of data; -1 for null. */
  dataLength(id: number): number {
    return this.word(id, F.dataLength);
  }

  /** Copies the data to `out`; returns the position behind it. */
  copyData(id: number, out: Uint8Array, at: number): number {
    const chunk = this.chunkOf(id);
    const record = this.offsetOf(id);
    const length = chunk[record + F.dataLength]!;
    if (length <= 0) return at;
    const ref = chunk[record + F.bytesRef]!;
    const start = this.slabs.offset(ref) + (chunk[record + F.flagsAndName]! & NAME_LENGTH_MASK);
    return copyBytes(this.slabs.bytes(ref), start, start + length, out, at);
  }

  /** A copy of the data; null when it is null. */
  dataBytes(id: number): Uint8Array<ArrayBuffer> | null {
    const length = this.dataLength(id);
    if (length < 0) return null;
    const out = new Uint8Array(length);
    this.copyData(id, out, 0);
    return out;
  }

  /** Writes the 68 bytes of the Stat a client sees (spec: server semantics, section 8). */
  writeStat(id: number, out: Uint8Array, at: number): void {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const record = (id & CHUNK_MASK) * RECORD_WORDS;
    // Written out: a loop with its tests inside takes half as long again.
    writeInt32(out, at, chunk[record + F.czxidHi]!);
    writeInt32(out, at + 4, chunk[record + F.czxidLo]!);
    writeInt32(out, at + 8, chunk[record + F.mzxidHi]!);
    writeInt32(out, at + 12, chunk[record + F.mzxidLo]!);
    writeInt32(out, at + 16, chunk[record + F.ctimeHi]!);
    writeInt32(out, at + 20, chunk[record + F.ctimeLo]!);
    writeInt32(out, at + 24, chunk[record + F.mtimeHi]!);
    writeInt32(out, at + 28, chunk[record + F.mtimeLo]!);
    writeInt32(out, at + 32, chunk[record + F.version]!);
    const childCount = chunk[record + F.childCount]!;
    writeInt32(out, at + 36, 2 * chunk[record + F.cversion]! - childCount);
    writeInt32(out, at + 40, chunk[record + F.aversion]!);
    const hidesOwner = (chunk[record + F.flagsAndName]! & FLAG.kindMask) >>> KIND_SHIFT >= KIND.container;
    writeInt32(out, at + 44, hidesOwner ? 0 : chunk[record + F.ownerHi]!);
    writeInt32(out, at + 48, hidesOwner ? 0 : chunk[record + F.ownerLo]!);
    const dataLength = chunk[record + F.dataLength]!;
    writeInt32(out, at + 52, dataLength < 0 ? 0 : dataLength);
    writeInt32(out, at + 56, childCount);
    writeInt32(out, at + 60, chunk[record + F.pzxidHi]!);
    writeInt32(out, at + 64, chunk[record + F.pzxidLo]!);
  }

  /** -1 when there is none. The order of siblings means nothing. */
  firstChild(id: number): number {
    return this.word(id, F.firstChild);
  }

  nextSibling(id: number): number {
    return this.word(id, F.nextSibling);
  }

  /** -1 for the root. */
  parent(id: number): number {
    return this.word(id, F.parent);
  }

  nameLength(id: number): number {
    return this.word(id, F.flagsAndName) & NAME_LENGTH_MASK;
  }

  /** Copies the last component of the path to `out`; returns the position behind it. */
  copyName(id: number, out: Uint8Array, at: number): number {
    const ref = this.word(id, F.bytesRef);
    const start = this.slabs.offset(ref);
    return copyBytes(this.slabs.bytes(ref), start, start + this.nameLength(id), out, at);
  }

  /** Bytes of the full path; 1 for the root. */
  pathLength(id: number): number {
    let length = 0;
    for (let node = id; node !== this.root; node = this.parent(node)) length += 1 + this.nameLength(node);
    return length === 0 ? 1 : length;
  }

  /** Copies the full path to `out`; returns the position behind it. */
  copyPath(id: number, out: Uint8Array, at: number): number {
    const end = at + this.pathLength(id);
    if (id === this.root) out[at] = SLASH;
    let to = end;
    for (let node = id; node !== this.root; node = this.parent(node)) {
      to -= this.nameLength(node);
      this.copyName(node, out, to);
      out[--to] = SLASH;
    }
    return end;
  }

  pathOf(id: number): string {
    const out = new Uint8Array(this.pathLength(id));
    this.copyPath(id, out, 0);
    return utf8Text(out);
  }

  /** Znodes below this one, at any depth. Walks them all, save for the root. */
  descendantCount(id: number): number {
    if (id === this.root) return this.columns.count - 1;
    let count = -1;
    for (let node = id; node !== -1; node = this.following(node, id)) count++;
    return count;
  }

  /** The znode after this one in depth-first order within the subtree of `top`; -1 at the end. */
  following(id: number, top: number): number {
    const child = this.firstChild(id);
    return child === -1 ? this.followingSubtree(id, top) : child;
  }

  /** As {@link following}, passing over what lies below this one. */
  followingSubtree(id: number, top: number): number {
    for (let node = id; node !== top; node = this.parent(node)) {
      const sibling = this.nextSibling(node);
      if (sibling !== -1) return sibling;
    }
    return -1;
  }
}
