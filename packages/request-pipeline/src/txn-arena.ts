/**
 * Memory for encoded transactions between validation and application. A transaction is encoded once, here; the log,
 * a proposal and the application all read these bytes. Chunks are filled front to back and reused when every
 * transaction in them has been released, in any order.
 */

const CHUNK_BYTES = 64 * 1024;
const SPARE_CHUNKS = 8;

export class TxnChunk {
  /** Transactions in it that are not released yet. */
  live = 0;
  constructor(readonly bytes: Uint8Array) {}
}

export class TxnArena {
  private current = new TxnChunk(new Uint8Array(CHUNK_BYTES));
  private used = 0;
  private readonly spare: TxnChunk[] = [];

  /** Makes `maxBytes` contiguous bytes available in {@link chunk}, from {@link position} on. */
  reserve(maxBytes: number): void {
    if (this.used + maxBytes <= this.current.bytes.length) return;
    this.current = maxBytes <= CHUNK_BYTES ? (this.spare.pop() ?? this.newChunk(CHUNK_BYTES)) : this.newChunk(maxBytes);
    this.used = 0;
  }

  /** The chunk that the next transaction goes to. */
  get chunk(): TxnChunk {
    return this.current;
  }

  /** Where in the chunk it begins. */
  get position(): number {
    return this.used;
  }

  /** Keeps what was written up to `end`; the holder must {@link release} the chunk once. */
  commit(end: number): void {
    this.used = end;
    this.current.live++;
  }

  release(chunk: TxnChunk): void {
    if (--chunk.live > 0) return;
    if (chunk === this.current) {
      this.used = 0;
    } else if (chunk.bytes.length === CHUNK_BYTES && this.spare.length < SPARE_CHUNKS) {
      this.spare.push(chunk);
    }
  }

  private newChunk(size: number): TxnChunk {
    return new TxnChunk(new Uint8Array(size));
  }
}
