/**
 * Where names and data live: slabs of 4 MiB, cut into pages of 64 KiB, each page cut into blocks of one size. A block
 * that is freed goes on the list of its page; a page without a block in use can serve any other size; a slab without a
 * page in use is given back (save one). So a tree whose values change in size for an hour does not keep the sum of
 * what each size once needed.
 *
 * Sizes go in steps of 16 bytes up to 1 KiB, then in the steps that divide a page evenly, up to half a page. Anything
 * larger has a buffer of its own, rounded up by at most an eighth so that small changes of length stay in place.
 *
 * A reference is an int32: 16-byte units from the start of the first slab (hence at most 32 GiB), or the complement of
 * an index into the large buffers. A block is found from its reference alone; freeing needs its size too, which the
 * znode's record knows.
 */
const UNIT_SHIFT = 4;
const PAGE_UNIT_SHIFT = 12;
const PAGE_UNITS = 1 << PAGE_UNIT_SHIFT;
const SLAB_PAGES = 64;
const SLAB_PAGE_SHIFT = 6;
const SLAB_UNIT_SHIFT = 18;
const SLAB_UNIT_MASK = (1 << SLAB_UNIT_SHIFT) - 1;
export const SLAB_BYTES = 1 << (SLAB_UNIT_SHIFT + UNIT_SHIFT);
/** The first slab starts small, so that a tree of a few znodes is light, and is copied once when it is full. */
const FIRST_SLAB_PAGES = 4;
const PAGE_BYTES = PAGE_UNITS << UNIT_SHIFT;
const MAX_SLABS = 1 << (31 - SLAB_UNIT_SHIFT);

/** Up to this many units (1 KiB) a class per unit. */
const FINE_UNITS = 64;
/** The largest block in a slab: half a page. */
const MAX_BLOCK_UNITS = PAGE_UNITS / 2;
const MAX_BLOCK_BYTES = MAX_BLOCK_UNITS << UNIT_SHIFT;
const CLASSES = FINE_UNITS + 1 + FINE_UNITS;

/** Large buffers that are kept for the next value of the same size, in total. */
const CACHED_LARGE_BYTES = 8 << 20;

const NO_BYTES = new Uint8Array(0);

/** The class of a block; only for sizes up to half a page. */
function classOf(size: number): number {
  const units = (size + 15) >>> UNIT_SHIFT;
  if (units <= FINE_UNITS) return units === 0 ? 1 : units;
  return FINE_UNITS + FINE_UNITS - ((PAGE_UNITS / units) | 0);
}

const classUnits = Int32Array.from({ length: CLASSES }, (_, c) =>
  c <= FINE_UNITS ? Math.max(c, 1) : (PAGE_UNITS / (2 * FINE_UNITS - c)) | 0,
);
const classBlocks = classUnits.map((units) => (PAGE_UNITS / units) | 0);

/** Large sizes in eight steps per doubling. */
function largeBytes(size: number): number {
  const step = 1 << (31 - Math.clz32(size - 1) - 3);
  return Math.ceil(size / step) * step;
}

export class ByteSlabs {
  /** Indexed by `ref >>> 18`; a slab that was given back has length 0. */
  readonly slabs: Uint8Array[] = [];
  /** Indexed by `~ref`. */
  readonly large: Uint8Array[] = [];
  private readonly freeLarge: number[] = [];
  private readonly cache = new Map<number, Uint8Array[]>();
  private cachedBytes = 0;
  private largeTotal = 0;

  /** For each class the first page with a free block, or -1; linked through next and previous. */
  private readonly partial = new Int32Array(CLASSES).fill(-1);
  private pageLive = new Uint16Array(SLAB_PAGES);
  /** Unit of the first free block within the page, plus one; 0 for none. */
  private pageFreed = new Uint16Array(SLAB_PAGES);
  /** First unit of the page that was never used. */
  private pageFresh = new Uint16Array(SLAB_PAGES);
  private pageNext = new Int32Array(SLAB_PAGES);
  private pagePrevious = new Int32Array(SLAB_PAGES);
  /** First free page of each slab, linked through next; -1 for none. */
  private readonly slabFreePage: number[] = [];
  private readonly slabUsedPages: number[] = [];
  private openSlab = 0;
  private spareSlab = -1;

  /** The buffer that holds a block. */
  bytes(ref: number): Uint8Array {
    return ref >= 0 ? this.slabs[ref >>> SLAB_UNIT_SHIFT]! : this.large[~ref]!;
  }

  /** Where in that buffer the block begins. */
  offset(ref: number): number {
    return ref >= 0 ? (ref & SLAB_UNIT_MASK) << UNIT_SHIFT : 0;
  }

  /** Whether a block of `oldSize` bytes can hold `newSize` without waste: then it stays where it is. */
  fits(oldSize: number, newSize: number): boolean {
    if (oldSize <= MAX_BLOCK_BYTES) return newSize <= MAX_BLOCK_BYTES && classOf(oldSize) === classOf(newSize);
    return newSize > MAX_BLOCK_BYTES && largeBytes(oldSize) === largeBytes(newSize);
  }

  /**
   * A block of at least `size` bytes, of undefined content.
   * @throws RangeError beyond 32 GiB
   */
  allocate(size: number): number {
    if (size > MAX_BLOCK_BYTES) return this.allocateLarge(largeBytes(size));
    const c = classOf(size);
    let page = this.partial[c]!;
    if (page === -1) page = this.openPage(c);
    let unit = this.pageFreed[page]! - 1;
    if (unit === -1) {
      unit = this.pageFresh[page]!;
      this.pageFresh[page] = unit + classUnits[c]!;
    } else {
      const slab = this.slabs[page >>> SLAB_PAGE_SHIFT]!;
      const at = (((page & (SLAB_PAGES - 1)) << PAGE_UNIT_SHIFT) | unit) << UNIT_SHIFT;
      this.pageFreed[page] = slab[at]! | (slab[at + 1]! << 8);
    }
    if (++this.pageLive[page]! === classBlocks[c]!) this.unlink(c, page);
    return (page << PAGE_UNIT_SHIFT) | unit;
  }

  /** Gives back what {@link allocate} returned for the same size. */
  free(ref: number, size: number): void {
    if (ref < 0) {
      this.dropLarge(~ref);
      return;
    }
    const c = classOf(size);
    const page = ref >>> PAGE_UNIT_SHIFT;
    const slab = this.slabs[page >>> SLAB_PAGE_SHIFT]!;
    const at = (ref & SLAB_UNIT_MASK) << UNIT_SHIFT;
    const next = this.pageFreed[page]!;
    slab[at] = next;
    slab[at + 1] = next >>> 8;
    this.pageFreed[page] = (ref & (PAGE_UNITS - 1)) + 1;
    const live = this.pageLive[page]! - 1;
    this.pageLive[page] = live;
    if (live === classBlocks[c]! - 1) this.link(c, page);
    if (live === 0) {
      this.unlink(c, page);
      this.closePage(page);
    }
  }

  /** Bytes of all slabs and large buffers, touched or not. */
  get sizeBytes(): number {
    let sum = this.largeTotal + this.cachedBytes;
    for (const slab of this.slabs) sum += slab.byteLength;
    return sum;
  }

  private link(c: number, page: number): void {
    const head = this.partial[c]!;
    this.pageNext[page] = head;
    this.pagePrevious[page] = -1;
    if (head !== -1) this.pagePrevious[head] = page;
    this.partial[c] = page;
  }

  private unlink(c: number, page: number): void {
    const next = this.pageNext[page]!;
    const previous = this.pagePrevious[page]!;
    if (previous === -1) this.partial[c] = next;
    else this.pageNext[previous] = next;
    if (next !== -1) this.pagePrevious[next] = previous;
  }

  private openPage(c: number): number {
    let s = this.openSlab;
    while (s < this.slabs.length && this.slabUsedPages[s] === SLAB_PAGES) s++;
    this.openSlab = s;
    if (s === this.slabs.length || this.slabs[s]!.length === 0) this.addSlab(s);
    if (s === this.spareSlab) this.spareSlab = -1;
    const page = this.slabFreePage[s]!;
    this.slabFreePage[s] = this.pageNext[page]!;
    if (s === 0 && (page + 1) * PAGE_BYTES > this.slabs[0]!.length) this.growFirstSlab();
    this.slabUsedPages[s]!++;
    this.pageLive[page] = 0;
    this.pageFreed[page] = 0;
    this.pageFresh[page] = 0;
    this.link(c, page);
    return page;
  }

  private closePage(page: number): void {
    const s = page >>> SLAB_PAGE_SHIFT;
    this.pageNext[page] = this.slabFreePage[s]!;
    this.slabFreePage[s] = page;
    if (s < this.openSlab) this.openSlab = s;
    if (--this.slabUsedPages[s]! === 0) this.keepOrDropSlab(s);
  }

  private addSlab(s: number): void {
    if (s === MAX_SLABS) throw new RangeError('more than 32 GiB of names and data');
    const pages = (s + 1) * SLAB_PAGES;
    if (pages > this.pageNext.length) this.growPages(pages * 2);
    this.slabs[s] = new Uint8Array(s === 0 ? FIRST_SLAB_PAGES * PAGE_BYTES : SLAB_BYTES);
    this.slabUsedPages[s] = 0;
    this.slabFreePage[s] = s * SLAB_PAGES;
    for (let p = s * SLAB_PAGES; p < pages; p++) this.pageNext[p] = p + 1 === pages ? -1 : p + 1;
  }

  private growFirstSlab(): void {
    const grown = new Uint8Array(SLAB_BYTES);
    grown.set(this.slabs[0]!);
    this.slabs[0] = grown;
  }

  private growPages(length: number): void {
    const grow = <T extends Int32Array | Uint16Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.pageLive = grow(this.pageLive, new Uint16Array(length));
    this.pageFreed = grow(this.pageFreed, new Uint16Array(length));
    this.pageFresh = grow(this.pageFresh, new Uint16Array(length));
    this.pageNext = grow(this.pageNext, new Int32Array(length));
    this.pagePrevious = grow(this.pagePrevious, new Int32Array(length));
  }

  private keepOrDropSlab(s: number): void {
    if (this.spareSlab === -1) {
      this.spareSlab = s;
      return;
    }
    const drop = Math.max(s, this.spareSlab);
    this.spareSlab = Math.min(s, this.spareSlab);
    this.slabs[drop] = NO_BYTES;
    while (this.slabs.length > 0 && this.slabs[this.slabs.length - 1]!.length === 0) {
      this.slabs.pop();
      this.slabUsedPages.pop();
      this.slabFreePage.pop();
    }
  }

  private allocateLarge(length: number): number {
    const cached = this.cache.get(length)?.pop();
    if (cached !== undefined) this.cachedBytes -= length;
    const index = this.freeLarge.pop() ?? this.large.length;
    this.large[index] = cached ?? new Uint8Array(length);
    this.largeTotal += length;
    return ~index;
  }

  private dropLarge(index: number): void {
    const buffer = this.large[index]!;
    const length = buffer.length;
    this.large[index] = NO_BYTES;
    this.freeLarge.push(index);
    this.largeTotal -= length;
    if (this.cachedBytes + length > CACHED_LARGE_BYTES) return;
    const list = this.cache.get(length);
    if (list === undefined) this.cache.set(length, [buffer]);
    else list.push(buffer);
    this.cachedBytes += length;
  }
}
