import { OpCode } from '@zk/model';
import { MarshallingError } from './marshalling-error.js';
import type { RecordReader } from './record-reader.js';
import type { RecordWriter } from './record-writer.js';
import * as changes from './generated/changes.js';
import * as reads from './generated/reads.js';

/**
 * The framing of multi and multiRead (spec: client protocol, section 8): a header before each part, a header with
 * done = true behind the last, no count. The parts appear here as tagged unions; the tag is the operation's name.
 */

/** A part of a multi: all of them happen, or none. */
export type MultiOp =
  | ({ readonly op: 'create' | 'create2' | 'createContainer' } & changes.CreateRequest)
  | ({ readonly op: 'createTTL' } & changes.CreateTTLRequest)
  | ({ readonly op: 'delete' } & changes.DeleteRequest)
  | ({ readonly op: 'setData' } & changes.SetDataRequest)
  | ({ readonly op: 'check' } & changes.CheckVersionRequest);

/** A part of a multiRead. Its watch flag is ignored by servers. */
export type MultiReadOp =
  ({ readonly op: 'getData' } & reads.GetDataRequest) | ({ readonly op: 'getChildren' } & reads.GetChildrenRequest);

/** The reply to one part refused. In a failed multi every part has one: 0 before the culprit, -2 after it. */
export interface MultiError {
  readonly op: 'error';
  readonly err: number;
}

/** The reply to one part of a multi. A container or a TTL node answers as create2. */
export type MultiResult =
  | ({ readonly op: 'create' } & changes.CreateResponse)
  | ({ readonly op: 'create2' } & changes.Create2Response)
  | { readonly op: 'delete' }
  | ({ readonly op: 'setData' } & changes.SetDataResponse)
  | { readonly op: 'check' }
  | MultiError;

/** The reply to one part of a multiRead. */
export type MultiReadResult =
  | ({ readonly op: 'getData' } & reads.GetDataResponse)
  | ({ readonly op: 'getChildren' } & reads.GetChildrenResponse)
  | MultiError;

export interface MultiRequest {
  readonly ops: readonly MultiOp[];
}

export interface MultiReadRequest {
  readonly ops: readonly MultiReadOp[];
}

export interface MultiResponse {
  readonly results: readonly MultiResult[];
}

export interface MultiReadResponse {
  readonly results: readonly MultiReadResult[];
}

/** @throws MarshallingError also for a part that a multi may not have */
export function readMultiRequest(reader: RecordReader): MultiRequest {
  return { ops: readParts(reader, readOp) };
}

export function writeMultiRequest(writer: RecordWriter, request: MultiRequest): void {
  for (const op of request.ops) {
    writeHeader(writer, OpCode[op.op], -1);
    writeOp(writer, op);
  }
  writeEnd(writer);
}

/** @throws MarshallingError also for a part that a multiRead may not have */
export function readMultiReadRequest(reader: RecordReader): MultiReadRequest {
  return { ops: readParts(reader, readReadOp) };
}

export function writeMultiReadRequest(writer: RecordWriter, request: MultiReadRequest): void {
  for (const op of request.ops) {
    writeHeader(writer, OpCode[op.op], -1);
    if (op.op === 'getData') reads.writeGetDataRequest(writer, op);
    else reads.writeGetChildrenRequest(writer, op);
  }
  writeEnd(writer);
}

export function readMultiResponse(reader: RecordReader): MultiResponse {
  return { results: readParts(reader, readResult) };
}

export function writeMultiResponse(writer: RecordWriter, response: MultiResponse): void {
  for (const result of response.results) {
    if (result.op === 'error') writeError(writer, result);
    else writeHeader(writer, OpCode[result.op], 0);
    if (result.op === 'create') changes.writeCreateResponse(writer, result);
    else if (result.op === 'create2') changes.writeCreate2Response(writer, result);
    else if (result.op === 'setData') changes.writeSetDataResponse(writer, result);
  }
  writeEnd(writer);
}

export function readMultiReadResponse(reader: RecordReader): MultiReadResponse {
  return { results: readParts(reader, readReadResult) };
}

export function writeMultiReadResponse(writer: RecordWriter, response: MultiReadResponse): void {
  for (const result of response.results) {
    if (result.op === 'error') writeError(writer, result);
    else writeHeader(writer, OpCode[result.op], 0);
    if (result.op === 'getData') reads.writeGetDataResponse(writer, result);
    else if (result.op === 'getChildren') reads.writeGetChildrenResponse(writer, result);
  }
  writeEnd(writer);
}

function readParts<T>(reader: RecordReader, readPart: (type: number, reader: RecordReader) => T): T[] {
  const parts: T[] = [];
  for (;;) {
    const { type, done } = changes.readMultiHeader(reader);
    // The type of the terminator is nobody's business: only `done` counts, as in Apache ZooKeeper.
    if (done) return parts;
    parts.push(readPart(type, reader));
  }
}

function readOp(type: number, reader: RecordReader): MultiOp {
  switch (type) {
    case OpCode.create:
      return { op: 'create', ...changes.readCreateRequest(reader) };
    case OpCode.create2:
      return { op: 'create2', ...changes.readCreateRequest(reader) };
    case OpCode.createContainer:
      return { op: 'createContainer', ...changes.readCreateRequest(reader) };
    case OpCode.createTTL:
      return { op: 'createTTL', ...changes.readCreateTTLRequest(reader) };
    case OpCode.delete:
      return { op: 'delete', ...changes.readDeleteRequest(reader) };
    case OpCode.setData:
      return { op: 'setData', ...changes.readSetDataRequest(reader) };
    case OpCode.check:
      return { op: 'check', ...changes.readCheckVersionRequest(reader) };
    default:
      throw illegalPart('multi', type, reader);
  }
}

function writeOp(writer: RecordWriter, op: MultiOp): void {
  switch (op.op) {
    case 'create':
    case 'create2':
    case 'createContainer':
      return changes.writeCreateRequest(writer, op);
    case 'createTTL':
      return changes.writeCreateTTLRequest(writer, op);
    case 'delete':
      return changes.writeDeleteRequest(writer, op);
    case 'setData':
      return changes.writeSetDataRequest(writer, op);
    case 'check':
      return changes.writeCheckVersionRequest(writer, op);
  }
}

function readReadOp(type: number, reader: RecordReader): MultiReadOp {
  if (type === OpCode.getData) return { op: 'getData', ...reads.readGetDataRequest(reader) };
  if (type === OpCode.getChildren) return { op: 'getChildren', ...reads.readGetChildrenRequest(reader) };
  throw illegalPart('multiRead', type, reader);
}

function readResult(type: number, reader: RecordReader): MultiResult {
  switch (type) {
    case OpCode.create:
      return { op: 'create', ...changes.readCreateResponse(reader) };
    case OpCode.create2:
      return { op: 'create2', ...changes.readCreate2Response(reader) };
    case OpCode.delete:
      return { op: 'delete' };
    case OpCode.setData:
      return { op: 'setData', ...changes.readSetDataResponse(reader) };
    case OpCode.check:
      return { op: 'check' };
    case OpCode.error:
      return { op: 'error', ...changes.readErrorResponse(reader) };
    default:
      throw illegalPart('reply to a multi', type, reader);
  }
}

function readReadResult(type: number, reader: RecordReader): MultiReadResult {
  switch (type) {
    case OpCode.getData:
      return { op: 'getData', ...reads.readGetDataResponse(reader) };
    case OpCode.getChildren:
      return { op: 'getChildren', ...reads.readGetChildrenResponse(reader) };
    case OpCode.error:
      return { op: 'error', ...changes.readErrorResponse(reader) };
    default:
      throw illegalPart('reply to a multiRead', type, reader);
  }
}

function illegalPart(where: string, type: number, reader: RecordReader): MarshallingError {
  return new MarshallingError(`a ${where} has no part of type ${type}`, reader.position);
}

function writeHeader(writer: RecordWriter, type: number, err: number): void {
  changes.writeMultiHeader(writer, { type, done: false, err });
}

/** The code stands twice: in the header and in the record. */
function writeError(writer: RecordWriter, result: MultiError): void {
  writeHeader(writer, OpCode.error, result.err);
  changes.writeErrorResponse(writer, result);
}

function writeEnd(writer: RecordWriter): void {
  changes.writeMultiHeader(writer, { type: -1, done: true, err: -1 });
}
