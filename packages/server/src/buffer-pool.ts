/**
 * Output buffers that connections borrow while they have something to send. Small ones are kept for the next borrower;
 * larger ones are rare and left to the garbage collector.
 */
const SMALL_BYTES = 16 * 1024;
const MEDIUM_BYTES = 256 * 1024;
const SPARE_SMALL = 256;
const SPARE_MEDIUM = 16;

export class BufferPool {
  private readonly small: Uint8Array[] = [];
  private readonly medium: Uint8Array[] = [];

  borrow(minimum: number): Uint8Array {
    if (minimum <= SMALL_BYTES) return this.small.pop() ?? new Uint8Array(SMALL_BYTES);
    if (minimum <= MEDIUM_BYTES) return this.medium.pop() ?? new Uint8Array(MEDIUM_BYTES);
    return new Uint8Array(minimum);
  }

  giveBack(buffer: Uint8Array): void {
    if (buffer.length === SMALL_BYTES) {
      if (this.small.length < SPARE_SMALL) this.small.push(buffer);
    } else if (buffer.length === MEDIUM_BYTES && this.medium.length < SPARE_MEDIUM) {
      this.medium.push(buffer);
    }
  }
}
