/**
 * Output buffers that connections borrow while they have something to send. A few sizes are kept for the next borrower;
 * larger ones are rare and left to the garbage collector. What comes back from many clients that had stalled is let go.
 * The smallest size is for the event that thousands of clients are told of in one turn.
 */
const SIZES = [1024, 16 * 1024, 64 * 1024, 256 * 1024] as const;
/** Buffers kept per size: 4 MiB each. */
const SPARE = [4096, 256, 64, 16] as const;

export class BufferPool {
  private readonly spare: Uint8Array[][] = SIZES.map(() => []);

  borrow(minimum: number): Uint8Array {
    for (let i = 0; i < SIZES.length; i++) {
      const size = SIZES[i]!;
      if (minimum <= size) return this.spare[i]!.pop() ?? new Uint8Array(size);
    }
    return new Uint8Array(minimum);
  }

  giveBack(buffer: Uint8Array): void {
    for (let i = 0; i < SIZES.length; i++) {
      if (buffer.length !== SIZES[i]) continue;
      if (this.spare[i]!.length < SPARE[i]!) this.spare[i]!.push(buffer);
      return;
    }
  }
}
