// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Records that others are made of. */

import type { Acl, Id, Stat } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';

export function readId(reader: RecordReader): Id {
  return {
    scheme: reader.requiredString(),
    id: reader.requiredString(),
  };
}

export function writeId(writer: RecordWriter, value: Id): void {
  writer.ustring(value.scheme);
  writer.ustring(value.id);
}

export function readAcl(reader: RecordReader): Acl {
  return {
    perms: reader.int32(),
    scheme: reader.requiredString(),
    id: reader.requiredString(),
  };
}

export function writeAcl(writer: RecordWriter, value: Acl): void {
  writer.int32(value.perms);
  writer.ustring(value.scheme);
  writer.ustring(value.id);
}

export function readStat(reader: RecordReader): Stat {
  return {
    czxid: reader.int64(),
    mzxid: reader.int64(),
    ctime: reader.int64(),
    mtime: reader.int64(),
    version: reader.int32(),
    cversion: reader.int32(),
    aversion: reader.int32(),
    ephemeralOwner: reader.int64(),
    dataLength: reader.int32(),
    numChildren: reader.int32(),
    pzxid: reader.int64(),
  };
}

export function writeStat(writer: RecordWriter, value: Stat): void {
  writer.int64(value.czxid);
  writer.int64(value.mzxid);
  writer.int64(value.ctime);
  writer.int64(value.mtime);
  writer.int32(value.version);
  writer.int32(value.cversion);
  writer.int32(value.aversion);
  writer.int64(value.ephemeralOwner);
  writer.int32(value.dataLength);
  writer.int32(value.numChildren);
  writer.int64(value.pzxid);
}
