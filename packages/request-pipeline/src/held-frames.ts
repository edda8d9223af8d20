import { copyBytes } from '@zk/jute';

/**
 * Requests of one client that wait for an earlier write of the same client, as copied bytes in the order of arrival.
 * Each waits for a number of finished writes, its barrier. Memory exists only while something waits.
 */
export class HeldFrames {
  private bytes: Uint8Array | null = null;
  private head = 0;
  private tail = 0;
  /** Barrier, start, end, arrival; four numbers per frame. */
  private entries: number[] = [];
  private next = 0;

  get count(): number {
    return (this.entries.length - this.next) >> 2;
  }

  /** Bytes that wait. */
  get sizeBytes(): number {
    return this.tail - this.head;
  }

  get isEmpty(): boolean {
    return this.next === this.entries.length;
  }

  push(barrier: number, arrivalMs: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const bytes = this.room(length);
    const at = this.tail;
    this.tail = copyBytes(source, start, end, bytes, at);
    this.entries.push(barrier, at, this.tail, arrivalMs);
  }

  /** Whether the first frame may run once `writesDone` writes have finished. */
  isReady(writesDone: number): boolean {
    return this.next < this.entries.length && this.entries[this.next]! <= writesDone;
  }

  /** Takes the first frame off; `run` must not keep the bytes. */
  shift(run: (bytes: Uint8Array, start: number, end: number, arrivalMs: number) => void): void {
    const { bytes, entries, next } = this;
    const start = entries[next + 1]!;
    const end = entries[next + 2]!;
    this.next = next + 4;
    this.head = end;
    if (bytes !== null) run(bytes, start, end, entries[next + 3]!);
    if (this.isEmpty) this.clear();
  }

  clear(): void {
    this.entries.length = 0;
    this.next = this.head = this.tail = 0;
    if (this.bytes !== null && this.bytes.length > SMALL) this.bytes = null;
  }

  /** A buffer with `length` free bytes at the tail, moved to the front or to a larger one when needed. */
  private room(length: number): Uint8Array {
    let bytes = this.bytes;
    if (bytes !== null && this.tail + length <= bytes.length) return bytes;
    const waiting = this.tail - this.head;
    const needed = waiting + length;
    let target = bytes;
    if (target === null || needed > target.length >> 1) {
      let size = SMALL;
      while (size < needed * 2) size *= 2;
      target = new Uint8Array(size);
    }
    if (bytes !== null && waiting > 0) {
      if (target === bytes) target.copyWithin(0, this.head, this.tail);
      else target.set(bytes.subarray(this.head, this.tail));
    }
    const shift = this.head;
    this.entries.splice(0, this.next);
    this.next = 0;
    for (let i = 0; i < this.entries.length; i += 4) {
      this.entries[i + 1]! -= shift;
      this.entries[i + 2]! -= shift;
    }
    this.head = 0;
    this.tail = waiting;
    this.bytes = bytes = target;
    return bytes;
  }
}

const SMALL = 1024;
