const CHUNK_SHIFT = 10;
const CHUNK_RECORDS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_RECORDS - 1;

/**
 * Fixed-size records of 32-bit words, named by number. Chunks never move, so growth copies nothing; a released record
 * is the next to be allocated. When the last record is released the memory goes back.
 */
export class RecordPool {
  private chunks: Int32Array[] = [];
  /** Number of the first free record, linked through their first word; -1 for none. */
  private free = -1;
  private end = 0;
  private live = 0;

  constructor(private readonly words: number) {}

  /** A record with arbitrary content. */
  allocate(): number {
    this.live++;
    const id = this.free;
    if (id >= 0) {
      this.free = this.get(id, 0);
      return id;
    }
    if (this.end >> CHUNK_SHIFT === this.chunks.length) this.chunks.push(new Int32Array(CHUNK_RECORDS * this.words));
    return this.end++;
  }

  release(id: number): void {
    if (--this.live === 0) {
      this.chunks = [];
      this.free = -1;
      this.end = 0;
      return;
    }
    this.set(id, 0, this.free);
    this.free = id;
  }

  get(id: number, word: number): number {
    return this.chunks[id >> CHUNK_SHIFT]![(id & CHUNK_MASK) * this.words + word]!;
  }

  set(id: number, word: number, value: number): void {
    this.chunks[id >> CHUNK_SHIFT]![(id & CHUNK_MASK) * this.words + word] = value;
  }
}
