import { hexOf } from '@zk/model';
import { ENTRY_FRAME_BYTES, FILE_HEADER_BYTES } from './file-format.js';
import { LogSegment, PiecePool } from './log-segment.js';

/**
 * What has been appended and waits to be written: segments, oldest first, of which the last is being collected. It also
 * decides which entry begins a file, and counts entries and bytes: since the last roll, and not yet durable.
 */
export class SegmentQueue {
  readonly #pool = new PiecePool();
  #segments: LogSegment[] = [];
  #collecting: LogSegment | undefined;
  #nextBeginsFile = true;
  #entriesSinceRoll = 0;
  #bytesSinceRoll = 0;
  #pendingBytes = 0;

  get entriesSinceRoll(): number {
    return this.#entriesSinceRoll;
  }

  get bytesSinceRoll(): number {
    return this.#bytesSinceRoll;
  }

  /** Of the segments in here, and of one that was taken and has not become durable. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void {
    const segment = this.#collecting ?? this.#begin(zxidHi, zxidLo);
    segment.append(zxidHi, zxidLo, bytes, start, end);
    const size = end - start + ENTRY_FRAME_BYTES;
    this.#entriesSinceRoll++;
    this.#bytesSinceRoll += size;
    this.#pendingBytes += size;
  }

  #begin(zxidHi: number, zxidLo: number): LogSegment {
    const segment = new LogSegment(this.#pool, this.#nextBeginsFile ? `log.${hexOf(zxidHi, zxidLo)}` : undefined);
    this.#nextBeginsFile = false;
    this.#collecting = segment;
    this.#segments.push(segment);
    return segment;
  }

  /** Somebody wants everything that is in here now to become durable. */
  want(): void {
    for (const segment of this.#segments) segment.isWanted = true;
  }

  /** The oldest segment, if it is wanted; it has left the queue, and counts as pending. */
  take(): LogSegment | undefined {
    const segment = this.#segments[0];
    if (segment?.isWanted !== true) return undefined;
    this.#segments.shift();
    if (this.#collecting === segment) this.#collecting = undefined;
    return segment;
  }

  /** A segment that was taken is durable, and its buffers can be used again. */
  settle(segment: LogSegment): void {
    this.#pool.give(segment.pieces);
    this.#pendingBytes -= entryBytesOf(segment);
  }

  /** The next entry begins a file, and counting starts again. */
  roll(): void {
    this.#collecting = undefined;
    this.#nextBeginsFile = true;
    this.#entriesSinceRoll = 0;
    this.#bytesSinceRoll = 0;
  }

  /** The next entry begins a file, unless one in here does; what was counted goes on. */
  beginFile(): void {
    if (this.#segments.some((segment) => segment.fileName !== undefined)) return;
    this.#collecting = undefined;
    this.#nextBeginsFile = true;
  }

  /** A segment that was taken was refused, and with it goes all that was to follow: as if it had not been appended. */
  refuse(taken: LogSegment): void {
    for (const dropped of [taken, ...this.#segments]) {
      this.#entriesSinceRoll = Math.max(0, this.#entriesSinceRoll - dropped.entries);
      this.#bytesSinceRoll = Math.max(0, this.#bytesSinceRoll - entryBytesOf(dropped));
      if (dropped.fileName !== undefined) this.#nextBeginsFile = true;
    }
    this.drop();
  }

  /** Nothing of what is pending is going to be written. */
  drop(): void {
    for (const segment of this.#segments) this.#pool.give(segment.pieces);
    this.#segments = [];
    this.#collecting = undefined;
    this.#pendingBytes = 0;
  }
}

/** Without the header of a file that it may begin. */
function entryBytesOf(segment: LogSegment): number {
  return segment.bytes - (segment.fileName === undefined ? 0 : FILE_HEADER_BYTES);
}
