import { hiOf, loOf } from '@zk/model';
import { copyBytes, utf8Bytes, writeInt32 } from './bytes.js';

/**
 * Writes Jute's types one after the other into a byte array that grows. The counterpart of RecordReader, for cold
 * paths; one writer can serve many records with {@link reset}.
 */
export class RecordWriter {
  private target: Uint8Array<ArrayBuffer>;
  private end = 0;

  constructor(initialBytes = 256) {
    this.target = new Uint8Array(Math.max(16, initialBytes));
  }

  /** Bytes written so far. */
  get length(): number {
    return this.end;
  }

  boolean(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  byte(value: number): this {
    // Reserved first: reserving may replace the target, and an assignment reads its left side before its right.
    const at = this.reserve(1);
    this.target[at] = value;
    return this;
  }

  int32(value: number): this {
    const at = this.reserve(4);
    writeInt32(this.target, at, value);
    return this;
  }

  /** The lower 64 bits of the value, signed or not. */
  int64(value: bigint): this {
    return this.words64(hiOf(value), loOf(value));
  }

  words64(hi: number, lo: number): this {
    const at = this.reserve(8);
    writeInt32(this.target, at, hi);
    writeInt32(this.target, at + 4, lo);
    return this;
  }

  float64(value: number): this {
    const at = this.reserve(8);
    new DataView(this.target.buffer).setFloat64(at, value);
    return this;
  }

  float32(value: number): this {
    const at = this.reserve(4);
    new DataView(this.target.buffer).setFloat32(at, value);
    return this;
  }

  ustring(value: string | null): this {
    return this.buffer(value === null ? null : utf8Bytes(value));
  }

  buffer(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1);
    return this.int32(value.length).raw(value);
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array, start = 0, end = bytes.length): this {
    const at = this.reserve(end - start);
    copyBytes(bytes, start, end, this.target, at);
    return this;
  }

  /** A vector, or null. */
  vector<T>(elements: readonly T[] | null, writeElement: (writer: RecordWriter, element: T) => void): this {
    if (elements === null) return this.int32(-1);
    this.int32(elements.length);
    for (const element of elements) writeElement(this, element);
    return this;
  }

  /** A copy of everything written; it owns its whole ArrayBuffer. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.target.slice(0, this.end);
  }

  /** Everything written, without a copy: valid until the next write or reset. */
  view(): Uint8Array<ArrayBuffer> {
    return this.target.subarray(0, this.end);
  }

  /** Forgets what was written and keeps the memory. */
  reset(): this {
    this.end = 0;
    return this;
  }

  private reserve(count: number): number {
    const at = this.end;
    const needed = at + count;
    if (needed > this.target.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.target.length));
      larger.set(this.target.subarray(0, at));
      this.target = larger;
    }
    this.end = needed;
    return at;
  }
}
