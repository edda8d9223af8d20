import { ErrorCode, OpCode } from '@zk/model';
import { type Operation, type RecordReader, RecordWriter, operations, readMultiReadResponse, readStat } from '@zk/jute';
import { REFUSED, type Request, type RequestKind } from '../machine/request.js';
import type { Outbox } from './outbox.js';
import { copyOf } from './slab.js';

/**
 * The kinds of requests. The frequent ones write and read their records by hand, straight to and from the buffers;
 * the others go through the records of the protocol.
 */

function kind(
  name: string,
  opcode: number,
  isRepeatable: boolean,
  encode: RequestKind['encode'],
  decode: RequestKind['decode'],
  more: Pick<RequestKind, 'answer' | 'abandoned' | 'isOfConnection'> = {},
): RequestKind {
  return { name, opcode, isRepeatable, encode, decode, ...more };
}

const nothing = (): undefined => undefined;

export function encodePathAndWatch(out: Outbox, request: Request): void {
  out.path(request.prefix, request.path);
  out.boolean(request.isWatching);
}

function encodePathAndNumber(out: Outbox, request: Request): void {
  out.path(request.prefix, request.path);
  out.int32(request.number);
}

export function encodePath(out: Outbox, request: Request): void {
  out.path(request.prefix, request.path);
}

function encodeCreate(out: Outbox, request: Request): void {
  out.path(request.prefix, request.path);
  out.buffer(request.data);
  const { acl } = request;
  out.int32(acl === null ? -1 : acl.length);
  if (acl !== null) {
    for (const entry of acl) {
      out.int32(entry.perms);
      out.text(entry.scheme);
      out.text(entry.id);
    }
  }
  out.int32(request.number);
}

function encodeCreateTtl(out: Outbox, request: Request): void {
  encodeCreate(out, request);
  out.int32(Math.floor(request.ttlMs / 0x1_0000_0000));
  out.int32((request.ttlMs % 0x1_0000_0000) | 0);
}

/** What was thrown by a codec of the caller's: the reply itself was in order. */
export class CodecFailure {
  constructor(readonly thrown: unknown) {}
}

export function decodeGet(reader: RecordReader, request: Request): unknown {
  const view = reader.buffer();
  const data = view === null ? null : copyOf(view);
  const stat = readStat(reader);
  const { codec } = request;
  if (codec === undefined) return { data: data ?? new Uint8Array(0), stat };
  try {
    return { data: codec.decode(data), stat };
  } catch (error) {
    throw new CodecFailure(error);
  }
}

export function decodeStat(reader: RecordReader): unknown {
  return readStat(reader);
}

export function decodeChildren(reader: RecordReader): unknown {
  return { children: reader.requiredVector((r) => r.requiredString()), stat: readStat(reader) };
}

/** The path as the caller knows it. */
export function withoutPrefix(prefix: string, path: string): string {
  if (prefix === '' || !path.startsWith(prefix)) return path;
  return path.length === prefix.length ? '/' : path.slice(prefix.length);
}

function decodeCreated(reader: RecordReader, request: Request): unknown {
  return { path: withoutPrefix(request.prefix, reader.requiredString()), stat: readStat(reader) };
}

function absentIsNull(code: number): unknown {
  return code === ErrorCode.NONODE ? null : REFUSED;
}

export const getKind = kind('getData', OpCode.getData, true, encodePathAndWatch, decodeGet);
export const existsKind = kind('exists', OpCode.exists, true, encodePathAndWatch, decodeStat, { answer: absentIsNull });
export const childrenKind = kind('getChildren2', OpCode.getChildren2, true, encodePathAndWatch, decodeChildren);
export const deleteKind = kind('delete', OpCode.delete, false, encodePathAndNumber, nothing);
export const createKind = kind('create2', OpCode.create2, false, encodeCreate, decodeCreated);
export const createContainerKind = kind('createContainer', OpCode.createContainer, false, encodeCreate, decodeCreated);
export const createTtlKind = kind('createTTL', OpCode.createTTL, false, encodeCreateTtl, decodeCreated);
export const setKind = kind(
  'setData',
  OpCode.setData,
  false,
  (out, request) => {
    out.path(request.prefix, request.path);
    out.buffer(request.data);
    out.int32(request.number);
  },
  decodeStat,
);
/** Changes nothing that a second one would change again. */
export const syncKind = kind('sync', OpCode.sync, true, encodePath, nothing);
/** Watches belong to a connection: whoever keeps them sets them again on the next one, so these are not repeated. */
const ofConnection = { isOfConnection: true } as const;
export const addWatchKind = kind('addWatch', OpCode.addWatch, false, encodePathAndNumber, nothing, ofConnection);
export const removeWatchesKind = kind(
  'removeWatches',
  OpCode.removeWatches,
  false,
  encodePathAndNumber,
  nothing,
  ofConnection,
);

const scratch = new RecordWriter(1024);

/** A kind that goes through the records of its operation: `request.extra` is the record to send. */
export function recordKind<Q, R>(operation: Operation<Q, R>, isRepeatable: boolean): RequestKind {
  return kind(
    operation.name,
    operation.code,
    isRepeatable,
    (out, request) => {
      operation.writeRequest(scratch.reset(), request.extra as Q);
      out.raw(scratch.view());
    },
    (reader) => operation.readResponse(reader),
  );
}

export const multiKind = recordKind(operations.multi, false);
export const multiReadKind: RequestKind = {
  ...recordKind(operations.multiRead, true),
  decode(reader) {
    const { results } = readMultiReadResponse(reader);
    return results.map((result) =>
      result.op === 'getData' && result.data !== null ? { ...result, data: copyOf(result.data) } : result,
    );
  },
};
export const getAclKind = recordKind(operations.getACL, true);
export const setAclKind = recordKind(operations.setACL, false);
export const ephemeralsKind = recordKind(operations.getEphemerals, true);
export const countKind = recordKind(operations.getAllChildrenNumber, true);
export const whoAmIKind = recordKind(operations.whoAmI, true);
export const reconfigKind: RequestKind = { ...recordKind(operations.reconfig, false), decode: decodeGet };
export const setWatchesKind: RequestKind = { ...recordKind(operations.setWatches, false), ...ofConnection };
export const setWatches2Kind: RequestKind = { ...recordKind(operations.setWatches2, false), ...ofConnection };
