import {
  type CallOptions,
  type WatchItem,
  type WatchOptions,
  type WatchStream,
  type WatchSubscription,
} from '@zk/client-api';
import { Observable, type Subscriber, config } from 'rxjs';
import { badFunction } from '../arguments.js';
import { follow, unfollow } from '../machine/signals.js';
import type { Calls } from '../operations/calls.js';
import { absolute } from '../operations/multi.js';
import type { PersistentWatch, WatchSubscriber } from './persistent-watch.js';
import { WatchBuffer } from './watch-buffer.js';

/** The stream behind `client.watch`: cold, and on the server shared with all streams of the same path and mode. */
export class PathWatchStream extends Observable<WatchItem> implements WatchStream {
  constructor(
    private readonly calls: Calls,
    private readonly path: string,
    private readonly options: WatchOptions,
    /** What is wrong with the path or the options, if anything. */
    private readonly defect: Error | undefined,
  ) {
    super((subscriber) => this.follow(subscriber));
  }

  async start(listener: (item: WatchItem) => void, options: CallOptions = {}): Promise<WatchSubscription> {
    const defect = this.defect ?? badFunction(this.path, 'the listener of a watch', listener);
    if (defect !== undefined) throw defect;
    const { core } = this.calls;
    const { signal: ownSignal = this.options.signal, timeout = this.options.timeout } = options;
    const limits = core.limitsOf({ ...options, signal: ownSignal, timeout });
    const subscriber: WatchSubscriber = {
      prefix: this.calls.prefix,
      next: (item) => this.deliver(listener, item),
      // `ready` tells, until it is; after that nothing can be refused any more.
      error: () => undefined,
      complete: () => undefined,
    };
    const watch = this.subscribeTo(subscriber);
    const subscription = new StartedWatch(this.calls, watch, subscriber);
    try {
      let isSettled = false;
      const ready = watch.ready.finally(() => (isSettled = true));
      await core.until(() => isSettled, limits, this.path, ready);
      await ready;
    } catch (error) {
      void subscription.unsubscribe();
      throw error;
    }
    const { signal } = limits;
    if (signal !== undefined) subscription.endWith(signal);
    return subscription;
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchItem> {
    const { bufferSize, overflow } = this.options;
    const buffer = new WatchBuffer(this.path, bufferSize, overflow, () => subscription.unsubscribe());
    const subscription = this.subscribe({
      next: (item) => buffer.push(item),
      error: (error: unknown) => buffer.end(error),
      complete: () => buffer.end(),
    });
    if (buffer.isEnded) subscription.unsubscribe();
    return buffer;
  }

  private follow(subscriber: Subscriber<WatchItem>): (() => void) | undefined {
    if (this.defect !== undefined) {
      subscriber.error(this.defect);
      return undefined;
    }
    const { signal } = this.options;
    const ended = this.calls.core.endError(this.path);
    if (ended !== undefined || signal?.aborted) {
      subscriber.complete();
      return undefined;
    }
    const own: WatchSubscriber = {
      prefix: this.calls.prefix,
      next: (item) => subscriber.next(item),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    };
    const watch = this.subscribeTo(own);
    const onAbort = (): void => subscriber.complete();
    if (signal !== undefined) follow(signal, onAbort);
    return () => {
      if (signal !== undefined) unfollow(signal, onAbort);
      void this.calls.core.watches.persistent.unsubscribe(watch, own);
    };
  }

  private subscribeTo(subscriber: WatchSubscriber): PersistentWatch {
    const { core, prefix } = this.calls;
    const ended = core.endError(this.path);
    if (ended !== undefined) throw ended;
    const path = absolute(prefix, this.path);
    return core.watches.persistent.subscribe(path, this.options.recursive ?? false, subscriber);
  }

  private deliver(listener: (item: WatchItem) => void, item: WatchItem): void {
    try {
      listener(item);
    } catch (error) {
      this.calls.core.logger.error({ path: this.path, err: error }, 'a listener of a watch has thrown');
      reportUncaught(error);
    }
  }
}

/** As RxJS does with what a subscriber has thrown: later, so that other listeners hear of the event all the same. */
function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    if (config.onUnhandledError === null) throw error;
    config.onUnhandledError(error);
  });
}

class StartedWatch implements WatchSubscription {
  private forgotten: Promise<void> | undefined;
  private stopFollowing: (() => void) | undefined;

  constructor(
    private readonly calls: Calls,
    private readonly watch: PersistentWatch,
    private readonly subscriber: WatchSubscriber,
  ) {}

  endWith(signal: AbortSignal): void {
    const onAbort = (): void => void this.unsubscribe();
    follow(signal, onAbort);
    this.stopFollowing = () => unfollow(signal, onAbort);
    if (signal.aborted) onAbort();
  }

  unsubscribe(): Promise<void> {
    this.stopFollowing?.();
    this.forgotten ??= this.calls.core.watches.persistent.unsubscribe(this.watch, this.subscriber);
    return this.forgotten;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unsubscribe();
  }
}
