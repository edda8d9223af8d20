// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Connecting, headers, authentication. */

import type { SessionId, Zxid } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';

/** First frame of a connection, without a header. */
export interface ConnectRequest {
  /** Always 0; nobody looks at it. */
  readonly protocolVersion: number;
  /** The greatest zxid the client has seen; a server that is behind it refuses the connection. */
  readonly lastZxidSeen: Zxid;
  /** Requested session timeout in ms; any number, the server clamps it. */
  readonly timeOut: number;
  /** 0 asks for a new session. */
  readonly sessionId: SessionId;
  readonly passwd: Uint8Array | null;
  /** Unknown to clients older than 3.4; the reply carries its flag only when the request did. */
  readonly readOnly?: boolean;
}

export function readConnectRequest(reader: RecordReader): ConnectRequest {
  return {
    protocolVersion: reader.int32(),
    lastZxidSeen: reader.int64(),
    timeOut: reader.int32(),
    sessionId: reader.int64(),
    passwd: reader.buffer(),
    readOnly: reader.remaining >= 1 ? reader.boolean() : undefined,
  };
}

export function writeConnectRequest(writer: RecordWriter, value: ConnectRequest): void {
  writer.int32(value.protocolVersion);
  writer.int64(value.lastZxidSeen);
  writer.int32(value.timeOut);
  writer.int64(value.sessionId);
  writer.buffer(value.passwd);
  if (value.readOnly !== undefined) writer.boolean(value.readOnly);
}

/** First frame of a server, without a header. A refused session shows as timeOut 0. */
export interface ConnectResponse {
  readonly protocolVersion: number;
  /** Negotiated session timeout in ms. */
  readonly timeOut: number;
  readonly sessionId: SessionId;
  readonly passwd: Uint8Array;
  readonly readOnly?: boolean;
}

export function readConnectResponse(reader: RecordReader): ConnectResponse {
  return {
    protocolVersion: reader.int32(),
    timeOut: reader.int32(),
    sessionId: reader.int64(),
    passwd: reader.requiredBuffer(),
    readOnly: reader.remaining >= 1 ? reader.boolean() : undefined,
  };
}

export function writeConnectResponse(writer: RecordWriter, value: ConnectResponse): void {
  writer.int32(value.protocolVersion);
  writer.int32(value.timeOut);
  writer.int64(value.sessionId);
  writer.buffer(value.passwd);
  if (value.readOnly !== undefined) writer.boolean(value.readOnly);
}

export interface RequestHeader {
  readonly xid: number;
  /** Opcode. */
  readonly type: number;
}

export function readRequestHeader(reader: RecordReader): RequestHeader {
  return {
    xid: reader.int32(),
    type: reader.int32(),
  };
}

export function writeRequestHeader(writer: RecordWriter, value: RequestHeader): void {
  writer.int32(value.xid);
  writer.int32(value.type);
}

export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: Zxid;
  readonly err: number;
}

export function readReplyHeader(reader: RecordReader): ReplyHeader {
  return {
    xid: reader.int32(),
    zxid: reader.int64(),
    err: reader.int32(),
  };
}

export function writeReplyHeader(writer: RecordWriter, value: ReplyHeader): void {
  writer.int32(value.xid);
  writer.int64(value.zxid);
  writer.int32(value.err);
}

export interface AuthPacket {
  /** Always 0. */
  readonly type: number;
  readonly scheme: string | null;
  readonly auth: Uint8Array | null;
}

export function readAuthPacket(reader: RecordReader): AuthPacket {
  return {
    type: reader.int32(),
    scheme: reader.ustring(),
    auth: reader.buffer(),
  };
}

export function writeAuthPacket(writer: RecordWriter, value: AuthPacket): void {
  writer.int32(value.type);
  writer.ustring(value.scheme);
  writer.buffer(value.auth);
}

export interface GetSASLRequest {
  readonly token: Uint8Array | null;
}

export function readGetSASLRequest(reader: RecordReader): GetSASLRequest {
  return {
    token: reader.buffer(),
  };
}

export function writeGetSASLRequest(writer: RecordWriter, value: GetSASLRequest): void {
  writer.buffer(value.token);
}

export interface SetSASLRequest {
  readonly token: Uint8Array | null;
}

export function readSetSASLRequest(reader: RecordReader): SetSASLRequest {
  return {
    token: reader.buffer(),
  };
}

export function writeSetSASLRequest(writer: RecordWriter, value: SetSASLRequest): void {
  writer.buffer(value.token);
}

export interface SetSASLResponse {
  readonly token: Uint8Array | null;
}

export function readSetSASLResponse(reader: RecordReader): SetSASLResponse {
  return {
    token: reader.buffer(),
  };
}

export function writeSetSASLResponse(writer: RecordWriter, value: SetSASLResponse): void {
  writer.buffer(value.token);
}

export interface ClientInfo {
  readonly authScheme: string | null;
  readonly user: string | null;
}

export function readClientInfo(reader: RecordReader): ClientInfo {
  return {
    authScheme: reader.ustring(),
    user: reader.ustring(),
  };
}

export function writeClientInfo(writer: RecordWriter, value: ClientInfo): void {
  writer.ustring(value.authScheme);
  writer.ustring(value.user);
}

export interface WhoAmIResponse {
  readonly clientInfo: readonly ClientInfo[];
}

export function readWhoAmIResponse(reader: RecordReader): WhoAmIResponse {
  return {
    clientInfo: reader.requiredVector(readClientInfo),
  };
}

export function writeWhoAmIResponse(writer: RecordWriter, value: WhoAmIResponse): void {
  writer.vector(value.clientInfo, writeClientInfo);
}
