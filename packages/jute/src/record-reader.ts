import { int64 } from '@zk/model';
import { readInt32, utf8Text } from './bytes.js';
import { MarshallingError } from './marshalling-error.js';

/** Length limit of one string or buffer: `jute.maxbuffer` plus its extra size, both 0xfffff by default. */
export const DEFAULT_MAX_LENGTH_BYTES = 2 * 0xfffff;

export interface RecordReaderOptions {
  /** Longest string or buffer that is accepted, in bytes. */
  readonly maxLengthBytes?: number;
}

/**
 * Reads Jute's types one after the other from `bytes[start, end)`, with every bound checked. It is what cold paths
 * use: records of the protocol in their object form, tests, tools. It never reads behind `end`; bytes that are left
 * over when a record is complete are nobody's business (spec: client protocol, section 2).
 *
 * Every method throws {@link MarshallingError} when the bytes end too early or a length is out of range.
 */
export class RecordReader {
  /** Index of the next byte in the array. */
  position = 0;
  /** The words of the last {@link words64}. */
  hi = 0;
  lo = 0;

  private bytes: Uint8Array;
  private end: number;
  private readonly maxLengthBytes: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, options: RecordReaderOptions = {}) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.maxLengthBytes = options.maxLengthBytes ?? DEFAULT_MAX_LENGTH_BYTES;
  }

  /** Starts over on other bytes, so that one reader serves many records. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    return this;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.end - this.position;
  }

  /** Any byte but 0 is true. */
  boolean(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  /** Signed, -128 to 127. */
  byte(): number {
    return (this.bytes[this.take(1)]! << 24) >> 24;
  }

  int32(): number {
    return readInt32(this.bytes, this.take(4));
  }

  int64(): bigint {
    const at = this.take(8);
    return int64(readInt32(this.bytes, at), readInt32(this.bytes, at + 4));
  }

  /** Reads an int64 into {@link hi} and {@link lo}, without a bigint. */
  words64(): void {
    const at = this.take(8);
    this.hi = readInt32(this.bytes, at);
    this.lo = readInt32(this.bytes, at + 4);
  }

  float64(): number {
    const at = this.take(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8).getFloat64(0);
  }

  float32(): number {
    const at = this.take(4);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 4).getFloat32(0);
  }

  /** What is not UTF-8 becomes U+FFFD. */
  ustring(): string | null {
    const length = this.length();
    if (length < 0) return null;
    const at = this.take(length);
    return utf8Text(this.bytes, at, at + length);
  }

  /** A view of the bytes being read, as short-lived as they are. */
  buffer(): Uint8Array | null {
    const length = this.length();
    if (length < 0) return null;
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(count: number): void {
    this.take(count);
  }

  /** Number of elements of a vector: -1 for null; other negative numbers mean an empty one, as in Apache ZooKeeper. */
  count(): number {
    const count = this.int32();
    return count < -1 ? 0 : count;
  }

  /** The elements of a vector, or null. Nothing is reserved in advance, so an absurd count costs nothing. */
  vector<T>(readElement: (reader: RecordReader) => T): T[] | null {
    const count = this.count();
    if (count < 0) return null;
    const elements: T[] = [];
    for (let i = 0; i < count; i++) elements.push(readElement(this));
    return elements;
  }

  /** As {@link ustring}, where null is not legal. */
  requiredString(): string {
    return this.required(this.ustring());
  }

  /** As {@link buffer}, where null is not legal. */
  requiredBuffer(): Uint8Array {
    return this.required(this.buffer());
  }

  /** As {@link vector}, where null is not legal. */
  requiredVector<T>(readElement: (reader: RecordReader) => T): T[] {
    return this.required(this.vector(readElement));
  }

  private required<T>(value: T | null): T {
    if (value === null) throw new MarshallingError('null where a value is required', this.position - 4);
    return value;
  }

  private length(): number {
    const length = this.int32();
    if (length < -1 || length > this.maxLengthBytes) {
      throw new MarshallingError(`length ${length}, allowed -1 to ${this.maxLengthBytes}`, this.position - 4);
    }
    return length;
  }

  private take(count: number): number {
    const at = this.position;
    if (count < 0 || count > this.end - at) {
      throw new MarshallingError(`${count} bytes expected, ${this.end - at} left`, at);
    }
    this.position = at + count;
    return at;
  }
}
