// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Setting, checking and removing watches; what they send. */

import type { Zxid } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';

/** Follows a reply header with xid -1. */
export interface WatcherEvent {
  readonly type: number;
  readonly state: number;
  readonly path: string;
}

export function readWatcherEvent(reader: RecordReader): WatcherEvent {
  return {
    type: reader.int32(),
    state: reader.int32(),
    path: reader.requiredString(),
  };
}

export function writeWatcherEvent(writer: RecordWriter, value: WatcherEvent): void {
  writer.int32(value.type);
  writer.int32(value.state);
  writer.ustring(value.path);
}

export interface SetWatches {
  readonly relativeZxid: Zxid;
  readonly dataWatches: readonly string[];
  readonly existWatches: readonly string[];
  readonly childWatches: readonly string[];
}

export function readSetWatches(reader: RecordReader): SetWatches {
  return {
    relativeZxid: reader.int64(),
    dataWatches: reader.requiredVector((r) => r.requiredString()),
    existWatches: reader.requiredVector((r) => r.requiredString()),
    childWatches: reader.requiredVector((r) => r.requiredString()),
  };
}

export function writeSetWatches(writer: RecordWriter, value: SetWatches): void {
  writer.int64(value.relativeZxid);
  writer.vector(value.dataWatches, (w, element) => w.ustring(element));
  writer.vector(value.existWatches, (w, element) => w.ustring(element));
  writer.vector(value.childWatches, (w, element) => w.ustring(element));
}

export interface SetWatches2 {
  readonly relativeZxid: Zxid;
  readonly dataWatches: readonly string[];
  readonly existWatches: readonly string[];
  readonly childWatches: readonly string[];
  readonly persistentWatches: readonly string[];
  readonly persistentRecursiveWatches: readonly string[];
}

export function readSetWatches2(reader: RecordReader): SetWatches2 {
  return {
    relativeZxid: reader.int64(),
    dataWatches: reader.requiredVector((r) => r.requiredString()),
    existWatches: reader.requiredVector((r) => r.requiredString()),
    childWatches: reader.requiredVector((r) => r.requiredString()),
    persistentWatches: reader.requiredVector((r) => r.requiredString()),
    persistentRecursiveWatches: reader.requiredVector((r) => r.requiredString()),
  };
}

export function writeSetWatches2(writer: RecordWriter, value: SetWatches2): void {
  writer.int64(value.relativeZxid);
  writer.vector(value.dataWatches, (w, element) => w.ustring(element));
  writer.vector(value.existWatches, (w, element) => w.ustring(element));
  writer.vector(value.childWatches, (w, element) => w.ustring(element));
  writer.vector(value.persistentWatches, (w, element) => w.ustring(element));
  writer.vector(value.persistentRecursiveWatches, (w, element) => w.ustring(element));
}

export interface CheckWatchesRequest {
  readonly path: string;
  /** A WatcherType. */
  readonly type: number;
}

export function readCheckWatchesRequest(reader: RecordReader): CheckWatchesRequest {
  return {
    path: reader.requiredString(),
    type: reader.int32(),
  };
}

export function writeCheckWatchesRequest(writer: RecordWriter, value: CheckWatchesRequest): void {
  writer.ustring(value.path);
  writer.int32(value.type);
}

export interface RemoveWatchesRequest {
  readonly path: string;
  /** A WatcherType. */
  readonly type: number;
}

export function readRemoveWatchesRequest(reader: RecordReader): RemoveWatchesRequest {
  return {
    path: reader.requiredString(),
    type: reader.int32(),
  };
}

export function writeRemoveWatchesRequest(writer: RecordWriter, value: RemoveWatchesRequest): void {
  writer.ustring(value.path);
  writer.int32(value.type);
}

export interface AddWatchRequest {
  readonly path: string;
  /** An AddWatchMode. */
  readonly mode: number;
}

export function readAddWatchRequest(reader: RecordReader): AddWatchRequest {
  return {
    path: reader.requiredString(),
    mode: reader.int32(),
  };
}

export function writeAddWatchRequest(writer: RecordWriter, value: AddWatchRequest): void {
  writer.ustring(value.path);
  writer.int32(value.mode);
}
