// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Changing znodes; sync; the parts of a multi. */

import type { Acl, Stat } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';
import { readAcl, readStat, writeAcl, writeStat } from './shared.js';

export interface CreateRequest {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly flags: number;
}

export function readCreateRequest(reader: RecordReader): CreateRequest {
  return {
    path: reader.requiredString(),
    data: reader.buffer(),
    acl: reader.vector(readAcl),
    flags: reader.int32(),
  };
}

export function writeCreateRequest(writer: RecordWriter, value: CreateRequest): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.vector(value.acl, writeAcl);
  writer.int32(value.flags);
}

export interface CreateTTLRequest {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly flags: number;
  /** Time to live in ms. */
  readonly ttl: bigint;
}

export function readCreateTTLRequest(reader: RecordReader): CreateTTLRequest {
  return {
    path: reader.requiredString(),
    data: reader.buffer(),
    acl: reader.vector(readAcl),
    flags: reader.int32(),
    ttl: reader.int64(),
  };
}

export function writeCreateTTLRequest(writer: RecordWriter, value: CreateTTLRequest): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.vector(value.acl, writeAcl);
  writer.int32(value.flags);
  writer.int64(value.ttl);
}

export interface CreateResponse {
  readonly path: string;
}

export function readCreateResponse(reader: RecordReader): CreateResponse {
  return {
    path: reader.requiredString(),
  };
}

export function writeCreateResponse(writer: RecordWriter, value: CreateResponse): void {
  writer.ustring(value.path);
}

export interface Create2Response {
  readonly path: string;
  readonly stat: Stat;
}

export function readCreate2Response(reader: RecordReader): Create2Response {
  return {
    path: reader.requiredString(),
    stat: readStat(reader),
  };
}

export function writeCreate2Response(writer: RecordWriter, value: Create2Response): void {
  writer.ustring(value.path);
  writeStat(writer, value.stat);
}

export interface DeleteRequest {
  readonly path: string;
  readonly version: number;
}

export function readDeleteRequest(reader: RecordReader): DeleteRequest {
  return {
    path: reader.requiredString(),
    version: reader.int32(),
  };
}

export function writeDeleteRequest(writer: RecordWriter, value: DeleteRequest): void {
  writer.ustring(value.path);
  writer.int32(value.version);
}

/** Only between servers: the path travels as a buffer, which is the same on the wire. */
export interface DeleteContainerRequest {
  readonly path: Uint8Array;
}

export function readDeleteContainerRequest(reader: RecordReader): DeleteContainerRequest {
  return {
    path: reader.requiredBuffer(),
  };
}

export function writeDeleteContainerRequest(writer: RecordWriter, value: DeleteContainerRequest): void {
  writer.buffer(value.path);
}

/** A null path decodes: the server answers it with BADARGUMENTS, as Apache ZooKeeper does. */
export interface SetDataRequest {
  readonly path: string | null;
  readonly data: Uint8Array | null;
  readonly version: number;
}

export function readSetDataRequest(reader: RecordReader): SetDataRequest {
  return {
    path: reader.ustring(),
    data: reader.buffer(),
    version: reader.int32(),
  };
}

export function writeSetDataRequest(writer: RecordWriter, value: SetDataRequest): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.int32(value.version);
}

export interface SetDataResponse {
  readonly stat: Stat;
}

export function readSetDataResponse(reader: RecordReader): SetDataResponse {
  return {
    stat: readStat(reader),
  };
}

export function writeSetDataResponse(writer: RecordWriter, value: SetDataResponse): void {
  writeStat(writer, value.stat);
}

/** A null path decodes: the server answers it with BADARGUMENTS, as Apache ZooKeeper does. */
export interface SetACLRequest {
  readonly path: string | null;
  readonly acl: readonly Acl[] | null;
  /** Compared with aversion. */
  readonly version: number;
}

export function readSetACLRequest(reader: RecordReader): SetACLRequest {
  return {
    path: reader.ustring(),
    acl: reader.vector(readAcl),
    version: reader.int32(),
  };
}

export function writeSetACLRequest(writer: RecordWriter, value: SetACLRequest): void {
  writer.ustring(value.path);
  writer.vector(value.acl, writeAcl);
  writer.int32(value.version);
}

export interface SetACLResponse {
  readonly stat: Stat;
}

export function readSetACLResponse(reader: RecordReader): SetACLResponse {
  return {
    stat: readStat(reader),
  };
}

export function writeSetACLResponse(writer: RecordWriter, value: SetACLResponse): void {
  writeStat(writer, value.stat);
}

/** Any path, even null, is echoed. */
export interface SyncRequest {
  readonly path: string | null;
}

export function readSyncRequest(reader: RecordReader): SyncRequest {
  return {
    path: reader.ustring(),
  };
}

export function writeSyncRequest(writer: RecordWriter, value: SyncRequest): void {
  writer.ustring(value.path);
}

export interface SyncResponse {
  readonly path: string | null;
}

export function readSyncResponse(reader: RecordReader): SyncResponse {
  return {
    path: reader.ustring(),
  };
}

export function writeSyncResponse(writer: RecordWriter, value: SyncResponse): void {
  writer.ustring(value.path);
}

export interface CheckVersionRequest {
  readonly path: string;
  readonly version: number;
}

export function readCheckVersionRequest(reader: RecordReader): CheckVersionRequest {
  return {
    path: reader.requiredString(),
    version: reader.int32(),
  };
}

export function writeCheckVersionRequest(writer: RecordWriter, value: CheckVersionRequest): void {
  writer.ustring(value.path);
  writer.int32(value.version);
}

export interface ReconfigRequest {
  readonly joiningServers: string | null;
  readonly leavingServers: string | null;
  readonly newMembers: string | null;
  readonly curConfigId: bigint;
}

export function readReconfigRequest(reader: RecordReader): ReconfigRequest {
  return {
    joiningServers: reader.ustring(),
    leavingServers: reader.ustring(),
    newMembers: reader.ustring(),
    curConfigId: reader.int64(),
  };
}

export function writeReconfigRequest(writer: RecordWriter, value: ReconfigRequest): void {
  writer.ustring(value.joiningServers);
  writer.ustring(value.leavingServers);
  writer.ustring(value.newMembers);
  writer.int64(value.curConfigId);
}

export interface ErrorResponse {
  readonly err: number;
}

export function readErrorResponse(reader: RecordReader): ErrorResponse {
  return {
    err: reader.int32(),
  };
}

export function writeErrorResponse(writer: RecordWriter, value: ErrorResponse): void {
  writer.int32(value.err);
}

/** Precedes every part of a multi, and with done = true ends it. */
export interface MultiHeader {
  readonly type: number;
  readonly done: boolean;
  readonly err: number;
}

export function readMultiHeader(reader: RecordReader): MultiHeader {
  return {
    type: reader.int32(),
    done: reader.boolean(),
    err: reader.int32(),
  };
}

export function writeMultiHeader(writer: RecordWriter, value: MultiHeader): void {
  writer.int32(value.type);
  writer.boolean(value.done);
  writer.int32(value.err);
}
