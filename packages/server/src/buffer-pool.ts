/**
 * Output buffers that connections borrow while they have something to send. A few sizes are kept for the next borrower;
 * larger ones are rare and left to the garbage collector. What comes back from many clients that had stalled is let go,
 * and so is what a busy minute has left behind once a quieter one has passed.
 * The smallest size is for the event that thousands of clients are told of in one turn.
 */
const SIZES = [1024, 16 * 1024, 64 * 1024, 256 * 1024] as const;
/** Buffers kept per size: 4 MiB each. */
const SPARE = [4096, 256, 64, 16] as const;
const TRIM_INTERVAL_MS = 60_000;

export class BufferPool {
  private readonly spare: Uint8Array[][] = SIZES.map(() => []);
  /** For each size, the fewest spare buffers since the last trim: so many nobody has needed. */
  private readonly unneeded: number[] = SIZES.map(() => 0);
  private nextTrimMs = 0;
  /** What is borrowed at the moment. */
  borrowedBytes = 0;

  borrow(minimum: number): Uint8Array {
    const buffer = this.take(minimum);
    this.borrowedBytes += buffer.length;
    return buffer;
  }

  private take(minimum: number): Uint8Array {
    for (let i = 0; i < SIZES.length; i++) {
      const size = SIZES[i]!;
      if (minimum > size) continue;
      const spare = this.spare[i]!;
      const buffer = spare.pop() ?? new Uint8Array(size);
      if (spare.length < this.unneeded[i]!) this.unneeded[i] = spare.length;
      return buffer;
    }
    return new Uint8Array(minimum);
  }

  /** Once a minute, drops the buffers that were not needed in the minute before. */
  trim(nowMs: number): void {
    if (nowMs < this.nextTrimMs) return;
    this.nextTrimMs = nowMs + TRIM_INTERVAL_MS;
    this.spare.forEach((spare, i) => {
      spare.length -= this.unneeded[i]!;
      this.unneeded[i] = spare.length;
    });
  }

  giveBack(buffer: Uint8Array): void {
    this.borrowedBytes -= buffer.length;
    for (let i = 0; i < SIZES.length; i++) {
      if (buffer.length !== SIZES[i]) continue;
      if (this.spare[i]!.length < SPARE[i]!) this.spare[i]!.push(buffer);
      return;
    }
  }
}
