import { type ZkClient, type OptionRules, rules } from '@zk/client-api';
import { Subject, filter } from 'rxjs';
import { childPath, requireRecipe } from '../support/index.js';
import { type CacheEvent, type CacheNode, type CacheOptions, cacheRules } from './cache-types.js';
import { EventStream } from './event-stream.js';
import { MirrorCache } from './mirror-cache.js';

export interface ChildrenCacheOptions<T> extends CacheOptions<T> {
  /** Whether a child, by its name, is cached. Always asked the same. */
  readonly filter?: ((name: string) => boolean) | undefined;
}

const childrenCacheRules: OptionRules<ChildrenCacheOptions<unknown>> = {
  ...cacheRules,
  filter: rules.callback,
};

/**
 * The children of one znode with their data, as Curator's PathChildrenCache and kazoo's ChildrenWatch. Unlike the latter
 * it goes on when the parent vanishes and comes back. The parent itself is neither cached nor created.
 *
 * Suspended, lost, reconnected: as {@link TreeCache}. On servers with persistent watches it has one watch, which makes
 * the server tell of what happens deeper down as well; those events cost a message each and are ignored.
 */
export class ChildrenCache<T = Uint8Array> extends MirrorCache<T> implements Iterable<[string, CacheNode<T>]> {
  /** What changes about the children; see {@link CacheEvent}. */
  readonly events: EventStream<CacheEvent<T>>;

  constructor(client: ZkClient, path: string, options: ChildrenCacheOptions<T> = {}) {
    requireRecipe('a ChildrenCache', client, path, options, childrenCacheRules);
    const { filter: accepts } = options;
    const prefix = childPath(path, '');
    super(client, 'ChildrenCache', path, options, {
      maxDepth: 1,
      ignoresRoot: true,
      accepts: accepts === undefined ? undefined : (child) => accepts(child.slice(prefix.length)),
    });
    const ofChildren = new Subject<CacheEvent<T>>();
    this.mirror.events$
      .pipe(filter((event) => event.type === 'initialized' || event.path !== path))
      .subscribe(ofChildren);
    this.events = new EventStream(ofChildren, { bufferSize: options.bufferSize });
  }

  /** Number of children. */
  get size(): number {
    return this.mirror.childNames(this.path).length;
  }

  get(name: string): CacheNode<T> | undefined {
    return this.mirror.get(childPath(this.path, name));
  }

  /** Names, sorted. */
  names(): string[] {
    return [...this.mirror.childNames(this.path)].sort();
  }

  /** All children at this moment, by name and in the order of names; later changes do not touch it. */
  snapshot(): Map<string, CacheNode<T>> {
    return new Map(this.names().map((name) => [name, this.get(name)!]));
  }

  [Symbol.iterator](): IterableIterator<[string, CacheNode<T>]> {
    return this.snapshot().entries();
  }
}
