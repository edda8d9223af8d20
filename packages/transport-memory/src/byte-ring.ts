const FIRST_CAPACITY_BYTES = 1024;

/** A bounded first-in, first-out store of bytes. Its memory starts small and doubles up to the bound. */
export class ByteRing {
  private bytes = new Uint8Array(0);
  private head = 0;
  private used = 0;

  constructor(private readonly capacityBytes: number) {}

  get length(): number {
    return this.used;
  }

  /** Copies as much of `bytes[start, end)` as there is room for; returns how much that was. */
  push(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.capacityBytes - this.used);
    if (count <= 0) return 0;
    if (this.used + count > this.bytes.length) this.grow(this.used + count);
    const at = (this.head + this.used) % this.bytes.length;
    const untilWrap = Math.min(count, this.bytes.length - at);
    this.bytes.set(bytes.subarray(start, start + untilWrap), at);
    this.bytes.set(bytes.subarray(start + untilWrap, start + count), 0);
    this.used += count;
    return count;
  }

  /** Moves up to `maxBytes` of the oldest bytes to the front of `target`; returns how many. */
  take(target: Uint8Array, maxBytes: number): number {
    const count = Math.min(maxBytes, this.used, target.length);
    const untilWrap = Math.min(count, this.bytes.length - this.head);
    target.set(this.bytes.subarray(this.head, this.head + untilWrap), 0);
    target.set(this.bytes.subarray(0, count - untilWrap), untilWrap);
    this.used -= count;
    this.head = this.used === 0 ? 0 : (this.head + count) % this.bytes.length;
    return count;
  }

  /** Drops the bytes and the memory. */
  clear(): void {
    this.bytes = new Uint8Array(0);
    this.head = 0;
    this.used = 0;
  }

  private grow(neededBytes: number): void {
    let size = Math.max(this.bytes.length, FIRST_CAPACITY_BYTES);
    while (size < neededBytes) size *= 2;
    const grown = new Uint8Array(Math.min(size, Math.max(this.capacityBytes, neededBytes)));
    const used = this.take(grown, this.used);
    this.bytes = grown;
    this.head = 0;
    this.used = used;
  }
}
