import type { ZkClient } from '@zk/client-api';
import { Subject } from 'rxjs';
import { type CacheNode, type CacheOptions, cacheRules } from './cache-types.js';
import { EventStream } from './event-stream.js';
import { MirrorCache } from './mirror-cache.js';
import { requireRecipe } from '../support/index.js';

export interface NodeCacheChange<T> {
  /** What is there now; undefined when there is no such znode. */
  readonly current: CacheNode<T> | undefined;
  readonly previous: CacheNode<T> | undefined;
}

/**
 * One znode, kept up to date, as Curator's NodeCache and kazoo's DataWatch. It may be missing, and come and go.
 *
 * The same data written again is a change. A slow consumer of the async iterable sees the newest change, and not each.
 * Suspended, lost, reconnected: as {@link TreeCache}.
 */
export class NodeCache<T = Uint8Array> extends MirrorCache<T> {
  /** What changes; what is there at the start comes first, and nothing comes when there is nothing. */
  readonly changes: EventStream<NodeCacheChange<T>>;

  constructor(client: ZkClient, path: string, options: CacheOptions<T> = {}) {
    requireRecipe('a NodeCache', client, path, options, cacheRules);
    super(client, 'NodeCache', path, options, { maxDepth: 0, accepts: undefined, ignoresRoot: false });
    const changes = new Subject<NodeCacheChange<T>>();
    this.mirror.events$.subscribe({
      next: (event) => {
        if (event.type === 'initialized') return;
        changes.next({
          current: event.type === 'deleted' ? undefined : event.node,
          previous: event.type === 'created' ? undefined : event.previous,
        });
      },
      complete: () => changes.complete(),
    });
    this.changes = new EventStream(changes, { bufferSize: options.bufferSize ?? 1, overflow: 'latest' });
  }

  /** What is there now; undefined when there is no such znode, or when it is not known yet. */
  get current(): CacheNode<T> | undefined {
    return this.mirror.get(this.path);
  }
}
