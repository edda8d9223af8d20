import type { CallOptions, Codec, ZkClient } from '@zk/client-api';
import { type Observable, Subject } from 'rxjs';
import { type CacheProblem, type CacheStatus, ChildrenCache, EventStream } from '../caches/index.js';
import type { ServiceInstance } from './service-instance.js';

/**
 * The instances of one service, kept up to date; as Curator's ServiceCache. The service may have none, or not exist.
 *
 * What is not Curator's JSON is left out, and told by `problems$`; an instance whose node becomes such keeps its last
 * good value. Suspended and lost: the instances that were last seen, with `status` `stale`: better to try one of those
 * than none. Made by `ServiceDiscovery.cache`.
 */
export class ServiceCache<P = unknown> implements AsyncDisposable {
  /** All instances, again after every change; a slow consumer of the iterable gets the newest. */
  readonly changes: EventStream<readonly ServiceInstance<P>[]>;
  readonly #cache: ChildrenCache<ServiceInstance<P>>;
  #instances: readonly ServiceInstance<P>[] | undefined;

  constructor(client: ZkClient, path: string, codec: Codec<ServiceInstance<P>>) {
    this.#cache = new ChildrenCache(client, path, { codec });
    const changes = new Subject<readonly ServiceInstance<P>[]>();
    this.#cache.events.subscribe({
      next: (event) => {
        this.#instances = undefined;
        if (event.type === 'initialized' || this.status !== 'filling') changes.next(this.instances());
      },
      complete: () => changes.complete(),
    });
    this.changes = new EventStream(changes, { bufferSize: 1, overflow: 'latest' });
  }

  get status(): CacheStatus {
    return this.#cache.status;
  }

  get status$(): Observable<CacheStatus> {
    return this.#cache.status$;
  }

  get problems$(): Observable<CacheProblem> {
    return this.#cache.problems$;
  }

  /** Resolves when the instances are known. @throws as `ChildrenCache.start` */
  start(options: CallOptions = {}): Promise<void> {
    return this.#cache.start(options);
  }

  /** In the order of the names of their nodes. The same list until something changes. */
  instances(): readonly ServiceInstance<P>[] {
    this.#instances ??= [...this.#cache].map(([, { data }]) => data);
    return this.#instances;
  }

  close(): Promise<void> {
    return this.#cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
