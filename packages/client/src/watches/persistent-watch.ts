import type { WatchItem, WatchReset } from '@zk/client-api';
import { type ServerEvent, eventBelow } from './events.js';

/** Somebody who hears of everything from now on. */
export interface WatchSubscriber {
  readonly prefix: string;
  next(item: WatchItem): void;
  error(error: unknown): void;
  complete(): void;
}

/** One watch on the server, shared by all who want the same path in the same mode. */
export class PersistentWatch {
  readonly subscribers = new Set<WatchSubscriber>();
  /** On the server of the present connection, or on its way there. */
  isOnServer = false;
  /** What stands in for the server's watch where it has none. */
  emulation: { stop(): void } | undefined;
  /** Subscribers may have missed something when it is set again. */
  hasBeenSet = false;
  /** Resolves when the server has it for the first time; rejects when that will never be. */
  readonly ready: Promise<void>;
  private settle!: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  constructor(
    /** Absolute. */
    readonly path: string,
    readonly isRecursive: boolean,
  ) {
    this.ready = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.ready.catch(() => undefined);
  }

  wasSet(): void {
    this.hasBeenSet = true;
    this.settle.resolve();
  }

  deliver(event: ServerEvent): void {
    for (const subscriber of [...this.subscribers]) subscriber.next(eventBelow(subscriber.prefix, event));
  }

  reset(reason: WatchReset['reason']): void {
    for (const subscriber of [...this.subscribers]) subscriber.next({ type: 'reset', reason });
  }

  fail(error: unknown): void {
    this.settle.reject(error);
    const subscribers = [...this.subscribers];
    this.subscribers.clear();
    for (const subscriber of subscribers) subscriber.error(error);
  }

  complete(error: unknown): void {
    this.settle.reject(error);
    const subscribers = [...this.subscribers];
    this.subscribers.clear();
    for (const subscriber of subscribers) subscriber.complete();
  }
}
