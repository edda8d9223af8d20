import { type Duration, durationMs } from '@zk/client-api';
import type { ClientRuntime } from '@zk/client-api';
import type { Observable } from 'rxjs';

/**
 * A signal that follows others until it is disposed. `AbortSignal.any` keeps a listener on each source for as long as
 * that source lives, which for the signal of a session, or of a whole program, is a leak per call.
 */
export class LinkedSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #sources: readonly AbortSignal[];
  readonly #onAbort = (event: Event): void => this.abort((event.target as AbortSignal).reason);

  constructor(...sources: readonly (AbortSignal | undefined)[]) {
    this.#sources = sources.filter((source) => source !== undefined);
    const over = this.#sources.find((source) => source.aborted);
    if (over !== undefined) this.#controller.abort(over.reason);
    else for (const source of this.#sources) source.addEventListener('abort', this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts this one only, and lets the sources go. Idempotent: the first reason stays. */
  abort(reason: unknown): void {
    this[Symbol.dispose]();
    this.#controller.abort(reason);
  }

  /** Lets the sources go without aborting. */
  [Symbol.dispose](): void {
    for (const source of this.#sources) source.removeEventListener('abort', this.#onAbort);
  }
}

/** The time and the patience of a caller: a limit of time and a signal, in one. Dispose it when the call is over. */
export class CallScope implements Disposable {
  readonly timeoutMs: number;
  readonly #runtime: ClientRuntime;
  readonly #deadlineMs: number;
  readonly #linked: LinkedSignal;
  readonly #timer: { cancel(): void } | undefined;

  constructor(runtime: ClientRuntime, options: { readonly timeout?: Duration; readonly signal?: AbortSignal } = {}) {
    this.#runtime = runtime;
    this.timeoutMs = options.timeout === undefined ? Infinity : durationMs(options.timeout);
    this.#deadlineMs = runtime.clock.monotonicMs() + this.timeoutMs;
    this.#linked = new LinkedSignal(options.signal);
    if (Number.isFinite(this.timeoutMs) && !this.signal.aborted) {
      this.#timer = runtime.scheduler.after(this.timeoutMs, () => this.#linked.abort(new ScopeTimeout()));
    }
  }

  /** Aborts when the time is over, or with the caller's signal. */
  get signal(): AbortSignal {
    return this.#linked.signal;
  }

  /** Whether it was the time that ended this scope, and not the caller. */
  get hasTimedOut(): boolean {
    return this.signal.aborted && this.signal.reason instanceof ScopeTimeout;
  }

  /** Milliseconds left; 0 when the time is over, Infinity without a limit. */
  get remainingMs(): number {
    return Math.max(0, this.#deadlineMs - this.#runtime.clock.monotonicMs());
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#linked[Symbol.dispose]();
  }
}

class ScopeTimeout extends Error {
  override readonly name = 'TimeoutError';
}

/** Resolves at the first of these, never rejects, and leaves no listener behind. Observables count from now on. */
export function firstOf(sources: {
  readonly signals?: readonly (AbortSignal | undefined)[];
  readonly promises?: readonly Promise<unknown>[];
  readonly observables?: readonly Observable<unknown>[];
}): Promise<void> {
  return new Promise((resolve) => {
    const signals = (sources.signals ?? []).filter((signal) => signal !== undefined);
    const subscriptions: { unsubscribe(): void }[] = [];
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      for (const signal of signals) signal.removeEventListener('abort', done);
      for (const subscription of subscriptions) subscription.unsubscribe();
      resolve();
    };
    for (const signal of signals) {
      if (signal.aborted) return done();
      signal.addEventListener('abort', done);
    }
    for (const promise of sources.promises ?? []) promise.then(done, done);
    for (const observable of sources.observables ?? []) {
      if (isDone) return;
      const subscription = observable.subscribe({ next: done, error: done, complete: done });
      // One that answers at once has called `done` before there was a subscription to end.
      if (isDone) subscription.unsubscribe();
      else subscriptions.push(subscription);
    }
  });
}

/** Resolves after `delayMs` of monotonic time; rejects with the reason of the signal. */
export function sleep(runtime: ClientRuntime, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal!.reason as Error);
    };
    const timer = runtime.scheduler.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
