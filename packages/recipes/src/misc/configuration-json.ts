import { type CallOptions, type Codec, NoNodeError, type ZkClient } from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import { type CacheProblem, type CacheStatus, NodeCache } from '../caches/index.js';

/** What a source tells the configuration. */
export interface ConfigurationSink<T> {
  value(value: T): void;
  problem(problem: CacheProblem): void;
  end(): void;
}

/** Where a configuration comes from, and how it is written. */
export interface ConfigurationSource<T> {
  readonly status: CacheStatus;
  start(options: CallOptions): Promise<void>;
  update(change: (value: T) => T | Promise<T>, defaults: T | undefined, options: CallOptions): Promise<T>;
  close(): Promise<void>;
}

/** One znode with JSON. */
export class JsonSource<T> implements ConfigurationSource<T> {
  readonly #client: ZkClient;
  readonly #path: string;
  readonly #codec: Codec<T>;
  readonly #cache: NodeCache<T>;

  constructor(client: ZkClient, path: string, codec: Codec<T>, sink: ConfigurationSink<T>) {
    this.#client = client;
    this.#path = path;
    this.#codec = codec;
    this.#cache = new NodeCache(client, path, { codec });
    this.#cache.changes.subscribe({
      next: ({ current }) => {
        if (current === undefined) sink.problem({ path, error: new NoNodeError(ErrorCode.NONODE, path) });
        else sink.value(current.data);
      },
      complete: () => sink.end(),
    });
    this.#cache.problems$.subscribe((problem) => sink.problem(problem));
  }

  get status(): CacheStatus {
    return this.#cache.status;
  }

  start(options: CallOptions): Promise<void> {
    return this.#cache.start(options);
  }

  async update(change: (value: T) => T | Promise<T>, defaults: T | undefined, options: CallOptions): Promise<T> {
    const { data } = await this.#client.update<T>(this.#path, change, {
      ...options,
      codec: this.#codec,
      ...(defaults === undefined ? {} : { initial: defaults, create: { parents: 'container' } }),
    });
    return data;
  }

  close(): Promise<void> {
    return this.#cache.close();
  }
}
