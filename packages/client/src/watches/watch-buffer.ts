import { QueueFullError, type WatchItem, type WatchOptions } from '@zk/client-api';

const DEFAULT_SIZE = 1024;

/** What lies between a watch and a consumer that takes its time: bounded, with a rule for what happens at the bound. */
export class WatchBuffer implements AsyncIterableIterator<WatchItem> {
  private items: WatchItem[] = [];
  private waiting: ((result: IteratorResult<WatchItem>) => void)[] = [];
  private failed: ((error: unknown) => void)[] = [];
  private error: { readonly value: unknown } | undefined;
  private isOver = false;

  constructor(
    private readonly path: string,
    private readonly size = DEFAULT_SIZE,
    private readonly overflow: NonNullable<WatchOptions['overflow']> = 'reset',
    private readonly release: () => void,
  ) {}

  get isEnded(): boolean {
    return this.isOver;
  }

  push(item: WatchItem): void {
    if (this.isOver) return;
    const consumer = this.waiting.shift();
    if (consumer !== undefined) {
      this.failed.shift();
      consumer({ done: false, value: item });
      return;
    }
    if (this.items.length < this.size) {
      this.items.push(item);
    } else if (this.overflow === 'dropOldest') {
      this.items.shift();
      this.items.push(item);
    } else if (this.overflow === 'error') {
      this.end(new QueueFullError(this.path, `${this.size} watched events that nobody takes`));
      this.release();
    } else {
      this.items = [{ type: 'reset', reason: 'overflow' }];
    }
  }

  /** No more will come. What is there is still handed out. */
  end(error?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    if (error !== undefined) this.error = { value: error };
    const { waiting, failed } = this;
    this.waiting = [];
    this.failed = [];
    if (this.error !== undefined && failed.length > 0) {
      const { value } = this.error;
      this.error = undefined;
      failed.shift()!(value);
      waiting.shift();
    }
    for (const resolve of waiting) resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<WatchItem>> {
    const item = this.items.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    if (this.error !== undefined) {
      const { value } = this.error;
      this.error = undefined;
      return Promise.reject(value);
    }
    if (this.isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.waiting.push(resolve);
      this.failed.push(reject);
    });
  }

  return(): Promise<IteratorResult<WatchItem>> {
    this.items = [];
    this.end();
    this.release();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
