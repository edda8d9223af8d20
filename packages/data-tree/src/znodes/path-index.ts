/**
 * From the hash of a path to a znode: one open-addressing table of int32, no path stored. A word holds an id in its
 * lower 26 bits and 6 bits of the hash above them, so that a probe that meets another znode's word seldom has to look
 * at that znode. A hit is confirmed by comparing components backwards along the parents.
 *
 * The table never grows at one blow. When it is too full (tombstones included) or much too empty, a second table is
 * put beside it, and each write moves a few slots of the old one; lookups ask both until the old one is drained.
 */
import { isSameRange } from './bytes.js';
import { NAME_LENGTH_MASK, Word, ZNODE_WORDS } from './fields.js';
import { CHUNK_MASK, CHUNK_SHIFT } from './record-chunks.js';
import type { ByteSlabs } from './slabs.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const W = Word;

const ID_BITS = 26;
const ID_MASK = (1 << ID_BITS) - 1;
const TAG_MASK = ~ID_MASK;
/** Word 0 is an empty slot, word 1 one whose znode is gone; ids begin at 2. */
const TOMBSTONE = 1;
const ID_BASE = 2;

const SLASH = 0x2f;
const MIN_BITS = 10;
/**
 * Slots of the old table that one write moves. With 8 a growth is done after an eighth as many writes as the old table
 * has slots, long before the new one can fill.
 */
const MOVED_SLOTS = 8;
/** The same for a table that is nearly empty: looking at an empty slot costs next to nothing. */
const MOVED_SPARSE_SLOTS = 64;

/** A first guess at what is to come may be far off. */
const MAX_GROWTH = 16;

/** Spreads the state of the path hash over the bits that choose slot and tag. */
const GOLDEN = 0x9e37_79b1 | 0;

export class PathIndex {
  private table = new Int32Array(1 << MIN_BITS);
  private shift = 32 - MIN_BITS;
  private live = 0;
  private dead = 0;
  /** The table being drained, and how far that has come. Slots below `drained` are settled: empty or dead. */
  private old: Int32Array | null = null;
  private oldShift = 0;
  private drained = 0;
  private movedSlots = MOVED_SLOTS;
  private expected = 0;

  constructor(
    private readonly chunks: readonly Int32Array[],
    private readonly slabs: ByteSlabs,
  ) {}

  get sizeBytes(): number {
    return this.table.byteLength + (this.old === null ? 0 : this.old.byteLength);
  }

  /** How many znodes are to come, as far as one can tell: growing then skips sizes. 0 ends it. */
  expect(count: number): void {
    this.expected = count;
  }

  /** The znode of a path, or -1. */
  find(hash: number, path: Uint8Array, start: number, end: number): number {
    const id = this.findIn(this.table, this.shift, hash, path, start, end);
    if (id !== -1 || this.old === null) return id;
    return this.findIn(this.old, this.oldShift, hash, path, start, end);
  }

  /** Adds a znode whose path is not in the index. */
  insert(hash: number, id: number): void {
    if (this.old !== null) this.drain(this.movedSlots);
    else if ((this.live + this.dead + 1) * 4 > this.table.length * 3) this.startResize();
    this.put(hash, id);
  }

  /** Removes a znode that is in the index. */
  remove(hash: number, id: number): void {
    if (this.old !== null) this.drain(this.movedSlots);
    if (!this.removeFrom(this.table, this.shift, hash, id)) {
      if (this.old !== null) this.removeFromOld(hash, id);
      return;
    }
    this.live--;
    if (this.old === null && this.live * 8 < this.table.length && this.table.length > 1 << MIN_BITS) this.startResize();
  }

  private findIn(table: Int32Array, shift: number, hash: number, path: Uint8Array, start: number, end: number): number {
    const spread = Math.imul(hash, GOLDEN);
    const tag = spread << ID_BITS;
    const mask = table.length - 1;
    for (let slot = spread >>> shift; ; slot = (slot + 1) & mask) {
      const word = table[slot]!;
      if (word === 0) return -1;
      if (((word ^ tag) & TAG_MASK) === 0) {
        const id = (word & ID_MASK) - ID_BASE;
        if (id >= 0 && this.hashOf(id) === hash && this.hasPath(id, path, start, end)) return id;
      }
    }
  }

  private hashOf(id: number): number {
    return this.chunks[id >>> CHUNK_SHIFT]![(id & CHUNK_MASK) * ZNODE_WORDS + W.pathHash]!;
  }

  /** Compares components from the last one up; the root, whose parent is -1, must meet the start of the path. */
  private hasPath(id: number, path: Uint8Array, start: number, end: number): boolean {
    const chunks = this.chunks;
    let node = id;
    let to = end;
    for (;;) {
      const chunk = chunks[node >>> CHUNK_SHIFT]!;
      const at = (node & CHUNK_MASK) * ZNODE_WORDS;
      const parent = chunk[at + W.parent]!;
      if (parent === -1) return to === start;
      const length = chunk[at + W.flagsAndName]! & NAME_LENGTH_MASK;
      const from = to - length;
      if (from <= start || path[from - 1] !== SLASH) return false;
      const ref = chunk[at + W.bytesRef]!;
      const bytes = this.slabs.bytes(ref);
      const offset = this.slabs.offset(ref);
      if (!isSameRange(bytes, offset, path, from, length)) return false;
      to = from - 1;
      node = parent;
    }
  }

  private put(hash: number, id: number): void {
    const table = this.table;
    const spread = Math.imul(hash, GOLDEN);
    const mask = table.length - 1;
    let slot = spread >>> this.shift;
    for (;;) {
      const word = table[slot]!;
      if (word === 0) break;
      if (word === TOMBSTONE) {
        this.dead--;
        break;
      }
      slot = (slot + 1) & mask;
    }
    table[slot] = (spread << ID_BITS) | (id + ID_BASE);
    this.live++;
  }

  /** Leaves a tombstone only where a probe has to go on behind the slot. */
  private removeFrom(table: Int32Array, shift: number, hash: number, id: number): boolean {
    const spread = Math.imul(hash, GOLDEN);
    const wanted = (spread << ID_BITS) | (id + ID_BASE);
    const mask = table.length - 1;
    let slot = spread >>> shift;
    for (;;) {
      const word = table[slot]!;
      if (word === 0) return false;
      if (word === wanted) break;
      slot = (slot + 1) & mask;
    }
    if (table[(slot + 1) & mask] !== 0) {
      table[slot] = TOMBSTONE;
      this.dead++;
      return true;
    }
    table[slot] = 0;
    for (slot = (slot - 1) & mask; table[slot] === TOMBSTONE; slot = (slot - 1) & mask) {
      table[slot] = 0;
      this.dead--;
    }
    return true;
  }

  private removeFromOld(hash: number, id: number): void {
    const table = this.old!;
    const spread = Math.imul(hash, GOLDEN);
    const wanted = (spread << ID_BITS) | (id + ID_BASE);
    const mask = table.length - 1;
    for (let slot = spread >>> this.oldShift; table[slot] !== 0; slot = (slot + 1) & mask) {
      if (table[slot] !== wanted) continue;
      table[slot] = TOMBSTONE;
      return;
    }
  }

  /** Twice the size when it is full of znodes, half when it is nearly empty, the same when it is full of tombstones. */
  private startResize(): void {
    const slots = this.table.length;
    const grow = this.live * 8 > slots * 3;
    let next = slots;
    if (grow) {
      next = slots * 2;
      while (next < slots * MAX_GROWTH && next < this.expected * 2) next *= 2;
    } else if (this.live * 8 < slots && slots > 1 << MIN_BITS) next = slots / 2;
    this.movedSlots = next < slots ? MOVED_SPARSE_SLOTS : MOVED_SLOTS;
    this.old = this.table;
    this.oldShift = this.shift;
    this.drained = 0;
    this.table = new Int32Array(next);
    this.shift = Math.clz32(next) + 1;
    this.live = 0;
    this.dead = 0;
    this.drain(this.movedSlots);
  }

  private drain(slots: number): void {
    const old = this.old!;
    const end = Math.min(old.length, this.drained + slots);
    for (let slot = this.drained; slot < end; slot++) {
      const word = old[slot]!;
      const id = (word & ID_MASK) - ID_BASE;
      if (id < 0) continue;
      this.put(this.hashOf(id), id);
      old[slot] = TOMBSTONE;
    }
    this.drained = end;
    if (end === old.length) this.old = null;
  }
}
