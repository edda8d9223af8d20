import { type QuorumPacket, RecordReader, readInt32 } from '@zk/jute';
import {
  type InitialMessage,
  MAX_NOTIFICATION_BYTES,
  type Notification,
  PacketType,
  decodeInitialMessage,
  decodeNotification,
  decodePacket,
} from './wire.js';

/**
 * From bytes, in pieces of any size, to messages. The same messages come out however the bytes are split. What a stream
 * cannot read is its connection's end: the methods say so by returning a reason.
 */

/** Bytes that wait for their rest. */
class Carry {
  private bytes = new Uint8Array(0);

  /** What is left over from before, and then these. Without anything left over, no copy is made. */
  join(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.bytes.length === 0) return bytes.subarray(start, end);
    const joined = new Uint8Array(this.bytes.length + end - start);
    joined.set(this.bytes);
    joined.set(bytes.subarray(start, end), this.bytes.length);
    return joined;
  }

  keep(bytes: Uint8Array): void {
    this.bytes = bytes.slice();
  }
}

export interface PacketStreamHandler {
  /** The data is a view that does not outlive the call. */
  onPacket(packet: QuorumPacket): void;
  /**
   * Bytes of the snapshot that follows a SNAP packet. Returns how many of them belong to it when its end, behind the
   * signature, is among them; undefined when all of them do and more are to come.
   */
  onSnapshot(bytes: Uint8Array): number | undefined;
}

const DEFAULT_MAX_BYTES = 2 * 0xfffff;

/** Packets between a leader and a learner: records back to back, without frames, and raw snapshots among them. */
export class PacketStream {
  private readonly carry = new Carry();
  private isInSnapshot = false;

  constructor(
    private readonly handler: PacketStreamHandler,
    private readonly maxBytes = DEFAULT_MAX_BYTES,
  ) {}

  /** @returns why the connection must be closed, if it must */
  push(bytes: Uint8Array, start: number, end: number): string | undefined {
    const all = this.carry.join(bytes, start, end);
    let at = 0;
    while (at < all.length) {
      if (this.isInSnapshot) {
        const taken = this.handler.onSnapshot(all.subarray(at));
        if (taken === undefined) {
          at = all.length;
          break;
        }
        this.isInSnapshot = false;
        at += taken;
        continue;
      }
      const length = packetLength(all, at, this.maxBytes);
      if (length === 'refused') return 'what came is not a quorum packet';
      if (length === 'incomplete') break;
      const packet = decodePacket(new RecordReader(all, at, at + length, { maxLengthBytes: this.maxBytes }));
      at += length;
      this.isInSnapshot = packet.type === PacketType.SNAP;
      this.handler.onPacket(packet);
    }
    this.carry.keep(all.subarray(at));
    return undefined;
  }
}

const BEFORE_DATA_BYTES = 12;

/** How many bytes the packet at a position takes. */
function packetLength(bytes: Uint8Array, start: number, maxBytes: number): number | 'incomplete' | 'refused' {
  let at = start + BEFORE_DATA_BYTES;
  const field = (): number | 'incomplete' | 'refused' => {
    if (at + 4 > bytes.length) return 'incomplete';
    const length = readInt32(bytes, at);
    at += 4;
    if (length < -1 || length > maxBytes) return 'refused';
    return length;
  };
  const data = field();
  if (typeof data === 'string') return data;
  at += Math.max(0, data);
  const ids = field();
  if (typeof ids === 'string') return ids;
  for (let i = 0; i < 2 * ids; i++) {
    const text = field();
    if (typeof text === 'string') return text;
    at += Math.max(0, text);
  }
  return at <= bytes.length ? at - start : 'incomplete';
}

export interface ElectionStreamHandler {
  /** Who dialled; only on a connection that was accepted. */
  onInitial(message: InitialMessage): void;
  onNotification(notification: Notification): void;
}

/** An election connection: on the side that accepted it an initial message, then messages, each with its length before it. */
export class ElectionStream {
  private readonly carry = new Carry();

  /** @param expectsInitial on the side that accepted the connection */
  constructor(
    private readonly handler: ElectionStreamHandler,
    private expectsInitial: boolean,
  ) {}

  /** @returns why the connection must be closed, if it must */
  push(bytes: Uint8Array, start: number, end: number): string | undefined {
    const all = this.carry.join(bytes, start, end);
    let at = 0;
    if (this.expectsInitial) {
      const initial = decodeInitialMessage(all);
      if (initial === 'refused') return 'what came is not the initial message of an election';
      if (initial === 'incomplete') return void this.carry.keep(all);
      this.expectsInitial = false;
      at = initial.lengthBytes;
      this.handler.onInitial(initial.message);
    }
    while (at + 4 <= all.length) {
      const length = readInt32(all, at);
      if (length <= 0 || length > MAX_NOTIFICATION_BYTES) return `an election message of ${length} bytes`;
      if (at + 4 + length > all.length) break;
      const notification = decodeNotification(all, at + 4, at + 4 + length);
      at += 4 + length;
      // What cannot be read is skipped, as by Apache: a later version may know more.
      if (notification !== undefined) this.handler.onNotification(notification);
    }
    this.carry.keep(all.subarray(at));
    return undefined;
  }
}
