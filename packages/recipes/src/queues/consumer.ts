import { type CallOptions, type ZkClient, type OptionRules, rules } from '@zk/client-api';
import { type Observable, Subject } from 'rxjs';
import { LinkedSignal, exponentialBackoff, firstOf, isNamed, sleep } from '../support/index.js';
import type { ItemHandler, TakenItems } from './taken-items.js';

/** What becomes of an item whose handler failed. */
export type FailureMode =
  /** Put at the end of its like (Curator's default). */
  | 'requeue'
  /** Gone, as if it had succeeded. */
  | 'delete'
  /** Free for everybody, at its old place. */
  | 'release';

export interface ConsumeOptions {
  /** Stops the consumer. */
  readonly signal?: AbortSignal | undefined;
  /** Items at a time; default 1, in order. */
  readonly concurrency?: number | undefined;
  /** Default `requeue`. After a failure the consumer pauses, longer with each one in a row, up to 5 s. */
  readonly onFailure?: FailureMode | ((error: unknown, taken: TakenItems<unknown>) => FailureMode) | undefined;
}

export const consumeRules: OptionRules<ConsumeOptions> = {
  signal: rules.signal,
  concurrency: rules.integer(1),
  onFailure: rules.either(rules.oneOf('requeue', 'delete', 'release'), rules.callback),
};

/** What a consumer needs of a queue. */
export interface ConsumedQueue<T> {
  take(options?: CallOptions): Promise<TakenItems<T>>;
  /** @internal */
  readonly core: { readonly client: ZkClient };
}

/** A consumer at work. */
export class QueueConsumer<T> implements AsyncDisposable {
  /**
   * Resolves when it has stopped. Rejects when it had to: the queue cannot be read (e.g. NOAUTH), or the client was
   * closed. Need not be awaited.
   */
  readonly done: Promise<void>;
  readonly #queue: ConsumedQueue<T>;
  readonly #handler: ItemHandler<T>;
  readonly #options: ConsumeOptions;
  readonly #stopping: LinkedSignal;
  readonly #problem$ = new Subject<QueueProblem>();
  #failuresInARow = 0;

  constructor(queue: ConsumedQueue<T>, handler: ItemHandler<T>, options: ConsumeOptions) {
    this.#queue = queue;
    this.#handler = handler;
    this.#options = options;
    this.#stopping = new LinkedSignal(options.signal);
    const workers = Array.from({ length: options.concurrency ?? 1 }, () => this.#work());
    this.done = Promise.all(workers)
      .finally(() => {
        this.#stopping.abort(new Error('the consumer has stopped'));
        this.#problem$.complete();
      })
      .then(() => undefined);
    this.done.catch(() => undefined);
  }

  /** Hot: failures of handlers, items that cannot be read, items lost while they were worked on. Completes at the end. */
  get problems$(): Observable<QueueProblem> {
    return this.#problem$.asObservable();
  }

  /** Takes nothing more; resolves when the handlers that are running have returned. Never rejects. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the consumer was stopped'));
    await this.done.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let taken: TakenItems<T>;
      try {
        taken = await this.#queue.take({ signal });
      } catch (error) {
        if (isNamed(error, 'UnreadableItemError', 'TakeUnknownError')) {
          this.#problem$.next({ kind: 'take', error, name: undefined });
          continue;
        }
        if (signal.aborted) return;
        this.#stopping.abort(error);
        throw error;
      }
      await this.#handle(taken);
    }
  }

  async #handle(taken: TakenItems<T>): Promise<void> {
    const { name, signal } = taken;
    try {
      for (const item of taken.items) await this.#handler(item, { name, signal });
    } catch (error) {
      this.#problem$.next({ kind: 'handler', error, name });
      return this.#fail(taken, error);
    }
    this.#failuresInARow = 0;
    await this.#settle(taken, () => taken.complete({ timeout: Infinity }));
  }

  async #fail(taken: TakenItems<T>, error: unknown): Promise<void> {
    const mode = this.#modeOf(taken, error);
    const options = { timeout: Infinity };
    await this.#settle(taken, () => {
      if (mode === 'delete') return taken.complete(options);
      return mode === 'requeue' ? taken.requeue(options) : taken.release(options);
    });
    const { runtime } = this.#queue.core.client;
    const delayMs = backoff(++this.#failuresInARow, 0, runtime.random)!;
    const pause = sleep(runtime, delayMs, this.#stopping.signal).catch(() => undefined);
    await firstOf({ promises: [pause] });
  }

  #modeOf(taken: TakenItems<T>, error: unknown): FailureMode {
    const { onFailure = 'requeue' } = this.#options;
    if (typeof onFailure !== 'function') return onFailure;
    try {
      return onFailure(error, taken);
    } catch (thrown) {
      // Guard of "puts an item back when nobody can say what becomes of it" in
      // suite/queue-consumers.ts: its lock would stay.
      this.#problem$.next({ kind: 'handler', error: thrown, name: taken.name });
      return 'requeue';
    }
  }

  async #settle(taken: TakenItems<T>, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#problem$.next({ kind: 'settle', error, name: taken.name });
    }
  }
}

const backoff = exponentialBackoff({ first: 50, max: '5s' });

export interface QueueProblem {
  /** Whether the item could not be taken, its handler failed, or it could not be completed or put back. */
  readonly kind: 'take' | 'handler' | 'settle';
  readonly error: unknown;
  /** Of the znode, where it is known. */
  readonly name: string | undefined;
}
