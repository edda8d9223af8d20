import {
  MultiError,
  type ReadOp,
  type ReadResult,
  type WriteOp,
  type WriteResult,
  errorOfCode,
  op,
  read,
} from '@zk/client-api';
import type { MultiOp, MultiReadOp, MultiReadResult, MultiResponse } from '@zk/jute';
import { type Acl, CreateMode, ErrorCode, isTtl } from '@zk/model';
import { withoutPrefix } from '../wire/kinds.js';
import { badData, badVersion } from '../arguments.js';
import { badPath, badArguments } from '../paths.js';
import { badCreate, ttlOf } from './create.js';

/** @throws BadArgumentsError for what is no operation, and for what no server would take */
export function multiRequest(prefix: string, operations: readonly WriteOp[], defaultAcl: readonly Acl[]): MultiOp[] {
  checkOperations(operations, op);
  return operations.map((operation) => {
    const path = absolute(prefix, operation.path);
    if (operation.kind !== 'create') {
      check(badPath(operation.path) ?? badVersion(operation.path, operation.version));
    }
    switch (operation.kind) {
      case 'create': {
        const { data, mode, acl, ttlMs } = operation;
        check(badCreate(operation.path, mode, acl) ?? badData(operation.path, data));
        const flags = CreateMode[mode];
        const ttl = BigInt(ttlOf(flags, ttlMs, operation.path));
        const body = { path, data, acl: acl ?? defaultAcl, flags };
        if (isTtl(flags)) return { op: 'createTTL', ...body, ttl };
        return { op: mode === 'container' ? 'createContainer' : 'create2', ...body };
      }
      case 'set':
        check(badData(operation.path, operation.data));
        return { op: 'setData', path, data: operation.data, version: operation.version };
      case 'delete':
        return { op: 'delete', path, version: operation.version };
      case 'check':
        return { op: 'check', path, version: operation.version };
    }
  });
}

/** @throws MultiError when it was refused */
export function multiResults(
  prefix: string,
  operations: readonly WriteOp[],
  response: MultiResponse,
): WriteResult<WriteOp>[] {
  const { results } = response;
  if (results.length !== operations.length) {
    throw badArguments('/', `${operations.length} operations got ${results.length} results`);
  }
  if (results.some(({ op }) => op === 'error')) throw multiError(operations, response);
  return results.map((result, i): WriteResult<WriteOp> => {
    switch (result.op) {
      case 'create':
        // As servers before 3.9 answer.
        return { kind: 'create', path: withoutPrefix(prefix, result.path), stat: undefined };
      case 'create2':
        return { kind: 'create', path: withoutPrefix(prefix, result.path), stat: result.stat };
      case 'setData':
        return { kind: 'set', stat: result.stat };
      default:
        return { kind: operations[i]!.kind } as WriteResult<WriteOp>;
    }
  });
}

function multiError(operations: readonly WriteOp[], { results }: MultiResponse): MultiError {
  const codes = results.map((result) => (result.op === 'error' ? result.err : ErrorCode.OK));
  const isCulprit = (code: number): boolean => code !== ErrorCode.OK && code !== ErrorCode.RUNTIMEINCONSISTENCY;
  const culprit = Math.max(0, codes.findIndex(isCulprit));
  const errors = codes.map((code, i) => (code === ErrorCode.OK ? undefined : errorOfCode(code, operations[i]!.path)));
  return new MultiError(codes[culprit]!, culprit, operations[culprit]?.path, errors);
}

export function multiReadRequest(prefix: string, operations: readonly ReadOp[]): MultiReadOp[] {
  checkOperations(operations, read);
  return operations.map((operation) => {
    check(badPath(operation.path));
    const path = absolute(prefix, operation.path);
    return { op: operation.kind === 'get' ? 'getData' : 'getChildren', path, watch: false };
  });
}

export function multiReadResults(
  operations: readonly ReadOp[],
  results: readonly MultiReadResult[],
): ReadResult<ReadOp>[] {
  return results.map((result, i): ReadResult<ReadOp> => {
    if (result.op === 'error') return { kind: 'error', error: errorOfCode(result.err, operations[i]?.path) };
    if (result.op === 'getChildren') return { kind: 'children', children: result.children };
    return { kind: 'get', data: result.data, stat: result.stat };
  });
}

export function absolute(prefix: string, path: string): string {
  if (prefix === '') return path;
  return path === '/' ? prefix : prefix + path;
}

/** @throws BadArgumentsError unless it is a list of what the makers make: of operations that write, or that read */
function checkOperations(operations: unknown, makers: object): void {
  const kinds = Object.keys(makers);
  const name = makers === op ? 'op' : 'read';
  const isOne = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && 'kind' in value && kinds.includes(value.kind as string);
  if (Array.isArray(operations) && operations.every(isOne)) return;
  throw badArguments('/', `operations are an array of what ${kinds.map((kind) => `${name}.${kind}`).join(', ')} make`);
}

function check(defect: Error | undefined): void {
  if (defect !== undefined) throw defect;
}
