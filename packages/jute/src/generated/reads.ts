// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Reading znodes. */

import type { Acl, Stat } from '@zk/model';
import type { RecordReader } from '../record-reader.js';
import type { RecordWriter } from '../record-writer.js';
import { readAcl, readStat, writeAcl, writeStat } from './shared.js';

export interface ExistsRequest {
  readonly path: string;
  readonly watch: boolean;
}

export function readExistsRequest(reader: RecordReader): ExistsRequest {
  return {
    path: reader.requiredString(),
    watch: reader.boolean(),
  };
}

export function writeExistsRequest(writer: RecordWriter, value: ExistsRequest): void {
  writer.ustring(value.path);
  writer.boolean(value.watch);
}

export interface ExistsResponse {
  readonly stat: Stat;
}

export function readExistsResponse(reader: RecordReader): ExistsResponse {
  return {
    stat: readStat(reader),
  };
}

export function writeExistsResponse(writer: RecordWriter, value: ExistsResponse): void {
  writeStat(writer, value.stat);
}

export interface GetDataRequest {
  readonly path: string;
  readonly watch: boolean;
}

export function readGetDataRequest(reader: RecordReader): GetDataRequest {
  return {
    path: reader.requiredString(),
    watch: reader.boolean(),
  };
}

export function writeGetDataRequest(writer: RecordWriter, value: GetDataRequest): void {
  writer.ustring(value.path);
  writer.boolean(value.watch);
}

export interface GetDataResponse {
  readonly data: Uint8Array | null;
  readonly stat: Stat;
}

export function readGetDataResponse(reader: RecordReader): GetDataResponse {
  return {
    data: reader.buffer(),
    stat: readStat(reader),
  };
}

export function writeGetDataResponse(writer: RecordWriter, value: GetDataResponse): void {
  writer.buffer(value.data);
  writeStat(writer, value.stat);
}

export interface GetACLRequest {
  readonly path: string;
}

export function readGetACLRequest(reader: RecordReader): GetACLRequest {
  return {
    path: reader.requiredString(),
  };
}

export function writeGetACLRequest(writer: RecordWriter, value: GetACLRequest): void {
  writer.ustring(value.path);
}

export interface GetACLResponse {
  readonly acl: readonly Acl[] | null;
  readonly stat: Stat;
}

export function readGetACLResponse(reader: RecordReader): GetACLResponse {
  return {
    acl: reader.vector(readAcl),
    stat: readStat(reader),
  };
}

export function writeGetACLResponse(writer: RecordWriter, value: GetACLResponse): void {
  writer.vector(value.acl, writeAcl);
  writeStat(writer, value.stat);
}

export interface GetChildrenRequest {
  readonly path: string;
  readonly watch: boolean;
}

export function readGetChildrenRequest(reader: RecordReader): GetChildrenRequest {
  return {
    path: reader.requiredString(),
    watch: reader.boolean(),
  };
}

export function writeGetChildrenRequest(writer: RecordWriter, value: GetChildrenRequest): void {
  writer.ustring(value.path);
  writer.boolean(value.watch);
}

export interface GetChildrenResponse {
  readonly children: readonly string[];
}

export function readGetChildrenResponse(reader: RecordReader): GetChildrenResponse {
  return {
    children: reader.requiredVector((r) => r.requiredString()),
  };
}

export function writeGetChildrenResponse(writer: RecordWriter, value: GetChildrenResponse): void {
  writer.vector(value.children, (w, element) => w.ustring(element));
}

export interface GetChildren2Request {
  readonly path: string;
  readonly watch: boolean;
}

export function readGetChildren2Request(reader: RecordReader): GetChildren2Request {
  return {
    path: reader.requiredString(),
    watch: reader.boolean(),
  };
}

export function writeGetChildren2Request(writer: RecordWriter, value: GetChildren2Request): void {
  writer.ustring(value.path);
  writer.boolean(value.watch);
}

export interface GetChildren2Response {
  readonly children: readonly string[];
  readonly stat: Stat;
}

export function readGetChildren2Response(reader: RecordReader): GetChildren2Response {
  return {
    children: reader.requiredVector((r) => r.requiredString()),
    stat: readStat(reader),
  };
}

export function writeGetChildren2Response(writer: RecordWriter, value: GetChildren2Response): void {
  writer.vector(value.children, (w, element) => w.ustring(element));
  writeStat(writer, value.stat);
}

export interface GetAllChildrenNumberRequest {
  readonly path: string;
}

export function readGetAllChildrenNumberRequest(reader: RecordReader): GetAllChildrenNumberRequest {
  return {
    path: reader.requiredString(),
  };
}

export function writeGetAllChildrenNumberRequest(writer: RecordWriter, value: GetAllChildrenNumberRequest): void {
  writer.ustring(value.path);
}

export interface GetAllChildrenNumberResponse {
  readonly totalNumber: number;
}

export function readGetAllChildrenNumberResponse(reader: RecordReader): GetAllChildrenNumberResponse {
  return {
    totalNumber: reader.int32(),
  };
}

export function writeGetAllChildrenNumberResponse(writer: RecordWriter, value: GetAllChildrenNumberResponse): void {
  writer.int32(value.totalNumber);
}

export interface GetEphemeralsRequest {
  readonly prefixPath: string | null;
}

export function readGetEphemeralsRequest(reader: RecordReader): GetEphemeralsRequest {
  return {
    prefixPath: reader.ustring(),
  };
}

export function writeGetEphemeralsRequest(writer: RecordWriter, value: GetEphemeralsRequest): void {
  writer.ustring(value.prefixPath);
}

export interface GetEphemeralsResponse {
  readonly ephemerals: readonly string[];
}

export function readGetEphemeralsResponse(reader: RecordReader): GetEphemeralsResponse {
  return {
    ephemerals: reader.requiredVector((r) => r.requiredString()),
  };
}

export function writeGetEphemeralsResponse(writer: RecordWriter, value: GetEphemeralsResponse): void {
  writer.vector(value.ephemerals, (w, element) => w.ustring(element));
}
