import { copyBytes, writeInt32 } from '@zk/jute';

/** Where an {@link Outbox} gets its memory, and whom it tells that it has something to send. */
export interface OutboxHost {
  /** A buffer of at least `minimum` bytes that nobody else uses. */
  borrow(minimum: number): Uint8Array;
  /** Gives a buffer back. */
  giveBack(buffer: Uint8Array): void;
  /** What all outboxes have borrowed and not given back, in bytes. */
  readonly borrowedBytes: number;
  /** The outbox was empty and is not any more. Called once until {@link Outbox.clear}. */
  filled(outbox: Outbox): void;
}

const nothing = new Uint8Array(0);

/**
 * The frames waiting to be sent on one connection, back to back. Replies and watched events are encoded straight into
 * it; once per turn of the event loop the connection sends all of it with one write. It holds memory only while it
 * holds bytes, so an idle connection costs nothing.
 */
export class Outbox {
  bytes: Uint8Array = nothing;
  length = 0;
  /** Frames that were started since the connection began. */
  framesWritten = 0;
  /** Sizes of replies and events, in bytes without the length before them; 0 and Infinity before the first. */
  lastReplyBytes = 0;
  maxReplyBytes = 0;
  minReplyBytes = Infinity;

  constructor(
    private readonly host: OutboxHost,
    /** Who owns it: the host's business. */
    readonly owner: object,
  ) {}

  /** What this one and all others of its host hold, in bytes; buffers that are being sent count. */
  get bytesInAll(): number {
    return this.host.borrowedBytes;
  }

  /** Makes room for `count` more bytes and returns where they go. The caller then writes exactly these. */
  reserve(count: number): number {
    const at = this.length;
    const needed = at + count;
    if (needed > this.bytes.length) this.grow(needed);
    if (at === 0) this.host.filled(this);
    this.length = needed;
    return at;
  }

  /** Starts a frame of a reply: length, then header (16 bytes). Returns where the `bodyBytes` of the body go. */
  beginReply(xid: number, zxidHi: number, zxidLo: number, error: number, bodyBytes: number): number {
    const replyBytes = 16 + bodyBytes;
    const at = this.reserve(4 + replyBytes);
    const bytes = this.bytes;
    writeInt32(bytes, at, replyBytes);
    writeInt32(bytes, at + 4, xid);
    writeInt32(bytes, at + 8, zxidHi);
    writeInt32(bytes, at + 12, zxidLo);
    writeInt32(bytes, at + 16, error);
    this.framesWritten++;
    this.lastReplyBytes = replyBytes;
    if (replyBytes > this.maxReplyBytes) this.maxReplyBytes = replyBytes;
    if (replyBytes < this.minReplyBytes) this.minReplyBytes = replyBytes;
    return at + 20;
  }

  /** Appends bytes as they are. */
  append(source: Uint8Array, start: number, end: number): void {
    const at = this.reserve(end - start);
    copyBytes(source, start, end, this.bytes, at);
  }

  /** Forgets the bytes and gives the memory back: they have been sent. */
  clear(): void {
    if (this.bytes !== nothing) this.host.giveBack(this.bytes);
    this.bytes = nothing;
    this.length = 0;
  }

  /** Hands the memory over to somebody who still needs it, and starts afresh. */
  detach(): Uint8Array {
    const bytes = this.bytes;
    this.bytes = nothing;
    this.length = 0;
    return bytes;
  }

  private grow(needed: number): void {
    const larger = this.host.borrow(Math.max(needed, this.bytes.length * 2));
    if (this.length > 0) larger.set(this.bytes.subarray(0, this.length));
    if (this.bytes !== nothing) this.host.giveBack(this.bytes);
    this.bytes = larger;
  }
}
