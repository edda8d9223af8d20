/**
 * Where records of one length live: `Int32Array` chunks of 65,536 records each. A full-sized chunk is never moved, so
 * growing costs no copy and an id stays valid for the life of its record; the operating system hands out the pages of a
 * chunk as they are first touched. Only the first chunk starts small and is copied, twice, so that a tree of a few
 * znodes is light: a reference to a chunk must not be kept while records are added.
 *
 * Ids that become free are taken again from the lowest chunk that has any, which empties the upper chunks over time; a
 * chunk without a record is given back, save one that is kept so that a tree breathing around a boundary does not
 * allocate again and again.
 */
export const CHUNK_SHIFT = 16;
export const CHUNK_RECORDS = 1 << CHUNK_SHIFT;
export const CHUNK_MASK = CHUNK_RECORDS - 1;

/** The index packs an id into 26 bits beside 6 bits of hash. */
const MAX_RECORDS = (1 << 26) - CHUNK_RECORDS;

/** Records the first chunk has room for at first, and how often that grows. */
const FIRST_CHUNK_RECORDS = 1 << 10;
const FIRST_CHUNK_SHIFT = 3;

const NO_CHUNK = new Int32Array(0);

export class RecordChunks {
  /**
   * Indexed by `id >>> CHUNK_SHIFT`; a chunk that was given back has length 0. The first word of a record that is not in
   * use is the link of the free list.
   */
  readonly chunks: Int32Array[] = [];
  /** Records in use. */
  count = 0;
  private readonly live: number[] = [];
  /** First record of each chunk that was never used. */
  private readonly fresh: number[] = [];
  /** Last freed record of each chunk, -1 for none. */
  private readonly freed: number[] = [];
  /** No chunk below this one has room. */
  private open = 0;
  /** An empty chunk that is kept, or -1. */
  private spare = -1;

  constructor(private readonly words: number) {}

  /**
   * A record. Its words hold what they held before: the caller writes all of them.
   * @throws RangeError beyond 67 million znodes
   */
  allocate(): number {
    let c = this.open;
    while (c < this.chunks.length && this.live[c] === CHUNK_RECORDS) c++;
    this.open = c;
    if (c === this.chunks.length || this.chunks[c]!.length === 0) this.addChunk(c);
    if (c === this.spare) this.spare = -1;
    this.live[c]!++;
    this.count++;
    const index = this.freed[c]!;
    if (index === -1) {
      const fresh = this.fresh[c]!++;
      if (c === 0 && fresh * this.words === this.chunks[0]!.length) this.growFirstChunk();
      return (c << CHUNK_SHIFT) | fresh;
    }
    this.freed[c] = this.chunks[c]![index * this.words]!;
    return (c << CHUNK_SHIFT) | index;
  }

  free(id: number): void {
    const c = id >>> CHUNK_SHIFT;
    const index = id & CHUNK_MASK;
    this.chunks[c]![index * this.words] = this.freed[c]!;
    this.freed[c] = index;
    this.count--;
    if (c < this.open) this.open = c;
    if (--this.live[c]! === 0) this.keepOrDrop(c);
  }

  /** Bytes of all chunks, touched or not. */
  get sizeBytes(): number {
    let sum = 0;
    for (const chunk of this.chunks) sum += chunk.byteLength;
    return sum;
  }

  private addChunk(c: number): void {
    if ((c + 1) << CHUNK_SHIFT > MAX_RECORDS) throw new RangeError(`more than ${MAX_RECORDS} znodes`);
    this.chunks[c] = new Int32Array((c === 0 ? FIRST_CHUNK_RECORDS : CHUNK_RECORDS) * this.words);
    this.live[c] = 0;
    this.fresh[c] = 0;
    this.freed[c] = -1;
  }

  private growFirstChunk(): void {
    const old = this.chunks[0]!;
    const grown = new Int32Array(old.length << FIRST_CHUNK_SHIFT);
    grown.set(old);
    this.chunks[0] = grown;
  }

  private keepOrDrop(c: number): void {
    if (this.spare === -1) {
      this.spare = c;
      return;
    }
    const drop = Math.max(c, this.spare);
    this.spare = Math.min(c, this.spare);
    this.chunks[drop] = NO_CHUNK;
    this.fresh[drop] = 0;
    this.freed[drop] = -1;
    while (this.chunks.length > 0 && this.chunks[this.chunks.length - 1]!.length === 0) {
      this.chunks.pop();
      this.live.pop();
      this.fresh.pop();
      this.freed.pop();
    }
  }
}
