import type { CallOptions, Codec, CreateModeName, ZkClient } from '@zk/client-api';
import type { Observable } from 'rxjs';
import { NodeCache } from '../caches/index.js';
import { PersistentNode, type PersistentNodeState } from '../nodes/index.js';
import type { ServiceInstance, ServiceType } from './service-instance.js';

const MODES: Readonly<Record<ServiceType, CreateModeName>> = {
  DYNAMIC: 'ephemeral',
  DYNAMIC_SEQUENTIAL: 'ephemeralSequential',
  STATIC: 'persistent',
  PERMANENT: 'persistent',
};

/**
 * An instance that is registered until it is unregistered: again in every session, once even when replies are lost, and
 * in place of what a former process of the same id left. Made by `ServiceDiscovery.register`.
 */
export class ServiceRegistration<P = unknown> implements AsyncDisposable {
  readonly #node: PersistentNode<ServiceInstance<P>>;
  readonly #watched: NodeCache<ServiceInstance<P>> | undefined;

  constructor(
    client: ZkClient,
    path: string,
    instance: ServiceInstance<P>,
    options: { readonly codec: Codec<ServiceInstance<P>>; readonly watch: boolean },
  ) {
    const { codec } = options;
    this.#node = new PersistentNode(client, path, instance, {
      mode: MODES[instance.serviceType],
      // The name is the id: others look it up.
      protection: false,
      ifForeign: 'replace',
      codec,
    });
    // One-shot, as the watch of the node itself: servers before 3.9 mix them up otherwise (spec: recipes, section 2.4).
    if (options.watch) this.#watched = new NodeCache(client, path, { codec, watches: 'oneShot' });
  }

  /** As it was last told to others; with `watchInstances`, as others may have changed it. */
  get instance(): ServiceInstance<P> {
    return this.#node.data;
  }

  /** The path of its node, which has a number behind the id for DYNAMIC_SEQUENTIAL. */
  get path(): string | undefined {
    return this.#node.path;
  }

  get state(): PersistentNodeState {
    return this.#node.state;
  }

  get state$(): Observable<PersistentNodeState> {
    return this.#node.state$;
  }

  async start(options: CallOptions): Promise<void> {
    await this.#node.start().waitForInitialCreate(options);
    if (this.#watched === undefined) return;
    this.#watched.changes.subscribe(({ current }) => {
      // Not written once more: whoever wrote it may have written again by then. Guard of "keeps what was written last" in
      // suite/discovery.ts.
      if (current !== undefined) this.#node.takeOver(current.data, current.stat);
    });
    await this.#watched.start(options);
  }

  /**
   * Tells others something else about the instance. Name, id and type stay.
   * @throws as `PersistentNode.setData`
   */
  async update(
    change: Partial<Omit<ServiceInstance<P>, 'name' | 'id' | 'serviceType'>>,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#node.setData({ ...this.instance, ...change }, options);
  }

  /** Idempotent; goes on in the background when there is no connection. */
  async unregister(): Promise<void> {
    await this.#watched?.close();
    await this.#node.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unregister();
  }
}
