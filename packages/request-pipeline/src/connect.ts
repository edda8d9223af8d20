import { readInt32, writeInt32 } from '@zk/jute';
import { SESSION_PASSWORD_BYTES, sessionPassword } from '@zk/session';
import type { FrameReader } from './frame-reader.js';
import type { Outbox } from './outbox.js';

/** The first frame of a connection (spec: client protocol, section 3.1). */
export class ConnectRequest {
  lastZxidHi = 0;
  lastZxidLo = 0;
  timeoutMs = 0;
  sessionHi = 0;
  sessionLo = 0;
  password: Uint8Array = new Uint8Array(0);
  isReadOnlyOk = false;
  /** Clients before 3.4 do not send the last byte, and then do not expect it in the response. */
  hasReadOnlyByte = false;
}

/** Reads a ConnectRequest; undefined when it cannot be decoded. The version is never looked at, as in Apache. */
export function readConnectRequest(reader: FrameReader): ConnectRequest | undefined {
  const request = new ConnectRequest();
  reader.int32();
  request.lastZxidHi = reader.int32();
  request.lastZxidLo = reader.int32();
  request.timeoutMs = reader.int32();
  request.sessionHi = reader.int32();
  request.sessionLo = reader.int32();
  reader.range();
  if (reader.failed) return undefined;
  request.password = reader.bytes.slice(reader.start, reader.end);
  request.hasReadOnlyByte = reader.at < reader.limit;
  request.isReadOnlyOk = request.hasReadOnlyByte && reader.boolean();
  return request;
}

const BODY_BYTES = 4 + 4 + 8 + 4 + SESSION_PASSWORD_BYTES;

/**
 * Writes a ConnectResponse frame; session 0 and timeout 0 tell a client that its session is gone.
 * @param isReadOnly undefined for clients that do not expect to be told
 */
export function writeConnectResponse(
  outbox: Outbox,
  timeoutMs: number,
  sessionHi: number,
  sessionLo: number,
  isReadOnly: boolean | undefined,
): void {
  const bodyBytes = BODY_BYTES + (isReadOnly === undefined ? 0 : 1);
  const at = outbox.reserve(4 + bodyBytes);
  const { bytes } = outbox;
  outbox.framesWritten++;
  bytes.fill(0, at, at + 4 + bodyBytes);
  writeInt32(bytes, at, bodyBytes);
  writeInt32(bytes, at + 8, timeoutMs);
  writeInt32(bytes, at + 12, sessionHi);
  writeInt32(bytes, at + 16, sessionLo);
  writeInt32(bytes, at + 20, SESSION_PASSWORD_BYTES);
  if (readInt32(bytes, at + 12) !== 0 || readInt32(bytes, at + 16) !== 0) {
    sessionPassword(sessionHi, sessionLo, bytes, at + 24);
  }
  if (isReadOnly === true) bytes[at + 3 + bodyBytes] = 1;
}
