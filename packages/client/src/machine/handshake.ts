import { RecordReader, RecordWriter, readConnectResponse, readReplyHeader, writeConnectRequest } from '@zk/jute';
import type { SessionId, Zxid } from '@zk/model';
import type { Outbox } from '../wire/outbox.js';

/** Connecting: one frame each way, without headers (spec: client protocol, section 3). */

export interface SessionClaim {
  readonly id: SessionId;
  readonly password: Uint8Array;
}

export interface Grant extends SessionClaim {
  /** 0: the session is over. */
  readonly timeoutMs: number;
  readonly isReadOnly: boolean;
}

const NO_PASSWORD = new Uint8Array(16);
const REPLY_HEADER_BYTES = 16;

export function writeHandshake(
  out: Outbox,
  claim: SessionClaim | undefined,
  lastZxid: Zxid,
  timeoutMs: number,
  isReadOnlyAllowed: boolean,
): void {
  const writer = new RecordWriter(64);
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: lastZxid,
    timeOut: timeoutMs,
    sessionId: claim?.id ?? 0n,
    passwd: claim?.password ?? NO_PASSWORD,
    readOnly: isReadOnlyAllowed,
  });
  out.beginBare();
  out.raw(writer.view());
  out.end();
}

/** @throws Error when it is no grant: also the bare header with which a read-only server refuses a new session */
export function readHandshake(bytes: Uint8Array, start: number, end: number): Grant {
  const reader = new RecordReader(bytes, start, end);
  if (end - start === REPLY_HEADER_BYTES) {
    throw new Error(`the server refused a new session with code ${readReplyHeader(reader).err}`);
  }
  const response = readConnectResponse(reader);
  return {
    id: response.sessionId,
    password: response.passwd.slice(),
    timeoutMs: response.timeOut,
    isReadOnly: response.readOnly ?? false,
  };
}
