import { Observable, type Subject } from 'rxjs';

/** A consumer of an async iterable was so slow that events would have had to be dropped. */
export class EventOverflowError extends Error {
  override readonly name = 'EventOverflowError';

  constructor(limit: number) {
    super(`the consumer is more than ${limit} events behind`);
  }
}

export interface EventStreamOptions {
  /** Events kept for a slow consumer of the async iterable; default 65,536. */
  readonly bufferSize?: number | undefined;
  /**
   * When there are more: end the iteration with an EventOverflowError (default: nobody misses an event without knowing),
   * or keep the newest only, which is right where every event says all there is to know.
   */
  readonly overflow?: 'error' | 'latest' | undefined;
}

const DEFAULT_BUFFER = 65_536;

/**
 * Events as an Observable, which delivers at once, and as an async iterable, which buffers from the moment the iteration
 * begins. Hot, without replay; completes when the recipe is closed. Leaving a `for await` ends the subscription.
 */
export class EventStream<T> extends Observable<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #policy: 'error' | 'latest';

  constructor(subject: Subject<T>, options: EventStreamOptions = {}) {
    super((subscriber) => subject.subscribe(subscriber));
    this.#limit = options.bufferSize ?? DEFAULT_BUFFER;
    this.#policy = options.overflow ?? 'error';
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new BufferedIterator(this, this.#limit, this.#policy);
  }
}

class BufferedIterator<T> implements AsyncIterableIterator<T> {
  #buffer: T[] = [];
  #head = 0;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #limit: number;
  readonly #policy: 'error' | 'latest';
  readonly #subscription: { unsubscribe(): void };

  constructor(source: Observable<T>, limit: number, policy: 'error' | 'latest') {
    this.#limit = limit;
    this.#policy = policy;
    this.#subscription = source.subscribe({
      next: (value) => this.#push(value),
      error: (error: unknown) => this.#finish({ error }),
      complete: () => this.#finish({}),
    });
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.#head < this.#buffer.length) return { done: false, value: this.#shift() };
      if (this.#end !== undefined) {
        const { error } = this.#end;
        this.#end = {};
        if (error !== undefined) throw error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#subscription.unsubscribe();
    this.#buffer = [];
    this.#head = 0;
    this.#finish({});
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #shift(): T {
    const value = this.#buffer[this.#head]!;
    this.#buffer[this.#head++] = undefined as T;
    if (this.#head === this.#buffer.length || this.#head > 4096) {
      this.#buffer.splice(0, this.#head);
      this.#head = 0;
    }
    return value;
  }

  #push(value: T): void {
    if (this.#end !== undefined) return;
    if (this.#buffer.length - this.#head >= this.#limit) {
      if (this.#policy === 'error') {
        this.#subscription.unsubscribe();
        return this.#finish({ error: new EventOverflowError(this.#limit) });
      }
      this.#shift();
    }
    this.#buffer.push(value);
    this.#wakeUp();
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end ??= end;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
