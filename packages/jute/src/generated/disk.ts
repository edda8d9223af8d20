// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Parts of log and snapshot files. */

import type { Acl, SessionId, Zxid } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';
import { readAcl, writeAcl } from './shared.js';

export interface FileHeader {
  readonly magic: number;
  readonly version: number;
  readonly dbid: bigint;
}

export function readFileHeader(reader: RecordReader): FileHeader {
  return {
    magic: reader.int32(),
    version: reader.int32(),
    dbid: reader.int64(),
  };
}

export function writeFileHeader(writer: RecordWriter, value: FileHeader): void {
  writer.int32(value.magic);
  writer.int32(value.version);
  writer.int64(value.dbid);
}

/** A znode's Stat as stored: without what can be counted, and cversion counts creations only. */
export interface StatPersisted {
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  readonly ctime: bigint;
  readonly mtime: bigint;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: SessionId;
  readonly pzxid: Zxid;
}

export function readStatPersisted(reader: RecordReader): StatPersisted {
  return {
    czxid: reader.int64(),
    mzxid: reader.int64(),
    ctime: reader.int64(),
    mtime: reader.int64(),
    version: reader.int32(),
    cversion: reader.int32(),
    aversion: reader.int32(),
    ephemeralOwner: reader.int64(),
    pzxid: reader.int64(),
  };
}

export function writeStatPersisted(writer: RecordWriter, value: StatPersisted): void {
  writer.int64(value.czxid);
  writer.int64(value.mzxid);
  writer.int64(value.ctime);
  writer.int64(value.mtime);
  writer.int32(value.version);
  writer.int32(value.cversion);
  writer.int32(value.aversion);
  writer.int64(value.ephemeralOwner);
  writer.int64(value.pzxid);
}

export interface SnapshotSession {
  readonly id: SessionId;
  readonly timeoutMs: number;
}

export function readSnapshotSession(reader: RecordReader): SnapshotSession {
  return {
    id: reader.int64(),
    timeoutMs: reader.int32(),
  };
}

export function writeSnapshotSession(writer: RecordWriter, value: SnapshotSession): void {
  writer.int64(value.id);
  writer.int32(value.timeoutMs);
}

export interface SnapshotAcl {
  readonly key: bigint;
  readonly acl: readonly Acl[] | null;
}

export function readSnapshotAcl(reader: RecordReader): SnapshotAcl {
  return {
    key: reader.int64(),
    acl: reader.vector(readAcl),
  };
}

export function writeSnapshotAcl(writer: RecordWriter, value: SnapshotAcl): void {
  writer.int64(value.key);
  writer.vector(value.acl, writeAcl);
}

/** The root has the path ""; the path "/" ends the list. */
export interface SnapshotNode {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly aclKey: bigint;
  readonly stat: StatPersisted;
}

export function readSnapshotNode(reader: RecordReader): SnapshotNode {
  return {
    path: reader.requiredString(),
    data: reader.buffer(),
    aclKey: reader.int64(),
    stat: readStatPersisted(reader),
  };
}

export function writeSnapshotNode(writer: RecordWriter, value: SnapshotNode): void {
  writer.ustring(value.path);
  writer.buffer(value.data);
  writer.int64(value.aclKey);
  writeStatPersisted(writer, value.stat);
}

/** Adler-32 of everything before it, then "/". */
export interface SnapshotSeal {
  readonly checksum: bigint;
  readonly mark: string;
}

export function readSnapshotSeal(reader: RecordReader): SnapshotSeal {
  return {
    checksum: reader.int64(),
    mark: reader.requiredString(),
  };
}

export function writeSnapshotSeal(writer: RecordWriter, value: SnapshotSeal): void {
  writer.int64(value.checksum);
  writer.ustring(value.mark);
}

export interface SnapshotDigest {
  readonly zxid: Zxid;
  readonly version: number;
  readonly treeDigest: bigint;
}

export function readSnapshotDigest(reader: RecordReader): SnapshotDigest {
  return {
    zxid: reader.int64(),
    version: reader.int32(),
    treeDigest: reader.int64(),
  };
}

export function writeSnapshotDigest(writer: RecordWriter, value: SnapshotDigest): void {
  writer.int64(value.zxid);
  writer.int32(value.version);
  writer.int64(value.treeDigest);
}
