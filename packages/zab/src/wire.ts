import { type QuorumPacket, RecordReader, RecordWriter, copyBytes, utf8Text, writeInt32 } from '@zk/jute';
import { type Id, type Zxid, hiOf, loOf } from '@zk/model';
import type { ServerId } from '@zk/quorum';

/**
 * What servers say to each other, as bytes (spec: election, sections 1 and 2; learner protocol, section 2). Nothing here
 * knows what the messages mean.
 */

/** Types of quorum packets. PROTOCOL.md has the names the paper uses. */
export const PacketType = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const;

const packetNames = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]));

export function packetName(type: number): string {
  return packetNames.get(type) ?? `type ${type}`;
}

/** The protocol version in FOLLOWERINFO and LEADERINFO. */
export const ZAB_PROTOCOL_VERSION = 0x10000;

/** What ends the stream of a snapshot between servers. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere';

export function packet(type: number, zxid: Zxid, data: Uint8Array | null = null): QuorumPacket {
  return { type, zxid, data, authinfo: null };
}

export function encodePacket(value: QuorumPacket): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(packetBytes(value));
  writePacket(value, bytes, 0);
  return bytes;
}

/** Type, zxid, and the length of the data. */
const BEFORE_DATA_BYTES = 16;

/** How long a packet is. */
export function packetBytes({ data, authinfo }: QuorumPacket): number {
  return BEFORE_DATA_BYTES + (data?.length ?? 0) + (authinfo === null ? 4 : encodedIds(authinfo).length);
}

/** Writes a packet, {@link packetBytes} long. @returns where it ends */
export function writePacket({ type, zxid, data, authinfo }: QuorumPacket, out: Uint8Array, at: number): number {
  writeInt32(out, at, type);
  writeInt32(out, at + 4, hiOf(zxid));
  writeInt32(out, at + 8, loOf(zxid));
  writeInt32(out, at + 12, data === null ? -1 : data.length);
  const start = at + BEFORE_DATA_BYTES;
  const end = data === null ? start : copyBytes(data, 0, data.length, out, start);
  if (authinfo !== null) {
    const ids = encodedIds(authinfo);
    return copyBytes(ids, 0, ids.length, out, end);
  }
  writeInt32(out, end, -1);
  return end + 4;
}

/** A client sends the same list with every request. */
const encodings = new WeakMap<readonly Id[], Uint8Array>();

function encodedIds(ids: readonly Id[]): Uint8Array {
  const known = encodings.get(ids);
  if (known !== undefined) return known;
  const writer = new RecordWriter(64);
  writer.vector(ids, (target, { scheme, id }) => target.ustring(scheme).ustring(id));
  const bytes = writer.bytes();
  encodings.set(ids, bytes);
  return bytes;
}

export type PeerState = 'looking' | 'following' | 'leading' | 'observing';

const states: readonly PeerState[] = ['looking', 'following', 'leading', 'observing'];

/** One message of an election. */
export interface Notification {
  readonly state: PeerState;
  readonly leader: ServerId;
  readonly zxid: Zxid;
  /** The sender's round ("electionEpoch", "logical clock"). */
  readonly round: bigint;
  readonly peerEpoch: bigint;
  /** 2 since 3.5; 0 for the short forms. */
  readonly version: number;
  /** Text of the sender's committed configuration; null in the short forms. */
  readonly config: string | null;
}

/** Without the length in front. */
export function encodeNotification(value: Notification): Uint8Array<ArrayBuffer> {
  const writer = new RecordWriter(64 + 2 * (value.config?.length ?? 0));
  writer.int32(states.indexOf(value.state)).int64(value.leader).int64(value.zxid).int64(value.round);
  writer
    .int64(value.peerEpoch)
    .int32(value.version)
    .ustring(value.config ?? '');
  return writer.bytes();
}

const SHORTEST_NOTIFICATION_BYTES = 28;
const VERSION_1_BYTES = 40;

/** Undefined for what Apache's reader skips (spec: election, section 2). */
export function decodeNotification(bytes: Uint8Array, start = 0, end = bytes.length): Notification | undefined {
  const length = end - start;
  if (length < SHORTEST_NOTIFICATION_BYTES) return undefined;
  const reader = new RecordReader(bytes, start, end);
  const state = states[reader.int32()];
  if (state === undefined) return undefined;
  const [leader, zxid, round] = [reader.int64(), reader.int64(), reader.int64()];
  if (length === SHORTEST_NOTIFICATION_BYTES) {
    return { state, leader, zxid, round, peerEpoch: zxid >> 32n, version: 0, config: null };
  }
  if (length < VERSION_1_BYTES) return undefined;
  const peerEpoch = reader.int64();
  if (length === VERSION_1_BYTES) return { state, leader, zxid, round, peerEpoch, version: 0, config: null };
  const version = reader.int32();
  if (version < 2) return { state, leader, zxid, round, peerEpoch, version, config: null };
  if (reader.remaining < 4) return undefined;
  const configBytes = reader.int32();
  if (configBytes < 0 || configBytes > reader.remaining) return undefined;
  const config = utf8Text(bytes, reader.position, reader.position + configBytes);
  return { state, leader, zxid, round, peerEpoch, version, config };
}

/** The longest message on an election connection. */
export const MAX_NOTIFICATION_BYTES = 524_288;

/** What the dialling side of an election connection says first. */
export interface InitialMessage {
  readonly server: ServerId;
  /** `host:port` of its election addresses; several only with `multiAddress.enabled`. */
  readonly addresses: readonly string[];
}

const INITIAL_V1 = -65_536n;
const INITIAL_V2 = -65_535n;
const MAX_ADDRESS_BYTES = 2048;
const INITIAL_HEADER_BYTES = 20;

/** To be sent in one piece: Apache reads the address with a single call and takes no less. */
export function encodeInitialMessage(message: InitialMessage, isMultiAddress = false): Uint8Array<ArrayBuffer> {
  const addresses = isMultiAddress ? message.addresses.join('|') : message.addresses[0]!;
  const writer = new RecordWriter(INITIAL_HEADER_BYTES + addresses.length);
  writer
    .int64(isMultiAddress ? INITIAL_V2 : INITIAL_V1)
    .int64(message.server)
    .ustring(addresses);
  return writer.bytes();
}

/**
 * `incomplete` when more bytes are needed, `refused` when the connection must be closed, else the message and how many
 * bytes it took. The form of 3.4, a bare server id, has no addresses.
 */
export function decodeInitialMessage(
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): { message: InitialMessage; lengthBytes: number } | 'incomplete' | 'refused' {
  const reader = new RecordReader(bytes, start, end);
  if (reader.remaining < 8) return 'incomplete';
  const version = reader.int64();
  if (version >= 0n) return { message: { server: version, addresses: [] }, lengthBytes: 8 };
  if (version !== INITIAL_V1 && version !== INITIAL_V2) return 'refused';
  if (reader.remaining < 12) return 'incomplete';
  const server = reader.int64();
  const addressBytes = reader.int32();
  if (addressBytes <= 0 || addressBytes > MAX_ADDRESS_BYTES) return 'refused';
  if (reader.remaining < addressBytes) return 'incomplete';
  const items = utf8Text(bytes, reader.position, reader.position + addressBytes).split('|');
  if (items.some((item) => !/^(\[[^\]]+\]|[^:[\]]+):\d{1,5}$/.test(item))) return 'refused';
  const addresses = items.filter((item) => !/^(0\.0\.0\.0|\[::\]|\[0:0:0:0:0:0:0:0\]):/.test(item));
  return { message: { server, addresses }, lengthBytes: INITIAL_HEADER_BYTES + addressBytes };
}

/** Of two servers, the one with the larger id keeps the connection it dialled; the other hangs up and is called back. */
export function keepsDialled(dialler: ServerId, target: ServerId): boolean {
  return dialler > target;
}
