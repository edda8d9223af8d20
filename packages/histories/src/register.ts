/** A znode as a register: written, compared and set by version, read. All values are different. */
import { findNotLinearizable, type Model, type TimedCall } from './linearizable.js';

export type RegisterOp =
  /** setData with version -1; `version` is the one it led to, undefined while unknown. */
  | { readonly kind: 'set'; readonly value: string; readonly version: number | undefined }
  /** setData with a version; `isDone` is undefined while unknown, false for BadVersion. */
  | { readonly kind: 'cas'; readonly value: string; readonly expected: number; readonly isDone: boolean | undefined }
  | { readonly kind: 'read'; readonly value: string; readonly version: number };

export type RegisterCall = TimedCall<RegisterOp>;

interface RegisterState {
  readonly version: number;
  readonly value: string;
}

/** Stands for every value that nobody has read. */
const UNSEEN = '?';

/** Why no order of the calls explains them, in words; undefined where one does. */
export function checkRegister(calls: readonly RegisterCall[], initialValue: string): string | undefined {
  const seen = new Map<string, number>();
  for (const { op } of calls) if (op.kind === 'read') seen.set(op.value, op.version);
  const pinned = calls
    .filter(({ op, endMs }) => op.kind !== 'read' || endMs !== undefined)
    .map((call) => ({ ...call, op: pin(call.op, seen) }));
  const found = findNotLinearizable(registerModel(initialValue), pinned);
  if (found === undefined) return undefined;
  const { call, possible } = found;
  const when = `from ${call.startMs.toFixed(1)} to ${call.endMs?.toFixed(1) ?? '-'} ms`;
  return `${JSON.stringify(call.op)} ${when} fits none of the possible states: ${possible.slice(0, 5).join('; ')}`;
}

/** A write that was read took effect, as the version that was read; one that nobody read is like all others. */
function pin(op: RegisterOp, seen: ReadonlyMap<string, number>): RegisterOp {
  if (op.kind === 'read') return op;
  const version = seen.get(op.value);
  if (version === undefined) return { ...op, value: UNSEEN };
  if (op.kind === 'cas') return op;
  return { ...op, version: op.version ?? version };
}

function registerModel(value: string): Model<RegisterState, RegisterOp> {
  return {
    initial: { version: 0, value },
    step,
    key: (state) => `version ${state.version} "${state.value}"`,
    canReach: (state, op) => state.version <= lastVersionFor(op),
    unknownClass: (op) => (op.kind === 'set' && op.value === UNSEEN ? UNSEEN : undefined),
  };
}

function step(state: RegisterState, op: RegisterOp): RegisterState | undefined {
  const next = state.version + 1;
  switch (op.kind) {
    case 'set':
      return op.version === undefined || op.version === next ? { version: next, value: op.value } : undefined;
    case 'cas':
      if (op.isDone === false) return state.version === op.expected ? undefined : state;
      return state.version === op.expected ? { version: next, value: op.value } : undefined;
    case 'read':
      return state.version === op.version && state.value === op.value ? state : undefined;
  }
}

/** The highest version of a state in which the operation can still take place. */
function lastVersionFor(op: RegisterOp): number {
  switch (op.kind) {
    case 'set':
      return op.version === undefined ? Infinity : op.version - 1;
    case 'cas':
      return op.isDone === false ? Infinity : op.expected;
    case 'read':
      return op.version;
  }
}
