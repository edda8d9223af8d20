import { MultiError, type ReadOp, type ReadResult, type WriteOp, type WriteResult, errorOfCode } from '@zk/client-api';
import type { MultiOp, MultiReadOp, MultiReadResult, MultiResponse } from '@zk/jute';
import { type Acl, CreateMode, ErrorCode, KeeperError, isTtl } from '@zk/model';
import { withoutPrefix } from '../wire/kinds.js';
import { badData, badVersion } from '../arguments.js';
import { badPath, badArguments } from '../paths.js';
import { badCreate, ttlOf } from './create.js';

/** @throws BadArgumentsError for a path that is none, also RangeError for a time to live */
export function multiRequest(prefix: string, operations: readonly WriteOp[], defaultAcl: readonly Acl[]): MultiOp[] {
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
  const errors = codes.map((code, i) =>
    code === ErrorCode.OK ? undefined : new KeeperError(code, operations[i]!.path),
  );
  return new MultiError(codes[culprit]!, culprit, operations[culprit]?.path, errors);
}

export function multiReadRequest(prefix: string, operations: readonly ReadOp[]): MultiReadOp[] {
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

function check(defect: Error | undefined): void {
  if (defect !== undefined) throw defect;
}
