import { RecordReader, RecordWriter, readInt32, readQuorumAuthPacket, writeQuorumAuthPacket } from '@zk/jute';

/** How an exchange stands, as the numbers in packets say it. */
export const AuthStatus = { IN_PROGRESS: 0, SUCCESS: 1, ERROR: -1 } as const;

export interface AuthPacket {
  readonly status: number;
  readonly token: Uint8Array;
}

const MAGIC = 0x5f24_3501_3501_edccn;
const MAGIC_BYTES = Uint8Array.of(0x5f, 0x24, 0x35, 0x01, 0x35, 0x01, 0xed, 0xcc);
/** Magic, status, and the length of the token. */
const HEADER_BYTES = 16;
/** Longest token that is read: those of DIGEST-MD5 are below 4 KiB. */
const MAX_TOKEN_BYTES = 16 * 1024;

/** One packet of a SASL exchange between servers (spec: election, section 6): a record without a frame. */
export function encodeAuthPacket(status: number, token: Uint8Array): Uint8Array {
  const writer = new RecordWriter();
  writeQuorumAuthPacket(writer, { magic: MAGIC, status, token });
  return writer.bytes();
}

/** Whether these bytes begin such a packet; `incomplete` while they are too few to tell. */
export function beginsAuthPacket(bytes: Uint8Array): boolean | 'incomplete' {
  const differs = MAGIC_BYTES.some((byte, index) => index < bytes.length && bytes[index] !== byte);
  if (differs) return false;
  return bytes.length < MAGIC_BYTES.length ? 'incomplete' : true;
}

/** The packet that these bytes begin with. A null token is an empty one. */
export function decodeAuthPacket(
  bytes: Uint8Array,
): { readonly packet: AuthPacket; readonly lengthBytes: number } | 'incomplete' | 'refused' {
  const begins = beginsAuthPacket(bytes);
  if (begins === false) return 'refused';
  if (bytes.length < HEADER_BYTES) return 'incomplete';
  const tokenBytes = readInt32(bytes, HEADER_BYTES - 4);
  if (tokenBytes < -1 || tokenBytes > MAX_TOKEN_BYTES) return 'refused';
  const lengthBytes = HEADER_BYTES + Math.max(0, tokenBytes);
  if (bytes.length < lengthBytes) return 'incomplete';
  const { status, token } = readQuorumAuthPacket(new RecordReader(bytes, 0, lengthBytes));
  return { packet: { status, token: token?.slice() ?? new Uint8Array(0) }, lengthBytes };
}
