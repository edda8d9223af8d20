import { copyBytes, utf8Bytes, writeInt32 } from '@zk/jute';

const INITIAL_BYTES = 16 * 1024;
/** A buffer that one large request has made larger than this is not kept. */
const KEPT_BYTES = 512 * 1024;

/**
 * Frames on their way to the socket, one behind the other in one buffer: what is asked for within a turn of the event
 * loop leaves in one write. The methods write Jute's types and grow the buffer as needed; nothing is allocated
 * otherwise.
 */
export class Outbox {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_BYTES);
  /** Bytes written and not yet handed over. */
  length = 0;
  private frameStart = 0;

  /** Begins a frame with a request header. */
  begin(xid: number, opcode: number): void {
    this.frameStart = this.length;
    this.reserve(12);
    writeInt32(this.bytes, this.length + 4, xid);
    writeInt32(this.bytes, this.length + 8, opcode);
    this.length += 12;
  }

  /** Begins a frame without a header. */
  beginBare(): void {
    this.frameStart = this.length;
    this.reserve(4);
    this.length += 4;
  }

  /** Ends it, and returns its length, the prefix not counted. */
  end(): number {
    const length = this.length - this.frameStart - 4;
    writeInt32(this.bytes, this.frameStart, length);
    return length;
  }

  /** Takes back the frame that was begun last. */
  abandon(): void {
    this.length = this.frameStart;
  }

  boolean(value: boolean): void {
    this.reserve(1);
    this.bytes[this.length++] = value ? 1 : 0;
  }

  int32(value: number): void {
    this.reserve(4);
    writeInt32(this.bytes, this.length, value);
    this.length += 4;
  }

  buffer(value: Uint8Array | null): void {
    if (value === null) {
      this.int32(-1);
      return;
    }
    this.reserve(4 + value.length);
    writeInt32(this.bytes, this.length, value.length);
    this.length = copyBytes(value, 0, value.length, this.bytes, this.length + 4);
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.length = copyBytes(value, 0, value.length, this.bytes, this.length);
  }

  text(value: string): void {
    this.path('', value);
  }

  /** `path` below `prefix`, as one string. */
  path(prefix: string, path: string): void {
    // Three bytes for each UTF-16 unit are enough for whatever follows.
    this.reserve(4 + 3 * (prefix.length + path.length));
    const at = this.length;
    let end = this.characters(prefix, at + 4);
    if (prefix === '' || path.length !== 1) end = this.characters(path, end);
    writeInt32(this.bytes, at, end - at - 4);
    this.length = end;
  }

  /** Forgets what was written. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(INITIAL_BYTES);
  }

  private characters(text: string, at: number): number {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        const rest = utf8Bytes(text.slice(i));
        bytes.set(rest, at + i);
        return at + i + rest.length;
      }
      bytes[at + i] = unit;
    }
    return at + text.length;
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
