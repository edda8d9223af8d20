import { type QuorumPacket, copyBytes, readInt32 } from '@zk/jute';
import { int64 } from '@zk/model';
import { IdLists } from './id-lists.js';
import {
  type InitialMessage,
  MAX_NOTIFICATION_BYTES,
  type Notification,
  PacketType,
  decodeInitialMessage,
  decodeNotification,
} from './wire.js';

/**
 * From bytes, in pieces of any size, to messages. The same messages come out however the bytes are split. What a stream
 * cannot read is its connection's end: the methods say so by returning a reason.
 */

const NOTHING = new Uint8Array(0);

/** Bytes that wait for their rest. */
class Carry {
  private bytes: Uint8Array = NOTHING;

  /** What is left over from before, and then these. Without anything left over, no copy is made. */
  join(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.bytes.length === 0) return bytes.subarray(start, end);
    const joined = new Uint8Array(this.bytes.length + end - start);
    joined.set(this.bytes);
    joined.set(bytes.subarray(start, end), this.bytes.length);
    return joined;
  }

  /** What begins at a position waits. */
  keep(bytes: Uint8Array, at: number): void {
    if (at < bytes.length) this.bytes = bytes.slice(at);
    else if (this.bytes.length > 0) this.bytes = NOTHING;
  }
}

export interface PacketStreamHandler {
  /** The data is the packet's own. */
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
  private readonly idLists = new IdLists();
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
      if (length === REFUSED) return 'what came is not a quorum packet';
      if (length === INCOMPLETE) break;
      const packet = this.packetAt(all, at, at + length);
      at += length;
      this.isInSnapshot = packet.type === PacketType.SNAP;
      this.handler.onPacket(packet);
    }
    this.carry.keep(all, at);
    return undefined;
  }

  /** The packet that lies there, complete. */
  private packetAt(bytes: Uint8Array, start: number, end: number): QuorumPacket {
    const dataStart = start + BEFORE_DATA_BYTES + 4;
    const dataLength = readInt32(bytes, dataStart - 4);
    const dataEnd = dataStart + Math.max(0, dataLength);
    let data: Uint8Array | null = null;
    if (dataLength !== NULL_LENGTH) {
      data = new Uint8Array(dataLength);
      copyBytes(bytes, dataStart, dataEnd, data, 0);
    }
    const authinfo = readInt32(bytes, dataEnd) === NULL_LENGTH ? null : this.idLists.read(bytes, dataEnd, end);
    const zxid = int64(readInt32(bytes, start + 4), readInt32(bytes, start + 8));
    return { type: readInt32(bytes, start), zxid, data, authinfo };
  }
}

/** Type and zxid. */
const BEFORE_DATA_BYTES = 12;
/** Not among the lengths a packet may have. */
const INCOMPLETE = 0;
const REFUSED = -1;

/** How many bytes the packet at a position takes; or {@link INCOMPLETE}, or {@link REFUSED}. */
function packetLength(bytes: Uint8Array, start: number, maxBytes: number): number {
  const data = lengthAt(bytes, start + BEFORE_DATA_BYTES, maxBytes);
  if (data < 0) return data === UNKNOWN ? INCOMPLETE : REFUSED;
  let at = start + BEFORE_DATA_BYTES + 4 + data;
  const idCount = lengthAt(bytes, at, maxBytes);
  at += 4;
  if (idCount < 0) return idCount === UNKNOWN ? INCOMPLETE : REFUSED;
  for (let i = 0; i < 2 * idCount; i++) {
    const text = lengthAt(bytes, at, maxBytes);
    if (text < 0) return text === UNKNOWN ? INCOMPLETE : REFUSED;
    at += 4 + text;
  }
  return at <= bytes.length ? at - start : INCOMPLETE;
}

/** What {@link lengthAt} says of a length that has not arrived, and of one that none is. */
const UNKNOWN = -1;
const BAD = -2;

/** The length at a position: 0 for what is null. */
function lengthAt(bytes: Uint8Array, at: number, maxBytes: number): number {
  if (at + 4 > bytes.length) return UNKNOWN;
  const length = readInt32(bytes, at);
  if (length < -1 || length > maxBytes) return BAD;
  return length < 0 ? 0 : length;
}

const NULL_LENGTH = -1;

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
      if (initial === 'incomplete') return void this.carry.keep(all, 0);
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
    this.carry.keep(all, at);
    return undefined;
  }
}
