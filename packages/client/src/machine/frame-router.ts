import { RecordReader, readInt32 } from '@zk/jute';
import { Xid } from '@zk/model';
import { type FrameSink, FrameReader } from '../wire/frame-reader.js';
import { type Grant, readHandshake } from './handshake.js';

/** What a server says, by kind. Each answer tells whether the conversation goes on. */
export interface Conversation {
  readonly isHandshaking: boolean;
  granted(grant: Grant): boolean;
  notified(reader: RecordReader, zxidHi: number, zxidLo: number): boolean;
  pingAnswered(): boolean;
  authAnswered(err: number): boolean;
  replied(xid: number, zxidHi: number, zxidLo: number, err: number, reader: RecordReader): boolean;
  /** The reply to this xid is longer than is allowed; it is skipped. */
  repliedAtLength(xid: number, lengthBytes: number): boolean;
  /** A frame made no sense. */
  garbled(error: unknown): void;
}

const REPLY_HEADER_BYTES = 16;

/** From bytes to what they say. */
export class FrameRouter implements FrameSink {
  private readonly frames: FrameReader;
  private readonly reader: RecordReader;

  constructor(
    private readonly conversation: Conversation,
    maxReplyBytes: number,
  ) {
    this.frames = new FrameReader(maxReplyBytes, this);
    this.reader = new RecordReader(new Uint8Array(0), 0, 0, { maxLengthBytes: maxReplyBytes });
  }

  /** Another connection: what was left of the last one is forgotten. */
  reset(): void {
    this.frames.reset();
  }

  /** @returns false when the stream is of no use any more */
  received(bytes: Uint8Array, start: number, end: number): boolean {
    return this.frames.received(bytes, start, end);
  }

  onFrame(bytes: Uint8Array, start: number, end: number): boolean {
    try {
      if (this.conversation.isHandshaking) return this.conversation.granted(readHandshake(bytes, start, end));
      return end - start >= REPLY_HEADER_BYTES && this.route(bytes, start, end);
    } catch (error) {
      this.conversation.garbled(error);
      return false;
    }
  }

  onLongFrame(bytes: Uint8Array, start: number, lengthBytes: number): boolean {
    return this.conversation.repliedAtLength(readInt32(bytes, start), lengthBytes);
  }

  private route(bytes: Uint8Array, start: number, end: number): boolean {
    const xid = readInt32(bytes, start);
    const hi = readInt32(bytes, start + 4);
    const lo = readInt32(bytes, start + 8);
    const err = readInt32(bytes, start + 12);
    const reader = this.reader.reset(bytes, start + REPLY_HEADER_BYTES, end);
    switch (xid) {
      case Xid.notification:
        return this.conversation.notified(reader, hi, lo);
      case Xid.ping:
        return this.conversation.pingAnswered();
      case Xid.auth:
        return this.conversation.authAnswered(err);
      default:
        return this.conversation.replied(xid, hi, lo, err, reader);
    }
  }
}
