import { readInt32 } from '@zk/jute';

const PREFIX_BYTES = 4;
/** What is kept of a frame that is too long: enough to know whose reply it is. */
const HEADER_BYTES = 16;
const FIRST_BYTES = 4096;

export interface FrameSink {
  /** A whole frame, `bytes[start, end)` without its length, valid during the call only. False: stop reading. */
  onFrame(bytes: Uint8Array, start: number, end: number): boolean;
  /** A frame longer than is allowed: its first 16 bytes; the rest is skipped. False: stop reading. */
  onLongFrame(bytes: Uint8Array, start: number, lengthBytes: number): boolean;
}

/**
 * Cuts a stream of bytes into frames, whatever pieces it arrives in. A frame that is complete within a piece is handed
 * over in place; the beginning of one is kept in memory that follows what has arrived, not what a length promises.
 */
export class FrameReader {
  private kept: Uint8Array = new Uint8Array(0);
  private keptBytes = 0;
  private skipBytes = 0;

  constructor(
    private readonly maxFrameBytes: number,
    private readonly sink: FrameSink,
  ) {}

  /** @returns false when the sink has had enough, or a length is negative: the stream is of no use any more */
  received(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    if (this.skipBytes > 0) {
      const skipped = Math.min(this.skipBytes, end - at);
      this.skipBytes -= skipped;
      at += skipped;
    }
    while (at < end) {
      if (this.keptBytes > 0) {
        at = this.complete(bytes, at, end);
        if (at < 0) return false;
        continue;
      }
      const used = this.inPlace(bytes, at, end);
      if (used < 0) return false;
      at += used;
      if (used === 0) {
        this.keep(bytes, at, end);
        return true;
      }
    }
    return true;
  }

  reset(): void {
    this.kept = new Uint8Array(0);
    this.keptBytes = this.skipBytes = 0;
  }

  /** One frame at `at`: bytes used, 0 when it is not all there, -1 to stop. */
  private inPlace(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < PREFIX_BYTES) return 0;
    const length = readInt32(bytes, at);
    if (length < 0) return -1;
    const body = at + PREFIX_BYTES;
    if (length > this.maxFrameBytes) return this.skipLong(bytes, body, end, length);
    if (end - body < length) return 0;
    return this.sink.onFrame(bytes, body, body + length) ? PREFIX_BYTES + length : -1;
  }

  private skipLong(bytes: Uint8Array, body: number, end: number, length: number): number {
    if (end - body < HEADER_BYTES) return 0;
    if (!this.sink.onLongFrame(bytes, body, length)) return -1;
    const there = Math.min(length, end - body);
    this.skipBytes = length - there;
    return PREFIX_BYTES + there;
  }

  /** Adds to the frame that was begun; returns the position behind what was used, -1 to stop. */
  private complete(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.keptBytes < PREFIX_BYTES) {
      const until = Math.min(end, at + PREFIX_BYTES - this.keptBytes);
      this.keep(bytes, at, until);
      at = until;
      if (this.keptBytes < PREFIX_BYTES) return at;
    }
    const length = readInt32(this.kept, 0);
    if (length < 0) return -1;
    const wanted = PREFIX_BYTES + (length > this.maxFrameBytes ? HEADER_BYTES : length);
    const until = Math.min(end, at + wanted - this.keptBytes);
    this.keep(bytes, at, until);
    if (this.keptBytes < wanted) return until;
    const { kept } = this;
    this.kept = new Uint8Array(0);
    this.keptBytes = 0;
    if (length > this.maxFrameBytes) {
      if (!this.sink.onLongFrame(kept, PREFIX_BYTES, length)) return -1;
      const there = Math.min(length - HEADER_BYTES, end - until);
      this.skipBytes = length - HEADER_BYTES - there;
      return until + there;
    }
    return this.sink.onFrame(kept, PREFIX_BYTES, wanted) ? until : -1;
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.keptBytes + end - start;
    if (needed > this.kept.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.kept.length, FIRST_BYTES));
      larger.set(this.kept.subarray(0, this.keptBytes));
      this.kept = larger;
    }
    this.kept.set(bytes.subarray(start, end), this.keptBytes);
    this.keptBytes = needed;
  }
}
