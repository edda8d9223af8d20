import { type Codec, type OptionRules, rules } from '@zk/client-api';
import type { Stat } from '@zk/model';

/** A znode as the cache knows it. Immutable: a change makes another object. */
export interface CacheNode<T = Uint8Array> {
  readonly path: string;
  readonly data: T;
  /** As of the last reading. The counts of children in it are not kept up to date: the cache knows the children itself. */
  readonly stat: Stat;
}

/**
 * What changed in a cache, in the order in which the cache changed: whoever applies them to a snapshot that was taken
 * before has what the cache has. A parent is created before its children and deleted after them.
 *
 * Changes that follow each other quickly, or while there was no connection, may come as one: the events tell the way from
 * what the cache was to what it is, not all that happened. A znode that was deleted and created again comes as both.
 */
export type CacheEvent<T = Uint8Array> =
  | { readonly type: 'created'; readonly path: string; readonly node: CacheNode<T> }
  | {
      readonly type: 'changed';
      readonly path: string;
      readonly node: CacheNode<T>;
      readonly previous: CacheNode<T>;
    }
  | { readonly type: 'deleted'; readonly path: string; readonly previous: CacheNode<T> }
  /** What was there at the start is in the cache. Once only. */
  | { readonly type: 'initialized' };

/** Something that keeps a znode out of the cache: no permission to read it, or data that the codec refuses. */
export interface CacheProblem {
  readonly path: string;
  readonly error: unknown;
}

/**
 * `new`: not started. `filling`: not complete yet. `current`: every change that the server has told of is in, or is being
 * read. `stale`: no connection, or reconnected and not compared yet; what is there is what was last seen. `closed`: final,
 * with what was last seen.
 */
export type CacheStatus = 'new' | 'filling' | 'current' | 'stale' | 'closed';

/** Options of every cache. */
export interface CacheOptions<T> {
  /** How data becomes a value; default: bytes as they are. {@link dataless} keeps no data. */
  readonly codec?: Codec<T> | undefined;
  /** Reads in flight at once; default 256. */
  readonly concurrency?: number | undefined;
  /**
   * `auto` (default): one persistent watch, and one-shot watches on servers before 3.6, which do not know those.
   * `oneShot`: those always, at two per znode.
   */
  readonly watches?: 'auto' | 'oneShot' | undefined;
  /** Events kept for a slow consumer of the async iterable; then it ends with an EventOverflowError. Default 65,536. */
  readonly bufferSize?: number | undefined;
}

export const cacheRules: OptionRules<CacheOptions<unknown>> = {
  codec: rules.codec,
  concurrency: rules.limit(1),
  watches: rules.oneOf('auto', 'oneShot'),
  bufferSize: rules.limit(1),
};

/** As `codec`: the cache keeps the Stat of each znode and no data, and never reads any. */
export const dataless: Codec<undefined> = Object.freeze({ encode: () => null, decode: () => undefined });
