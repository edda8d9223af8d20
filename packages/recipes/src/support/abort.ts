import { type ClientRuntime, type Duration, durationMs } from '@zk/client-api';
import type { Observable } from 'rxjs';
import { requireCallOptions } from './arguments.js';

/** All who follow one signal, behind one listener. */
class Followers {
  readonly #callbacks = new Set<{ readonly callback: () => void }>();
  readonly #onAbort = (): void => {
    followersOf.delete(this.signal);
    for (const { callback } of this.#callbacks) callback();
  };

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  add(callback: () => void): () => void {
    // An object of its own, so that the same function may follow twice.
    const follower = { callback };
    this.#callbacks.add(follower);
    return () => {
      this.#callbacks.delete(follower);
      if (this.#callbacks.size > 0 || followersOf.get(this.signal) !== this) return;
      followersOf.delete(this.signal);
      this.signal.removeEventListener('abort', this.#onAbort);
    };
  }
}

/** Two copies of this module have two of these, and a signal two listeners: no harm. */
const followersOf = new WeakMap<AbortSignal, Followers>();

/**
 * Calls back once when the signal aborts (not if it has), unless the function returned was called before. However many
 * follow a signal, it has one listener: a session that many locks hang on is no leak, but Node warns of one after ten.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let followers = followersOf.get(signal);
  if (followers === undefined) followersOf.set(signal, (followers = new Followers(signal)));
  return followers.add(callback);
}

/** By promise, whoever waits for it to settle. */
const waitersOf = new WeakMap<Promise<unknown>, Set<{ readonly callback: () => void }>>();

/**
 * Calls back once when the promise has settled, unless the function returned was called before. However many wait for a
 * promise in turns, it keeps only those who still wait: on one that does not settle for days they would pile up.
 */
export function onSettled(promise: Promise<unknown>, callback: () => void): () => void {
  const waiters = waitersOf.get(promise) ?? gatherWaiters(promise);
  // An object of its own, so that the same function may wait twice.
  const waiter = { callback };
  waiters.add(waiter);
  return () => void waiters.delete(waiter);
}

function gatherWaiters(promise: Promise<unknown>): Set<{ readonly callback: () => void }> {
  const waiters = new Set<{ readonly callback: () => void }>();
  const settled = (): void => {
    waitersOf.delete(promise);
    for (const { callback } of waiters) callback();
  };
  waitersOf.set(promise, waiters);
  promise.then(settled, settled);
  return waiters;
}

/**
 * A signal that follows others until it is disposed. `AbortSignal.any` keeps a listener on each source for as long as
 * that source lives, which for the signal of a session, or of a whole program, is a leak per call.
 */
export class LinkedSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #leave: (() => void)[] = [];

  constructor(...sources: readonly (AbortSignal | undefined)[]) {
    const all = sources.filter((source) => source !== undefined);
    const over = all.find((source) => source.aborted);
    if (over !== undefined) this.#controller.abort(over.reason);
    else for (const source of all) this.#leave.push(onAbort(source, () => this.abort(source.reason)));
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
    for (const leave of this.#leave.splice(0)) leave();
  }
}

/** The time and the patience of a caller: a limit of time and a signal, in one. Dispose it when the call is over. */
export class CallScope implements Disposable {
  readonly timeoutMs: number;
  readonly #runtime: ClientRuntime;
  readonly #deadlineMs: number;
  readonly #linked: LinkedSignal;
  readonly #timer: { cancel(): void } | undefined;

  /** @throws TypeError for options that are none: a time in their place would be no limit at all */
  constructor(
    runtime: ClientRuntime,
    options: { readonly timeout?: Duration | undefined; readonly signal?: AbortSignal | undefined } = {},
    defaultTimeout: Duration = Infinity,
  ) {
    requireCallOptions(options);
    this.#runtime = runtime;
    this.timeoutMs = durationMs(options.timeout ?? defaultTimeout);
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

/** Resolves at the first of these, never rejects, and leaves nothing behind on the others. Observables count from now on. */
export function firstOf(sources: {
  readonly signals?: readonly (AbortSignal | undefined)[];
  readonly promises?: readonly Promise<unknown>[] | undefined;
  readonly observables?: readonly Observable<unknown>[] | undefined;
}): Promise<void> {
  return new Promise((resolve) => {
    const ends: (() => void)[] = [];
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      for (const end of ends) end();
      resolve();
    };
    for (const signal of sources.signals ?? []) {
      if (signal?.aborted === true) return done();
      if (signal !== undefined) ends.push(onAbort(signal, done));
    }
    for (const promise of sources.promises ?? []) ends.push(onSettled(promise, done));
    for (const observable of sources.observables ?? []) {
      if (isDone) return;
      const subscription = observable.subscribe({ next: done, error: done, complete: done });
      // One that answers at once has called `done` before there was a subscription to end.
      if (isDone) subscription.unsubscribe();
      else ends.push(() => subscription.unsubscribe());
    }
  });
}

/** Resolves after `delayMs` of monotonic time; rejects with the reason of the signal. */
export function sleep(runtime: ClientRuntime, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const leave =
      signal &&
      onAbort(signal, () => {
        timer.cancel();
        reject(signal.reason as Error);
      });
    const timer = runtime.scheduler.after(delayMs, () => {
      leave?.();
      resolve();
    });
  });
}
