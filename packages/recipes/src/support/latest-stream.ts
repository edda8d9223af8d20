import { Observable, type Subscription } from 'rxjs';

/**
 * An Observable that is an async iterable as well. An iteration that is slow misses values but never the latest; leaving
 * the loop unsubscribes.
 */
export class LatestStream<T> extends Observable<T> implements AsyncIterable<T> {
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new LatestIterator(this);
  }
}

class LatestIterator<T> implements AsyncIterator<T, undefined> {
  #subscription: Subscription | undefined;
  #latest: { readonly value: T } | undefined;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(private readonly source: Observable<T>) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    this.#subscription ??= this.source.subscribe({
      next: (value) => this.#notice(() => (this.#latest = { value })),
      error: (error: unknown) => this.#notice(() => (this.#end = { error })),
      complete: () => this.#notice(() => (this.#end = {})),
    });
    while (this.#latest === undefined && this.#end === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#latest !== undefined) {
      const { value } = this.#latest;
      this.#latest = undefined;
      return { value, done: false };
    }
    const end = this.#end!;
    this.#end = {};
    if ('error' in end) throw end.error;
    return { value: undefined, done: true };
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#subscription?.unsubscribe();
    this.#notice(() => (this.#end = {}));
    this.#latest = undefined;
    return Promise.resolve({ value: undefined, done: true });
  }

  #notice(change: () => void): void {
    change();
    this.#wake?.();
    this.#wake = undefined;
  }
}
