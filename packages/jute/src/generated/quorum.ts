// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Between servers. */

import type { Id, SessionId, Zxid } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';
import { readId, writeId } from './shared.js';

export interface QuorumPacket {
  readonly type: number;
  readonly zxid: Zxid;
  readonly data: Uint8Array | null;
  readonly authinfo: readonly Id[] | null;
}

export function readQuorumPacket(reader: RecordReader): QuorumPacket {
  return {
    type: reader.int32(),
    zxid: reader.int64(),
    data: reader.buffer(),
    authinfo: reader.vector(readId),
  };
}

export function writeQuorumPacket(writer: RecordWriter, value: QuorumPacket): void {
  writer.int32(value.type);
  writer.int64(value.zxid);
  writer.buffer(value.data);
  writer.vector(value.authinfo, writeId);
}

/** Data of FOLLOWERINFO and OBSERVERINFO; old servers send less. */
export interface LearnerInfo {
  readonly serverid: bigint;
  readonly protocolVersion?: number;
  readonly configVersion?: bigint;
}

export function readLearnerInfo(reader: RecordReader): LearnerInfo {
  return {
    serverid: reader.int64(),
    protocolVersion: reader.remaining >= 4 ? reader.int32() : undefined,
    configVersion: reader.remaining >= 8 ? reader.int64() : undefined,
  };
}

export function writeLearnerInfo(writer: RecordWriter, value: LearnerInfo): void {
  writer.int64(value.serverid);
  if (value.protocolVersion !== undefined) writer.int32(value.protocolVersion);
  if (value.configVersion !== undefined) writer.int64(value.configVersion);
}

/** Data of LEADERINFO. */
export interface LeaderInfo {
  readonly protocolVersion: number;
}

export function readLeaderInfo(reader: RecordReader): LeaderInfo {
  return {
    protocolVersion: reader.int32(),
  };
}

export function writeLeaderInfo(writer: RecordWriter, value: LeaderInfo): void {
  writer.int32(value.protocolVersion);
}

/** Data of ACKEPOCH; -1 when the epoch was acknowledged before. */
export interface AckEpoch {
  readonly currentEpoch: number;
}

export function readAckEpoch(reader: RecordReader): AckEpoch {
  return {
    currentEpoch: reader.int32(),
  };
}

export function writeAckEpoch(writer: RecordWriter, value: AckEpoch): void {
  writer.int32(value.currentEpoch);
}

/** Data of REQUEST begins with it; the client's request body follows. */
export interface ForwardedRequest {
  readonly sessionId: SessionId;
  readonly cxid: number;
  readonly opcode: number;
}

export function readForwardedRequest(reader: RecordReader): ForwardedRequest {
  return {
    sessionId: reader.int64(),
    cxid: reader.int32(),
    opcode: reader.int32(),
  };
}

export function writeForwardedRequest(writer: RecordWriter, value: ForwardedRequest): void {
  writer.int64(value.sessionId);
  writer.int32(value.cxid);
  writer.int32(value.opcode);
}

/** Data of a learner's PING is any number of these; also data of a learner's REVALIDATE. */
export interface SessionTouch {
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
}

export function readSessionTouch(reader: RecordReader): SessionTouch {
  return {
    sessionId: reader.int64(),
    timeoutMs: reader.int32(),
  };
}

export function writeSessionTouch(writer: RecordWriter, value: SessionTouch): void {
  writer.int64(value.sessionId);
  writer.int32(value.timeoutMs);
}

/** Data of a leader's REVALIDATE. */
export interface RevalidateReply {
  readonly sessionId: SessionId;
  readonly isValid: boolean;
}

export function readRevalidateReply(reader: RecordReader): RevalidateReply {
  return {
    sessionId: reader.int64(),
    isValid: reader.boolean(),
  };
}

export function writeRevalidateReply(writer: RecordWriter, value: RevalidateReply): void {
  writer.int64(value.sessionId);
  writer.boolean(value.isValid);
}

/** Data of COMMITANDACTIVATE; that of INFORMANDACTIVATE begins with it, the transaction follows. */
export interface DesignatedLeader {
  readonly serverId: bigint;
}

export function readDesignatedLeader(reader: RecordReader): DesignatedLeader {
  return {
    serverId: reader.int64(),
  };
}

export function writeDesignatedLeader(writer: RecordWriter, value: DesignatedLeader): void {
  writer.int64(value.serverId);
}

/** SASL exchange between servers; the first thing on a connection, without a frame. */
export interface QuorumAuthPacket {
  readonly magic: bigint;
  readonly status: number;
  readonly token: Uint8Array | null;
}

export function readQuorumAuthPacket(reader: RecordReader): QuorumAuthPacket {
  return {
    magic: reader.int64(),
    status: reader.int32(),
    token: reader.buffer(),
  };
}

export function writeQuorumAuthPacket(writer: RecordWriter, value: QuorumAuthPacket): void {
  writer.int64(value.magic);
  writer.int32(value.status);
  writer.buffer(value.token);
}
