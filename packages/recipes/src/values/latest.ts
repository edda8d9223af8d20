import type { Observable } from 'rxjs';

/**
 * The values of an Observable for a consumer that may be slow: while it is busy, newer values replace older ones that it
 * has not seen. Ends with the Observable, fails with it, and unsubscribes when the loop is left.
 */
export function latestOf<T>(source$: Observable<T>): AsyncIterableIterator<T> {
  let pending: { readonly value: T } | undefined;
  let end: { readonly error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  const signal = (): void => {
    wake?.();
    wake = undefined;
  };
  const subscription = source$.subscribe({
    next: (value) => {
      pending = { value };
      signal();
    },
    error: (error: unknown) => {
      end = { error };
      signal();
    },
    complete: () => {
      end = {};
      signal();
    },
  });
  const next = async (): Promise<IteratorResult<T>> => {
    while (pending === undefined && end === undefined) await new Promise<void>((resolve) => (wake = resolve));
    if (pending !== undefined) {
      const { value } = pending;
      pending = undefined;
      return { done: false, value };
    }
    if (end !== undefined && 'error' in end) {
      const { error } = end;
      end = {};
      throw error;
    }
    return { done: true, value: undefined };
  };
  return {
    next,
    return: () => {
      subscription.unsubscribe();
      pending = undefined;
      end = {};
      signal();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
