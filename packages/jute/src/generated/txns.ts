// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Transactions, as they are proposed and logged. */

import type { Acl, SessionId, Zxid } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';
import { readAcl, writeAcl } from './shared.js';

export interface TxnHeader {
  /** The session that asked for it. */
  readonly clientId: SessionId;
  readonly cxid: number;
  readonly zxid: Zxid;
  /** Wall clock of the leader, ms since 1970. */
  readonly time: bigint;
  readonly type: number;
}

export function readTxnHeader(reader: RecordReader): TxnHeader {
  return {
    clientId: reader.int64(),
    cxid: reader.int32(),
    zxid: reader.int64(),
    time: reader.int64(),
    type: reader.int32(),
  };
}

export function writeTxnHeader(writer: RecordWriter, value: TxnHeader): void {
  writer.int64(value.clientId);
  writer.int32(value.cxid);
  writer.int64(value.zxid);
  writer.int64(value.time);
  writer.int32(value.type);
}

/** Follows the record of a transaction when digests are enabled. */
export interface TxnDigest {
  readonly version: number;
  /** Digest of the whole tree once the transaction is applied. */
  readonly treeDigest: bigint;
}

export function readTxnDigest(reader: RecordReader): TxnDigest {
  return {
    version: reader.int32(),
    treeDigest: reader.int64(),
  };
}

export function writeTxnDigest(writer: RecordWriter, value: TxnDigest): void {
  writer.int32(value.version);
  writer.int64(value.treeDigest);
}

export interface CreateSessionTxn {
  readonly timeOut: number;
}

export function readCreateSessionTxn(reader: RecordReader): CreateSessionTxn {
  return {
    timeOut: reader.int32(),
  };
}

export function writeCreateSessionTxn(writer: RecordWriter, value: CreateSessionTxn): void {
  writer.int32(value.timeOut);
}

export interface CloseSessionTxn {
  /** The ephemerals of the session; writers before 3.6 left the list out. */
  readonly paths2Delete?: readonly string[] | null;
}

export function readCloseSessionTxn(reader: RecordReader): CloseSessionTxn {
  return {
    paths2Delete: reader.remaining >= 4 ? reader.vector((r) => r.requiredString()) : undefined,
  };
}

export function writeCloseSessionTxn(writer: RecordWriter, value: CloseSessionTxn): void {
  if (value.paths2Delete !== undefined) writer.vector(value.paths2Delete, (w, element) => w.ustring(element));
}

export interface ErrorTxn {
  readonly err: number;
}

export function readErrorTxn(reader: RecordReader): ErrorTxn {
  return {
    err: reader.int32(),
  };
}

export function writeErrorTxn(writer: RecordWriter, value: ErrorTxn): void {
  writer.int32(value.err);
}

export interface CreateTxn {
  /** Final: a sequential suffix is already part of it. */
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly ephemeral: boolean;
  /** The new cversion of the parent, as stored; very old writers left it out. */
  readonly parentCVersion?: number;
}

export function readCreateTxn(reader: RecordReader): CreateTxn {
  return {
    path: reader.requiredString(),
    data: reader.buffer(),
    acl: reader.vector(readAcl),
    ephemeral: reader.boolean(),
    parentCVersion: reader.remaining >= 4 ? reader.int32() : undefined,
  };
}

export function writeCreateTxn(writer: RecordWriter, value: CreateTxn): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.vector(value.acl, writeAcl);
  writer.boolean(value.ephemeral);
  if (value.parentCVersion !== undefined) writer.int32(value.parentCVersion);
}

export interface CreateContainerTxn {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly parentCVersion: number;
}

export function readCreateContainerTxn(reader: RecordReader): CreateContainerTxn {
  return {
    path: reader.requiredString(),
    data: reader.buffer(),
    acl: reader.vector(readAcl),
    parentCVersion: reader.int32(),
  };
}

export function writeCreateContainerTxn(writer: RecordWriter, value: CreateContainerTxn): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.vector(value.acl, writeAcl);
  writer.int32(value.parentCVersion);
}

export interface CreateTTLTxn {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly parentCVersion: number;
  /** Time to live in ms. */
  readonly ttl: bigint;
}

export function readCreateTTLTxn(reader: RecordReader): CreateTTLTxn {
  return {
    path: reader.requiredString(),
    data: reader.buffer(),
    acl: reader.vector(readAcl),
    parentCVersion: reader.int32(),
    ttl: reader.int64(),
  };
}

export function writeCreateTTLTxn(writer: RecordWriter, value: CreateTTLTxn): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.vector(value.acl, writeAcl);
  writer.int32(value.parentCVersion);
  writer.int64(value.ttl);
}

export interface DeleteTxn {
  readonly path: string;
}

export function readDeleteTxn(reader: RecordReader): DeleteTxn {
  return {
    path: reader.requiredString(),
  };
}

export function writeDeleteTxn(writer: RecordWriter, value: DeleteTxn): void {
  writer.ustring(value.path);
}

export interface SetDataTxn {
  readonly path: string;
  readonly data: Uint8Array | null;
  /** The resulting version. */
  readonly version: number;
}

export function readSetDataTxn(reader: RecordReader): SetDataTxn {
  return {
    path: reader.requiredString(),
    data: reader.buffer(),
    version: reader.int32(),
  };
}

export function writeSetDataTxn(writer: RecordWriter, value: SetDataTxn): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.int32(value.version);
}

export interface SetACLTxn {
  readonly path: string;
  readonly acl: readonly Acl[] | null;
  /** The resulting aversion. */
  readonly version: number;
}

export function readSetACLTxn(reader: RecordReader): SetACLTxn {
  return {
    path: reader.requiredString(),
    acl: reader.vector(readAcl),
    version: reader.int32(),
  };
}

export function writeSetACLTxn(writer: RecordWriter, value: SetACLTxn): void {
  writer.ustring(value.path);
  writer.vector(value.acl, writeAcl);
  writer.int32(value.version);
}

export interface CheckVersionTxn {
  readonly path: string;
  readonly version: number;
}

export function readCheckVersionTxn(reader: RecordReader): CheckVersionTxn {
  return {
    path: reader.requiredString(),
    version: reader.int32(),
  };
}

export function writeCheckVersionTxn(writer: RecordWriter, value: CheckVersionTxn): void {
  writer.ustring(value.path);
  writer.int32(value.version);
}

/** One part of a MultiTxn: `data` holds a record of the given type. */
export interface Txn {
  readonly type: number;
  readonly data: Uint8Array;
}

export function readTxn(reader: RecordReader): Txn {
  return {
    type: reader.int32(),
    data: reader.requiredBuffer(),
  };
}

export function writeTxn(writer: RecordWriter, value: Txn): void {
  writer.int32(value.type);
  writer.buffer(value.data);
}

export interface MultiTxn {
  readonly txns: readonly Txn[];
}

export function readMultiTxn(reader: RecordReader): MultiTxn {
  return {
    txns: reader.requiredVector(readTxn),
  };
}

export function writeMultiTxn(writer: RecordWriter, value: MultiTxn): void {
  writer.vector(value.txns, writeTxn);
}
