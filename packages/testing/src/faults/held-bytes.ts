/** Bytes of one direction that are not to arrive yet. They are copies. */
export class HeldBytes {
  isStalled = false;
  sizeBytes = 0;
  /** What happens behind the last byte, when it gets that far. */
  ending: (() => void) | undefined;
  private pieces: Uint8Array[] = [];

  /** Whether new bytes must queue. */
  get isHolding(): boolean {
    return this.isStalled || this.pieces.length > 0;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.ending !== undefined) return;
    this.pieces.push(new Uint8Array(bytes.subarray(start, end)));
    this.sizeBytes += end - start;
  }

  shift(): Uint8Array | undefined {
    const piece = this.pieces.shift();
    if (piece !== undefined) this.sizeBytes -= piece.length;
    return piece;
  }

  clear(): void {
    this.pieces = [];
    this.sizeBytes = 0;
    this.ending = undefined;
  }
}
