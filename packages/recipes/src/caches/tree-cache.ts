import { type ZkClient, type OptionRules, rules } from '@zk/client-api';
import { type CacheEvent, type CacheNode, type CacheOptions, cacheRules } from './cache-types.js';
import { EventStream } from './event-stream.js';
import { MirrorCache } from './mirror-cache.js';
import { requireRecipe } from '../support/index.js';

export interface TreeCacheOptions<T> extends CacheOptions<T> {
  /** Levels below the root that are cached: 0 is the root alone, 1 its children as well. Default: all. */
  readonly maxDepth?: number | undefined;
  /** Whether a znode, by its full path, is cached. What is below one that is not is not either. Always asked the same. */
  readonly filter?: ((path: string) => boolean) | undefined;
}

const treeCacheRules: OptionRules<TreeCacheOptions<unknown>> = {
  ...cacheRules,
  maxDepth: rules.limit(0),
  filter: rules.callback,
};

/**
 * A subtree, kept in memory and up to date, as Curator's CuratorCache and TreeCache: events with old and new data, and
 * a consistent view to read at any time without asking the server. The root may be missing, and come and go.
 *
 * Suspended: what was last seen stays readable, `status` is `stale`. Reconnected, and after a new session: everything is
 * compared with the server and the differences come as events: none is invented, and none is missing but changes that
 * were undone in the meantime. Lost: as suspended. A cache is not a place to look for who holds a lock: it lags behind.
 */
export class TreeCache<T = Uint8Array> extends MirrorCache<T> implements Iterable<CacheNode<T>> {
  /** What changes; see {@link CacheEvent}. An event comes after the cache has changed. */
  readonly events: EventStream<CacheEvent<T>>;

  constructor(client: ZkClient, path: string, options: TreeCacheOptions<T> = {}) {
    requireRecipe('a TreeCache', client, path, options, treeCacheRules);
    super(client, 'TreeCache', path, options, {
      maxDepth: options.maxDepth ?? Infinity,
      accepts: options.filter,
      ignoresRoot: false,
    });
    this.events = new EventStream(this.mirror.events$, { bufferSize: options.bufferSize });
  }

  /** Number of znodes. */
  get size(): number {
    return this.mirror.size;
  }

  get(path: string): CacheNode<T> | undefined {
    return this.mirror.get(path);
  }

  has(path: string): boolean {
    return this.mirror.get(path) !== undefined;
  }

  /** Names of the cached children, in order of their coming. */
  childNames(path: string): readonly string[] {
    return this.mirror.childNames(path);
  }

  /** All znodes at this moment, by path; later changes do not touch it. */
  snapshot(): Map<string, CacheNode<T>> {
    return new Map([...this.mirror.nodes()].map((node) => [node.path, node]));
  }

  /** Live: do not await in between. */
  [Symbol.iterator](): IterableIterator<CacheNode<T>> {
    return this.mirror.nodes();
  }
}
