import { copyBytes } from './bytes.js';

const CHUNK_BYTES = 64 << 10;
/** What is longer gets memory of its own, and leaves the chunk to others. */
const MAX_SHARED_BYTES = 8 << 10;

/**
 * Memory for byte arrays that are made by the hundred thousand and live for a moment: cut from chunks, since an array with
 * memory of its own costs ten times as much to make and to collect. A chunk lives as long as anything in it.
 */
export class ByteArena {
  private chunk = new Uint8Array(0);
  private used = 0;

  /** An array to be filled; what is in it at first is not said. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > MAX_SHARED_BYTES) return new Uint8Array(length);
    if (this.used + length > this.chunk.length) {
      this.chunk = new Uint8Array(CHUNK_BYTES);
      this.used = 0;
    }
    const start = this.used;
    this.used += length;
    return this.chunk.subarray(start, this.used);
  }

  copy(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
    const taken = this.take(end - start);
    copyBytes(bytes, start, end, taken, 0);
    return taken;
  }
}
