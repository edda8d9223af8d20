import type { Operation } from './operation.js';
import type { OperationName } from './generated/operations.js';
import { operations } from './generated/operations.js';

const byCode = new Map<number, Operation<unknown, unknown>>(
  Object.values(operations).map((operation) => [operation.code, operation as Operation<unknown, unknown>]),
);

/** The operation of an opcode; undefined for one that no client may send. */
export function operationOf(code: number): Operation<unknown, unknown> | undefined {
  return byCode.get(code);
}

/** Name of an opcode, for messages: `unknown(999)` for a number nobody assigned. */
export function operationName(code: number): OperationName | string {
  return byCode.get(code)?.name ?? `unknown(${code})`;
}
