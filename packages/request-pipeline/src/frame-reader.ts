import { readInt32 } from '@zk/jute';

/**
 * Reads a request body in place. One instance is reused for every request, so nothing is allocated, and a defect sets
 * {@link failed} instead of throwing: a hostile frame must not cost more than an honest one.
 *
 * Strings and buffers are ranges: {@link start} and {@link end} after {@link range}; {@link isNull} for a length of -1.
 */
export class FrameReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  limit = 0;
  failed = false;
  start = 0;
  end = 0;
  isNull = false;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.limit = end;
    this.failed = false;
  }

  int32(): number {
    const at = this.at;
    if (at + 4 > this.limit) return this.fail();
    this.at = at + 4;
    return readInt32(this.bytes, at);
  }

  /** Any non-zero byte is true, as in Apache's reader. */
  boolean(): boolean {
    if (this.at >= this.limit) return this.fail() !== 0;
    return this.bytes[this.at++] !== 0;
  }

  /** A string or a buffer. */
  range(): void {
    const length = this.int32();
    this.start = this.at;
    this.isNull = length === -1;
    if (length < -1 || this.at + length > this.limit) {
      this.fail();
      this.end = this.at;
      return;
    }
    this.at = this.end = this.at + (length > 0 ? length : 0);
  }

  /** Skips a vector of ACL entries; {@link start} and {@link end} then hold all of its bytes. */
  aclRange(): void {
    const start = this.at;
    const count = this.int32();
    for (let i = 0; i < count && !this.failed; i++) {
      this.int32();
      this.range();
      this.range();
    }
    this.start = start;
    this.end = this.at;
    this.isNull = count === -1;
  }

  private fail(): number {
    this.failed = true;
    return 0;
  }
}
