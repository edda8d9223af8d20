import {
  type CreateRequest,
  MarshallingError,
  type MultiOp,
  type MultiResult,
  RecordReader,
  readCreateRequest,
  readCreateResponse,
  readCreateTTLRequest,
  readDeleteRequest,
  readMultiRequest,
  readMultiResponse,
  readSetACLRequest,
  readSetDataRequest,
} from '@zk/jute';
import { type Acl, OpCode } from '@zk/model';
import type { AuditEntry } from './audit-log.js';

/** What an entry says of a change itself. */
export type AuditedChange = Pick<AuditEntry, 'operation' | 'znode' | 'znode_type' | 'acl'>;

/** A request that is audited. */
export interface AuditedRequest {
  /** When it was refused, or nobody knows what became of it. */
  readonly asked: AuditedChange;
  /**
   * What took effect, by a reply of no error; its body tells the names of sequential znodes. Undefined: nothing, since the
   * body says that it was refused.
   */
  done(reply: RecordReader): readonly AuditedChange[] | undefined;
}

const CONFIG_PATH = '/zookeeper/config';

const ZNODE_TYPES = [
  'persistent',
  'ephemeral',
  'persistent_sequential',
  'ephemeral_sequential',
  'container',
  'persistent_with_ttl',
  'persistent_sequential_with_ttl',
];

const OPERATIONS: ReadonlyMap<number, string> = new Map([
  [OpCode.create, 'create'],
  [OpCode.create2, 'create'],
  [OpCode.createContainer, 'create'],
  [OpCode.createTTL, 'create'],
  [OpCode.delete, 'delete'],
  [OpCode.deleteContainer, 'delete'],
  [OpCode.setData, 'setData'],
  [OpCode.setACL, 'setAcl'],
  [OpCode.multi, 'multiOperation'],
  [OpCode.reconfig, 'reconfig'],
]);

/** Reads texts as long as the frame: how long that may be was decided when it came, or was made. */
export function wholeReader(bytes: Uint8Array, start: number, end: number): RecordReader {
  return new RecordReader(bytes, start, end, { maxLengthBytes: end - start });
}

/** @returns undefined for a request that changes nothing */
export function auditedRequest(
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): AuditedRequest | undefined {
  const operation = OPERATIONS.get(type);
  if (operation === undefined) return undefined;
  try {
    return decoded(type, operation, wholeReader(bytes, start, end));
  } catch (error) {
    // The server refuses it, too; that it was tried is worth a line.
    if (error instanceof MarshallingError) return unchanging({ operation });
    throw error;
  }
}

function decoded(type: number, operation: string, reader: RecordReader): AuditedRequest {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return auditedCreate(readCreateRequest(reader));
    case OpCode.createTTL:
      return auditedCreate(readCreateTTLRequest(reader));
    case OpCode.delete:
    case OpCode.deleteContainer:
      return unchanging({ operation, ...znodeOf(readDeleteRequest(reader)) });
    case OpCode.setData:
      return unchanging({ operation, ...znodeOf(readSetDataRequest(reader)) });
    case OpCode.setACL: {
      const request = readSetACLRequest(reader);
      return unchanging({ operation, ...znodeOf(request), acl: (request.acl ?? []).map(aclText).join('') });
    }
    case OpCode.multi:
      return auditedMulti(operation, readMultiRequest(reader).ops);
    default:
      return { asked: { operation }, done: () => [{ operation, znode: CONFIG_PATH }] };
  }
}

function znodeOf({ path }: { readonly path: string | null }): Pick<AuditedChange, 'znode'> {
  return path === null ? {} : { znode: path };
}

/** A request whose reply tells nothing that it does not say itself. */
function unchanging(change: AuditedChange): AuditedRequest {
  return { asked: change, done: () => [change] };
}

function auditedCreate(request: Pick<CreateRequest, 'path' | 'flags'>): AuditedRequest {
  const asked = createOf(request);
  return { asked, done: (reply) => [{ ...asked, znode: readCreateResponse(reply).path }] };
}

function createOf({ path, flags }: Pick<CreateRequest, 'path' | 'flags'>): AuditedChange {
  const type = ZNODE_TYPES[flags];
  return { operation: 'create', znode: path, ...(type === undefined ? {} : { znode_type: type }) };
}

/** All of it is refused as one; what took effect is told part by part, and checks are no changes. */
function auditedMulti(operation: string, ops: readonly MultiOp[]): AuditedRequest {
  return {
    asked: { operation },
    done: (reply) => {
      const { results } = readMultiResponse(reply);
      if (results.some(({ op }) => op === 'error')) return undefined;
      return ops.flatMap((op, index) => changeOf(op, results[index]));
    },
  };
}

function changeOf(op: MultiOp, result: MultiResult | undefined): readonly AuditedChange[] {
  if (op.op === 'check') return [];
  if (op.op === 'delete' || op.op === 'setData') return [{ operation: op.op, ...znodeOf(op) }];
  const path = result?.op === 'create' || result?.op === 'create2' ? result.path : op.path;
  return [{ ...createOf(op), znode: path }];
}

const LETTERS: readonly (readonly [bit: number, letter: string])[] = [
  [4, 'c'],
  [8, 'd'],
  [1, 'r'],
  [2, 'w'],
  [16, 'a'],
];

/** As Apache ZooKeeper writes it: nothing stands between the entries of a list. */
function aclText({ perms, scheme, id }: Acl): string {
  const letters = LETTERS.filter(([bit]) => (perms & bit) !== 0).map(([, letter]) => letter);
  return `${scheme}:${id}:${letters.join('')}`;
}
