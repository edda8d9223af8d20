import { ByteArena, type QuorumPacket, copyBytes, readInt32 } from '@zk/jute';
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

const FIRST_CARRY_BYTES = 1024;
const MAX_CARRY_BYTES = 64 << 10;

/**
 * From bytes, in pieces of any size, to messages. The same messages come out however the bytes are split. What a stream
 * cannot read is its connection's end: the methods say so by returning a reason.
 */

/** Bytes that wait for their rest. */
class Carry {
  bytes = new Uint8Array(FIRST_CARRY_BYTES);
  length = 0;

  get isEmpty(): boolean {
    return this.length === 0;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
      copyBytes(this.bytes, 0, this.length, larger, 0);
      this.bytes = larger;
    }
    this.length = copyBytes(bytes, start, end, this.bytes, this.length);
  }

  /** Forgets everything, and what a long packet made it grow to. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > MAX_CARRY_BYTES) this.bytes = new Uint8Array(FIRST_CARRY_BYTES);
  }

  /** What is left from a position on stays. */
  drop(count: number): void {
    if (count === this.length) return this.clear();
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }
}

export interface PacketStreamHandler {
  /** Packets that were complete at the same time, in their order; a SNAP is the last of them. Their data is their own. */
  onPackets(packets: readonly QuorumPacket[]): void;
  /**
   * Bytes of the snapshot that follows a SNAP packet. Returns how many of them belong to it when its end, behind the
   * signature, is among them; undefined when all of them do and more are to come.
   */
  onSnapshot(bytes: Uint8Array): number | undefined;
}

export interface PacketStreamOptions {
  /** The longest data of a packet; default 2 MiB. */
  readonly maxBytes?: number;
  /**
   * For the stream that a leader reads. An ACK is left out when the next one, for a later proposal of the same epoch, has
   * come with it: a learner acknowledges in order, so the later one says all that the earlier one says. And it is handed
   * over alone, so that whoever believes it can look at the clock before. Default false.
   */
  readonly mergesAcks?: boolean;
}

const DEFAULT_MAX_BYTES = 2 * 0xfffff;

/** Packets between a leader and a learner: records back to back, without frames, and raw snapshots among them. */
export class PacketStream {
  private readonly carry = new Carry();
  private readonly idLists = new IdLists();
  private readonly arena = new ByteArena();
  private readonly maxBytes: number;
  private readonly mergesAcks: boolean;
  private isInSnapshot = false;

  constructor(
    private readonly handler: PacketStreamHandler,
    { maxBytes = DEFAULT_MAX_BYTES, mergesAcks = false }: PacketStreamOptions = {},
  ) {
    this.maxBytes = maxBytes;
    this.mergesAcks = mergesAcks;
  }

  /** @returns why the connection must be closed, if it must */
  push(bytes: Uint8Array, start: number, end: number): string | undefined {
    let at = start;
    // Of what came, only as much is copied as the packet needs that was cut.
    while (!this.carry.isEmpty && at < end) {
      const count = Math.min(end - at, Math.max(MIN_TAKEN_BYTES, this.carry.length));
      this.carry.append(bytes, at, at + count);
      at += count;
      const used = this.read(this.carry.bytes, 0, this.carry.length);
      if (used === REFUSED) return NO_PACKET;
      if (used === 0) continue;
      at -= this.carry.length - used;
      this.carry.clear();
    }
    if (at === end) return undefined;
    const read = this.read(bytes, at, end);
    if (read === REFUSED) return NO_PACKET;
    if (read < end) this.carry.append(bytes, read, end);
    return undefined;
  }

  /** Hands over what is complete. @returns where the rest begins, or {@link REFUSED} */
  private read(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    const complete: QuorumPacket[] = [];
    while (at < end) {
      if (this.isInSnapshot) {
        const taken = this.handler.onSnapshot(bytes.subarray(at, end));
        if (taken === undefined) return end;
        this.isInSnapshot = false;
        at += taken;
        continue;
      }
      const length = packetLength(bytes, at, end, this.maxBytes);
      if (length <= 0) {
        this.handOver(complete);
        return length === INCOMPLETE ? at : REFUSED;
      }
      const packetStart = at;
      at += length;
      if (this.mergesAcks && length === ACK_BYTES && isSuperseded(bytes, packetStart, end)) continue;
      const packet = this.packetAt(bytes, packetStart, at);
      const isAlone = this.mergesAcks && packet.type === PacketType.ACK;
      if (isAlone) this.handOver(complete.splice(0));
      complete.push(packet);
      this.isInSnapshot = packet.type === PacketType.SNAP;
      if (isAlone || this.isInSnapshot) this.handOver(complete.splice(0));
    }
    this.handOver(complete);
    return at;
  }

  private handOver(packets: readonly QuorumPacket[]): void {
    if (packets.length > 0) this.handler.onPackets(packets);
  }

  /** The packet that lies there, complete. */
  private packetAt(bytes: Uint8Array, start: number, end: number): QuorumPacket {
    const dataStart = start + BEFORE_DATA_BYTES + 4;
    const dataLength = readInt32(bytes, dataStart - 4);
    const dataEnd = dataStart + Math.max(0, dataLength);
    let data: Uint8Array | null = null;
    if (dataLength !== NULL_LENGTH) {
      data = this.arena.copy(bytes, dataStart, dataEnd);
    }
    const authinfo = readInt32(bytes, dataEnd) === NULL_LENGTH ? null : this.idLists.read(bytes, dataEnd, end);
    const zxid = int64(readInt32(bytes, start + 4), readInt32(bytes, start + 8));
    return { type: readInt32(bytes, start), zxid, data, authinfo };
  }
}

const NO_PACKET = 'what came is not a quorum packet';
/** Of new bytes, when a packet was cut. */
const MIN_TAKEN_BYTES = 64;
/** Type and zxid. */
const BEFORE_DATA_BYTES = 12;
/** Not among the lengths a packet may have. */
const INCOMPLETE = 0;
const REFUSED = -1;

/** How many bytes the packet at a position takes; or {@link INCOMPLETE}, or {@link REFUSED}. */
function packetLength(bytes: Uint8Array, start: number, end: number, maxBytes: number): number {
  const data = lengthAt(bytes, start + BEFORE_DATA_BYTES, end, maxBytes);
  if (data < 0) return data === UNKNOWN ? INCOMPLETE : REFUSED;
  let at = start + BEFORE_DATA_BYTES + 4 + data;
  const idCount = lengthAt(bytes, at, end, maxBytes);
  at += 4;
  if (idCount < 0) return idCount === UNKNOWN ? INCOMPLETE : REFUSED;
  for (let i = 0; i < 2 * idCount; i++) {
    const text = lengthAt(bytes, at, end, maxBytes);
    if (text < 0) return text === UNKNOWN ? INCOMPLETE : REFUSED;
    at += 4 + text;
  }
  return at <= end ? at - start : INCOMPLETE;
}

/** What {@link lengthAt} says of a length that has not arrived, and of one that none is. */
const UNKNOWN = -1;
const BAD = -2;

/** The length at a position: 0 for what is null. */
function lengthAt(bytes: Uint8Array, at: number, end: number, maxBytes: number): number {
  if (at + 4 > end) return UNKNOWN;
  const length = readInt32(bytes, at);
  if (length < -1 || length > maxBytes) return BAD;
  return length < 0 ? 0 : length;
}

const NULL_LENGTH = -1;

/** Type, zxid, no data, no identities. */
const ACK_BYTES = 20;

/** Whether a packet is the ACK of a proposal, and the one behind it that of a later proposal. */
function isSuperseded(bytes: Uint8Array, start: number, end: number): boolean {
  const next = start + ACK_BYTES;
  if (next + ACK_BYTES > end || !isAck(bytes, start) || !isAck(bytes, next)) return false;
  const counter = readInt32(bytes, start + 8) >>> 0;
  // Counter 0 acknowledges a leader.
  return (
    counter !== 0 &&
    readInt32(bytes, start + 4) === readInt32(bytes, next + 4) &&
    counter < readInt32(bytes, next + 8) >>> 0
  );
}

function isAck(bytes: Uint8Array, at: number): boolean {
  return (
    readInt32(bytes, at) === PacketType.ACK &&
    readInt32(bytes, at + BEFORE_DATA_BYTES) === NULL_LENGTH &&
    readInt32(bytes, at + BEFORE_DATA_BYTES + 4) === NULL_LENGTH
  );
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
    this.carry.append(bytes, start, end);
    const all = this.carry.bytes.subarray(0, this.carry.length);
    let at = 0;
    if (this.expectsInitial) {
      const initial = decodeInitialMessage(all);
      if (initial === 'refused') return 'what came is not the initial message of an election';
      if (initial === 'incomplete') return undefined;
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
    this.carry.drop(at);
    return undefined;
  }
}
