import type { Zxid } from '@zk/model';
import type { Observable } from 'rxjs';
import type { CallOptions } from './operations.js';

/** Something happened to a znode. `zxid` is -1 where the server does not tell (before 3.9). */
export interface ZnodeEvent {
  readonly type: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged';
  readonly path: string;
  readonly zxid: Zxid;
}

/**
 * Events may be missing before this one: read again what you must know.
 * `reconnected`: a new connection of the same session, or another server; `newSession`: the watch was set again in a new
 * session; `overflow`: the subscriber was too slow and its buffer was emptied.
 */
export interface WatchReset {
  readonly type: 'reset';
  readonly reason: 'reconnected' | 'newSession' | 'overflow';
}

export type WatchItem = ZnodeEvent | WatchReset;

export interface WatchOptions extends CallOptions {
  /** Events of everything below as well; then `childrenChanged` does not come. Default false. */
  readonly recursive?: boolean | undefined;
  /** Items kept for a consumer of the async iterable that is slow; default 1,024. */
  readonly bufferSize?: number | undefined;
  /** When the buffer is full: replace it by one reset item (default), drop the oldest, or end with an error. */
  readonly overflow?: 'reset' | 'dropOldest' | 'error' | undefined;
}

/**
 * A persistent watch. Cold until subscribed, then shared per path and mode: the watch is on the server while anybody is
 * subscribed, and is removed with the last of them. It survives reconnects and new sessions (a reset item tells), and
 * completes when the client is closed. As an Observable it delivers at once; as an async iterable it buffers.
 */
export interface WatchStream extends Observable<WatchItem>, AsyncIterable<WatchItem> {
  /**
   * Resolves with a subscription once the server has the watch: what is read after that cannot change unnoticed.
   * What the listener throws is an uncaught error of the process (of RxJS's `config.onUnhandledError` where that is set),
   * as with `subscribe`; the watch goes on.
   * @throws what the server answers, e.g. NOAUTH
   */
  start(listener: (item: WatchItem) => void, options?: CallOptions): Promise<WatchSubscription>;
}

export interface WatchSubscription extends AsyncDisposable {
  /** Stops listening; the promise resolves when the server has forgotten the watch, if nobody else needs it. */
  unsubscribe(): Promise<void>;
}

/** The end of a one-shot watch. */
export type WatchFired =
  | ZnodeEvent
  /** The session is over, and the watch with it. */
  | { readonly type: 'sessionLost' }
  /** {@link Watched.cancel} was called, or the client was closed. */
  | { readonly type: 'cancelled' };

/** A value, and the one-shot watch that was set by the same read. */
export interface Watched<T> extends Disposable {
  readonly value: T;
  /** Resolves once, never rejects. A reconnect does not end it: the watch is set again, and fires if it missed something. */
  readonly fired: Promise<WatchFired>;
  /** Gives up the watch; it is removed on the server when nobody else needs it. Idempotent. */
  cancel(): void;
}
