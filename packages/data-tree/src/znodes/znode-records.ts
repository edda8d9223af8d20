/**
 * Reading znodes: the words of their short records, their bytes, and the links between them.
 *
 * A znode is a number from its creation to its deletion; afterwards the number may name another one.
 */
import { copyBytes, utf8Text, writeInt32 } from '@zk/jute';
import { Flag, KIND_SHIFT, NAME_LENGTH_MASK, Word, ZNODE_WORDS } from './fields.js';
import { CHUNK_MASK, CHUNK_SHIFT, RecordChunks } from './record-chunks.js';
import { ByteSlabs } from './slabs.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const W = Word;
const FLAG = Flag;

const SLASH = 0x2f;

export class ZnodeRecords {
  /** Znode id of `/`. */
  readonly root: number = 0;
  /** @internal */
  readonly znodes = new RecordChunks(ZNODE_WORDS);
  /** The words of a short record begin at `(id & CHUNK_MASK) * ZNODE_WORDS` in `chunks[id >>> CHUNK_SHIFT]`. @internal */
  readonly chunks = this.znodes.chunks;
  /** @internal */
  readonly slabs = new ByteSlabs();

  /** One word of a short record. @internal */
  word(id: number, word: number): number {
    return this.chunks[id >>> CHUNK_SHIFT]![(id & CHUNK_MASK) * ZNODE_WORDS + word]!;
  }

  /** @internal */
  setWord(id: number, word: number, value: number): void {
    this.chunks[id >>> CHUNK_SHIFT]![(id & CHUNK_MASK) * ZNODE_WORDS + word] = value;
  }

  /** Key into {@link acls}; -1 is the open list. */
  aclKey(id: number): number {
    return this.word(id, W.aclKey);
  }

  /** The hash of the path, as {@link hashPath} computes it. */
  pathHashOf(id: number): number {
    return this.word(id, W.pathHash);
  }

  /** One of {@link ZnodeKind}. */
  kind(id: number): number {
    return (this.word(id, W.flagsAndName) & FLAG.kindMask) >>> KIND_SHIFT;
  }

  /** Whether any of these bits (see Flag) is set. */
  hasFlag(id: number, bits: number): boolean {
    return (this.word(id, W.flagsAndName) & bits) !== 0;
  }

  setFlag(id: number, bits: number): void {
    this.setWord(id, W.flagsAndName, this.word(id, W.flagsAndName) | bits);
  }

  /** Bytes of data; -1 for null. */
  dataLength(id: number): number {
    return this.word(id, W.dataLength);
  }

  /** Copies the data to `out`; returns the position behind it. */
  copyData(id: number, out: Uint8Array, at: number): number {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const record = (id & CHUNK_MASK) * ZNODE_WORDS;
    const length = chunk[record + W.dataLength]!;
    if (length <= 0) return at;
    const ref = chunk[record + W.bytesRef]!;
    const start = this.slabs.offset(ref) + (chunk[record + W.flagsAndName]! & NAME_LENGTH_MASK);
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

  /** -1 when there is none. The order of siblings means nothing. */
  firstChild(id: number): number {
    return this.hasFlag(id, FLAG.stat) ? this.word(id, W.firstChild) : -1;
  }

  childCount(id: number): number {
    return this.hasFlag(id, FLAG.stat) ? this.word(id, W.childCount) : 0;
  }

  nextSibling(id: number): number {
    return this.word(id, W.nextSibling);
  }

  /** -1 for the root. */
  parent(id: number): number {
    return this.word(id, W.parent);
  }

  nameLength(id: number): number {
    return this.word(id, W.flagsAndName) & NAME_LENGTH_MASK;
  }

  /** Copies the last component of the path to `out`; returns the position behind it. */
  copyName(id: number, out: Uint8Array, at: number): number {
    const ref = this.word(id, W.bytesRef);
    const start = this.slabs.offset(ref);
    return copyBytes(this.slabs.bytes(ref), start, start + this.nameLength(id), out, at);
  }

  /** Bytes that {@link writeChildNames} writes. */
  childNamesBytes(id: number): number {
    const { chunks } = this;
    let bytes = 4;
    for (let child = this.firstChild(id); child !== -1;) {
      const chunk = chunks[child >>> CHUNK_SHIFT]!;
      const at = (child & CHUNK_MASK) * ZNODE_WORDS;
      bytes += 4 + (chunk[at + W.flagsAndName]! & NAME_LENGTH_MASK);
      child = chunk[at + W.nextSibling]!;
    }
    return bytes;
  }

  /** Writes the names of the children as a vector<ustring>; returns the position behind it. */
  writeChildNames(id: number, out: Uint8Array, at: number): number {
    const { chunks, slabs } = this;
    writeInt32(out, at, this.childCount(id));
    let to = at + 4;
    for (let child = this.firstChild(id); child !== -1;) {
      const chunk = chunks[child >>> CHUNK_SHIFT]!;
      const record = (child & CHUNK_MASK) * ZNODE_WORDS;
      const length = chunk[record + W.flagsAndName]! & NAME_LENGTH_MASK;
      const ref = chunk[record + W.bytesRef]!;
      const start = slabs.offset(ref);
      writeInt32(out, to, length);
      to = copyBytes(slabs.bytes(ref), start, start + length, out, to + 4);
      child = chunk[record + W.nextSibling]!;
    }
    return to;
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

  /** Znodes below this one, at any depth. */
  descendantCount(id: number): number {
    if (id === this.root) return this.znodes.count - 1;
    return this.hasFlag(id, FLAG.stat) ? this.word(id, W.descendants) : 0;
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
