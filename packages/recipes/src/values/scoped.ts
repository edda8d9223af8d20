import {
  type CallOptions,
  CancelledError,
  OperationTimeoutError,
  type ZkClient,
  type Duration,
  isConnected,
} from '@zk/client-api';
import {
  CallScope,
  LinkedSignal,
  exponentialBackoff,
  isNamed,
  isTransient,
  mayHaveApplied,
  onAbort,
  withRetry,
} from '../support/index.js';

/**
 * Runs a call of a recipe in the time and with the signal of its caller. What ends it comes out as from the client
 * itself: OperationTimeoutError when the time was over, CancelledError when the signal aborted, and `maybeApplied` says
 * whether something may have been written.
 */
export async function scoped<T>(
  client: ZkClient,
  path: string,
  options: CallOptions,
  body: (scope: CallScope) => Promise<T>,
  defaultTimeout?: Duration,
): Promise<T> {
  using scope = new CallScope(client.runtime, options, defaultTimeout);
  try {
    if (scope.signal.aborted) throw scope.signal.reason;
    return await body(scope);
  } catch (error) {
    throw endOf(scope, path, error);
  }
}

function endOf(scope: CallScope, path: string, error: unknown): unknown {
  const { signal } = scope;
  const isByScope = error === signal.reason || isNamed(error, 'AbortError', 'OutcomeUnknownError');
  if (!signal.aborted || !isByScope) return error;
  const maybeApplied = error !== signal.reason && mayHaveApplied(error);
  return scope.hasTimedOut
    ? new OperationTimeoutError(path, scope.timeoutMs, maybeApplied)
    : new CancelledError(path, signal.reason, maybeApplied);
}

/** What ends a task within a call. */
export interface Patience {
  readonly signal: AbortSignal;
}

/** A read, or a write that does no harm when it happens twice, until it works or the scope ends. */
export function persistently<T>(client: ZkClient, scope: Patience, task: () => Promise<T>): Promise<T> {
  return withRetry(client.runtime, task, {
    signal: scope.signal,
    // The client itself waits for a connection, and backs off while there is none.
    policy: exponentialBackoff({ max: '1s' }),
    shouldRetry: (error) => isTransient(error) && !scope.signal.aborted,
  });
}

/** Ends with the patience of a caller, but not while there is a connection. */
export class ConnectedPatience implements Patience, Disposable {
  readonly #ended = new LinkedSignal();
  readonly #unfollow: () => void;
  #states: { unsubscribe(): void } | undefined;

  constructor(client: ZkClient, signal: AbortSignal) {
    this.#unfollow = onAbort(signal, () => {
      this.#states = client.state$.subscribe((state) => {
        if (!isConnected(state)) this.#ended.abort(signal.reason);
      });
    });
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  [Symbol.dispose](): void {
    this.#unfollow();
    this.#states?.unsubscribe();
  }
}
