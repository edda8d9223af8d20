import { readInt32 } from '@zk/jute';

const FIRST_BYTES = 4096;

/**
 * Bytes of a connection that could not be used yet: the beginning of a frame, or whole frames that arrived while the
 * connection was not being read. Memory follows what has really arrived, not what a length promises.
 */
export class FrameAssembler {
  private bytes: Uint8Array | null = null;
  private start = 0;
  private end = 0;

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  get sizeBytes(): number {
    return this.end - this.start;
  }

  append(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    const bytes = this.room(length);
    bytes.set(source.subarray(start, end), this.end);
    this.end += length;
  }

  /**
   * Hands over what is there: `use` returns how far it got. What it left is kept; when nothing is left, so is no
   * memory.
   */
  drain(use: (bytes: Uint8Array, start: number, end: number) => number): void {
    if (this.bytes === null) return;
    this.start = use(this.bytes, this.start, this.end);
    if (this.start === this.end) this.clear();
  }

  /** Bytes still missing to the end of the first frame; at least 1. */
  get missing(): number {
    const there = this.end - this.start;
    if (this.bytes === null || there < 4) return 4 - there;
    return Math.max(1, 4 + readInt32(this.bytes, this.start) - there);
  }

  clear(): void {
    this.bytes = null;
    this.start = this.end = 0;
  }

  private room(length: number): Uint8Array {
    const there = this.end - this.start;
    const { bytes } = this;
    if (bytes !== null && this.end + length <= bytes.length) return bytes;
    let size = FIRST_BYTES;
    while (size < there + length) size *= 2;
    const target = bytes !== null && bytes.length >= size ? bytes : new Uint8Array(size);
    if (bytes !== null) {
      if (target === bytes) target.copyWithin(0, this.start, this.end);
      else target.set(bytes.subarray(this.start, this.end));
    }
    this.start = 0;
    this.end = there;
    this.bytes = target;
    return target;
  }
}
