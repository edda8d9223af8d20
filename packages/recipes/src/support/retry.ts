import { type ClientRuntime, type Duration, durationMs } from '@zk/client-api';
import type { RandomSource } from '@zk/contracts';
import { sleep } from './abort.js';

/**
 * How long to wait before attempt `attempt + 1`, in milliseconds; undefined to give up. `attempt` counts from 1,
 * `elapsedMs` from the first one.
 */
export type RetryPolicy = (attempt: number, elapsedMs: number, random: RandomSource) => number | undefined;

/** Doubling delays, each shortened at random by up to half, so that many clients do not come back at once. */
export function exponentialBackoff(
  options: {
    readonly first?: Duration | undefined;
    readonly max?: Duration | undefined;
    readonly attempts?: number | undefined;
  } = {},
): RetryPolicy {
  const firstMs = durationMs(options.first ?? 100);
  const maxMs = durationMs(options.max ?? '5s');
  const attempts = options.attempts ?? Infinity;
  return (attempt, _elapsedMs, random) =>
    attempt >= attempts
      ? undefined
      : Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30)) * (1 - random.next() / 2);
}

const TRANSIENT = new Set([
  'CONNECTIONLOSS',
  'OPERATIONTIMEOUT',
  'SESSIONEXPIRED',
  'SESSIONMOVED',
  'THROTTLEDOP',
  'NOTREADONLY',
  'QueueFullError',
]);

/** Whether the same request may succeed later, by itself. Not for what was cancelled, refused or closed. */
export function isTransient(error: unknown): boolean {
  return error instanceof Error && TRANSIENT.has(error.name) && !isClientOver(error);
}

/** Whether the client is over: its owner has closed it, or its session was lost and it begins no other one. */
export function isClientOver(error: unknown): boolean {
  if (isNamed(error, 'ClientClosedError')) return true;
  return isNamed(error, 'SESSIONEXPIRED') && (error as { readonly isFinal?: unknown }).isFinal === true;
}

/** Whether an error has the given stable name, e.g. `NONODE`. Names, since classes may come from another copy. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Whether the request behind this error may have taken effect. True when nobody can tell. */
export function mayHaveApplied(error: unknown): boolean {
  if (!(error instanceof Error) || !('maybeApplied' in error)) return true;
  return error.maybeApplied === true;
}

/**
 * Calls `task` until it succeeds, fails for good, or the policy gives up; then rejects with the last error. An abort
 * rejects with the reason of the signal, but only while waiting: pass it to the task as well.
 */
export async function withRetry<T>(
  runtime: ClientRuntime,
  task: (attempt: number) => Promise<T>,
  options: {
    readonly policy?: RetryPolicy;
    readonly signal?: AbortSignal;
    readonly shouldRetry?: (error: unknown) => boolean;
  } = {},
): Promise<T> {
  const policy = options.policy ?? exponentialBackoff();
  const shouldRetry = options.shouldRetry ?? isTransient;
  const startMs = runtime.clock.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    try {
      return await task(attempt);
    } catch (error) {
      if (!shouldRetry(error)) throw error;
      const delayMs = policy(attempt, runtime.clock.monotonicMs() - startMs, runtime.random);
      if (delayMs === undefined) throw error;
      await sleep(runtime, delayMs, options.signal);
    }
  }
}
