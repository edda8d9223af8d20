import { type Codec, type CreateOptions, type NodeData, type UpdateOptions, bytes } from '@zk/client-api';
import { ErrorCode, type Stat } from '@zk/model';
import type { CallLimits } from '../client-core.js';
import { badData } from '../arguments.js';
import { getKind, setKind } from '../wire/kinds.js';
import { hasCode } from '../refusals.js';
import type { Calls } from './calls.js';
import { createNode } from './create.js';

/** The wire's word for any version, and what a version becomes after 2^32 - 1 changes. */
const ANY_VERSION = -1;

/** Compare and set until it holds. */
export async function updateNode<T>(
  calls: Calls,
  path: string,
  change: (data: T) => T | Promise<T>,
  options: UpdateOptions<T> = {},
): Promise<NodeData<T>> {
  const limits = calls.core.limitsOf(options);
  const codec = options.codec ?? (bytes as unknown as Codec<T>);
  const { maxAttempts = Infinity } = options;
  for (let attempt = 1; ; attempt++) {
    const read = await readValue(calls, path, codec, options.initial !== undefined, limits);
    if (read === undefined) {
      const data = await change(options.initial!);
      const create = remaining(calls, options.create, limits);
      const created = await unless(ErrorCode.NODEEXISTS, attempt < maxAttempts, () =>
        createNode(calls, path, encodedBy(codec, path, data), create),
      );
      if (created !== undefined) return { data, stat: created.stat };
    } else {
      const data = await change(read.data);
      if (data === read.data) return read;
      const stat = await unless(ErrorCode.BADVERSION, attempt < maxAttempts, () =>
        setVersioned(calls, path, encodedBy(codec, path, data), read.stat.version, limits),
      );
      if (stat !== undefined) return { data, stat };
    }
  }
}

/** @throws BadArgumentsError when the codec gives no bytes */
function encodedBy<T>(codec: Codec<T>, path: string, value: T): Uint8Array | null {
  const data = codec.encode(value);
  const defect = badData(path, data);
  if (defect !== undefined) throw defect;
  return data;
}

/** What the action gives; undefined when it fails with this code and there is another attempt. */
async function unless<T>(code: number, isRepeated: boolean, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isRepeated && hasCode(error, code)) return undefined;
    throw error;
  }
}

async function setVersioned(
  calls: Calls,
  path: string,
  data: Uint8Array | null,
  version: number,
  limits: CallLimits,
): Promise<Stat> {
  if (version === ANY_VERSION) {
    // Nothing on the wire says "exactly -1": the write would be one without a condition.
    throw new RangeError(`${path} has version -1, which cannot be compared: set it once, then update it`);
  }
  return calls.step<Stat>(setKind, path, limits, (request) => {
    request.data = data;
    request.number = version;
  });
}

async function readValue<T>(
  calls: Calls,
  path: string,
  codec: Codec<T>,
  mayBeMissing: boolean,
  limits: CallLimits,
): Promise<NodeData<T> | undefined> {
  try {
    return await calls.step<NodeData<T>>(getKind, path, limits, (request) => (request.codec = codec));
  } catch (error) {
    if (mayBeMissing && hasCode(error, ErrorCode.NONODE)) return undefined;
    throw error;
  }
}

/** Create options within the limits of the call. */
function remaining(calls: Calls, create: UpdateOptions<never>['create'], limits: CallLimits): CreateOptions<never> {
  const leftMs = limits.deadlineMs - calls.core.runtime.clock.monotonicMs();
  return { ...create, timeout: Math.max(0, leftMs), ...(limits.signal !== undefined && { signal: limits.signal }) };
}
