/**
 * CRC-32s of path and data, one for each create and setData on its way, in the order in which they will be applied:
 * computed when they were validated, used again when they are applied. A ring that grows.
 */
export class CrcQueue {
  private ring = new Int32Array(1024);
  private head = 0;
  private tail = 0;

  /** Those in it; differences of two readings say how many a transaction owns. */
  get length(): number {
    return this.tail - this.head;
  }

  push(crc: number): void {
    if (this.length === this.ring.length) this.grow();
    this.ring[this.tail++ & (this.ring.length - 1)] = crc;
  }

  /** The oldest. */
  take(): number {
    return this.ring[this.head++ & (this.ring.length - 1)]!;
  }

  /** Keeps the oldest `length`: what came after them will not be applied. */
  truncate(length: number): void {
    this.tail = this.head + length;
  }

  private grow(): void {
    const { ring, head, length } = this;
    const larger = new Int32Array(ring.length * 2);
    for (let i = 0; i < length; i++) larger[i] = ring[(head + i) & (ring.length - 1)]!;
    this.ring = larger;
    this.head = 0;
    this.tail = length;
  }
}
