/** Bytes that have arrived and were not taken yet. */
export class CarriedBytes {
  private bytes = new Uint8Array(0);

  get view(): Uint8Array {
    return this.bytes;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const joined = new Uint8Array(this.bytes.length + end - start);
    joined.set(this.bytes);
    joined.set(bytes.subarray(start, end), this.bytes.length);
    this.bytes = joined;
  }

  /** The first so many, which are gone from here then. */
  take(count: number): Uint8Array {
    const taken = this.bytes.slice(0, count);
    this.bytes = this.bytes.slice(count);
    return taken;
  }

  /** All there are. */
  takeAll(): Uint8Array {
    return this.take(this.bytes.length);
  }
}
