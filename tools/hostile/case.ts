/** What a case is, and how its bytes are put together. */
import { ByteWriter, frame } from '../lib/wire.js';

export interface Case {
  readonly name: string;
  /** Whether a session is opened first; otherwise `bytes` are the first on the connection. */
  readonly needsSession: boolean;
  /** Sent as they are, lengths included. */
  readonly bytes: Buffer;
  /** The request gets a reply, an incomplete frame does not: then only the connection's fate is judged. */
  readonly expectsReply: boolean;
}

/** Where cases may create znodes; made before the first. */
export const ROOT = '/h';
/** Exists, holds data, is never changed by a case. */
export const STEADY = '/h/steady';

const XID = 77;

export function request(type: number, requestBody: Uint8Array, xid = XID): Buffer {
  return frame(new ByteWriter().int32(xid).int32(type).raw(requestBody).take());
}

export function inSession(name: string, bytes: Buffer, expectsReply = true): Case {
  return { name, needsSession: true, bytes, expectsReply };
}

export function bare(name: string, bytes: Buffer, expectsReply = false): Case {
  return { name, needsSession: false, bytes, expectsReply };
}

export function int32(value: number): Buffer {
  return new ByteWriter().int32(value).take();
}
