const UNIT_SHIFT = 4;
const CHUNK_UNIT_SHIFT = 12;
const CHUNK_UNIT_MASK = (1 << CHUNK_UNIT_SHIFT) - 1;
const CHUNK_BYTES = 1 << (UNIT_SHIFT + CHUNK_UNIT_SHIFT);
/** Longer paths, which are rare, get an array of their own. */
const MAX_UNITS = 64;

/**
 * Bytes of the paths that no znode holds, in blocks of whole 16-byte units: a free list per size, linked through the
 * blocks. An object per path would cost more than the path.
 */
export class PathStore {
  private chunks: Uint8Array[] = [];
  /** First free block per number of units, as unit number + 1; 0 for none. */
  private readonly free = new Int32Array(MAX_UNITS + 1);
  private endUnit = 0;
  private live = 0;
  /** Long paths by negative reference. */
  private readonly long = new Map<number, Uint8Array>();
  private nextLong = -1;

  /** Keeps a copy of `bytes[start, end)`; returns the reference to it. */
  add(bytes: Uint8Array, start: number, end: number): number {
    this.live++;
    const units = unitsOf(end - start);
    if (units > MAX_UNITS) {
      const ref = this.nextLong;
      this.nextLong = ref === -0x80000000 ? -1 : ref - 1;
      this.long.set(ref, bytes.slice(start, end));
      return ref;
    }
    const ref = this.allocate(units);
    const chunk = this.chunks[ref >> CHUNK_UNIT_SHIFT]!;
    let to = (ref & CHUNK_UNIT_MASK) << UNIT_SHIFT;
    for (let i = start; i < end; i++) chunk[to++] = bytes[i]!;
    return ref;
  }

  /** Forgets a path of this length. */
  remove(ref: number, length: number): void {
    this.live--;
    if (ref < 0) this.long.delete(ref);
    if (this.live === 0) {
      this.chunks = [];
      this.free.fill(0);
      this.endUnit = 0;
    } else if (ref >= 0) {
      const units = unitsOf(length);
      this.writeLink(ref, this.free[units]!);
      this.free[units] = ref + 1;
    }
  }

  isEqual(ref: number, bytes: Uint8Array, start: number, end: number): boolean {
    const stored = ref < 0 ? this.long.get(ref)! : this.chunks[ref >> CHUNK_UNIT_SHIFT]!;
    let from = ref < 0 ? 0 : (ref & CHUNK_UNIT_MASK) << UNIT_SHIFT;
    for (let i = start; i < end; i++) if (stored[from++] !== bytes[i]) return false;
    return true;
  }

  /** A view of a stored path, valid until the next change. */
  view(ref: number, length: number): Uint8Array {
    if (ref < 0) return this.long.get(ref)!;
    const from = (ref & CHUNK_UNIT_MASK) << UNIT_SHIFT;
    return this.chunks[ref >> CHUNK_UNIT_SHIFT]!.subarray(from, from + length);
  }

  private allocate(units: number): number {
    const reused = this.free[units]!;
    if (reused !== 0) {
      this.free[units] = this.readLink(reused - 1);
      return reused - 1;
    }
    // A block never crosses a chunk; what is left of the chunk is lost, at most 1 of 64 KiB.
    if ((this.endUnit & CHUNK_UNIT_MASK) + units > CHUNK_UNIT_MASK + 1) {
      this.endUnit = (this.endUnit + CHUNK_UNIT_MASK) & ~CHUNK_UNIT_MASK;
    }
    const ref = this.endUnit;
    if (ref >> CHUNK_UNIT_SHIFT === this.chunks.length) this.chunks.push(new Uint8Array(CHUNK_BYTES));
    this.endUnit += units;
    return ref;
  }

  private readLink(ref: number): number {
    const chunk = this.chunks[ref >> CHUNK_UNIT_SHIFT]!;
    const at = (ref & CHUNK_UNIT_MASK) << UNIT_SHIFT;
    return chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 24);
  }

  private writeLink(ref: number, link: number): void {
    const chunk = this.chunks[ref >> CHUNK_UNIT_SHIFT]!;
    const at = (ref & CHUNK_UNIT_MASK) << UNIT_SHIFT;
    chunk[at] = link;
    chunk[at + 1] = link >>> 8;
    chunk[at + 2] = link >>> 16;
    chunk[at + 3] = link >>> 24;
  }
}

function unitsOf(length: number): number {
  return Math.max(1, (length + 15) >> UNIT_SHIFT);
}
