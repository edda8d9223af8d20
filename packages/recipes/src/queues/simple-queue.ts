import { type CallOptions, type Codec, type ZkClient, type OptionRules, rules } from '@zk/client-api';
import {
  type Dialect,
  childPath,
  requireRecipe,
  dialectRule,
  type CallScope,
  requireCallOptions,
} from '../support/index.js';
import { scoped } from '../values/scoped.js';
import { kazooNames, kazooStem, simpleNames } from './names.js';
import { Queue, type QueueOptions, layoutOf, queueRules } from './queue.js';

const EMPTY = new Uint8Array();
const PERSISTENT = Object.freeze({ own: 'persistent', parents: 'persistent' } as const);

/**
 * Items as they are, one per znode, removed before they are handed out: Curator's SimpleDistributedQueue, or kazoo's
 * Queue with `dialect: 'kazoo'` (spec: recipes, sections 7.4 and 14). At most once: what a consumer has taken is gone if
 * it crashes. For work that must not be lost take a DistributedQueue with a lock path, or a LockingQueue.
 */
export class SimpleDistributedQueue<T> {
  readonly path: string;
  readonly #queue: RawQueue<T>;
  readonly #dialect: Dialect;

  constructor(client: ZkClient, path: string, options: SimpleQueueOptions<T>) {
    requireRecipe('a SimpleDistributedQueue', client, path, options, simpleQueueRules, ['codec']);
    this.path = path;
    this.#dialect = options.dialect ?? 'curator';
    const layout =
      this.#dialect === 'curator'
        ? { ...layoutOf(path, simpleNames), kinds: { own: 'container', parents: 'container' } as const }
        : { ...layoutOf(path, kazooNames), kinds: PERSISTENT };
    this.#queue = new RawQueue(client, path, layout, options);
  }

  /** @param options.priority 0 to 999, smaller first, default 100; in kazoo's dialect only */
  async put(item: T, options: CallOptions & { readonly priority?: number | undefined } = {}): Promise<void> {
    requireCallOptions(options);
    const { priority, ...rest } = options;
    if (this.#dialect === 'kazoo') return this.#queue.putOne(() => kazooStem(priority), item, rest);
    if (priority === undefined) return this.#queue.putOne(() => 'qn-', item, rest);
    throw new RangeError("there are no priorities in Curator's simple queue");
  }

  /** Removes the first item, and waits for one. @throws OperationTimeoutError, CancelledError */
  async take(options: CallOptions = {}): Promise<T> {
    return (await this.#queue.take(options)).item;
  }

  /** Removes the first item; undefined when there is none. */
  async poll(options: CallOptions = {}): Promise<T | undefined> {
    return (await this.#queue.poll(options))?.item;
  }

  /** The first item, which stays; undefined when there is none. */
  peek(options: CallOptions = {}): Promise<T | undefined> {
    return this.#queue.peek(options);
  }

  count(options: CallOptions = {}): Promise<number> {
    return this.#queue.count(options);
  }

  /** Removes watch and receipts of this object, and ends its waiting takes. What is in the queue stays. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export interface SimpleQueueOptions<T> extends QueueOptions {
  readonly codec: Codec<T>;
  /** Default `curator`. */
  readonly dialect?: Dialect | undefined;
}

const simpleQueueRules: OptionRules<SimpleQueueOptions<unknown>> = {
  ...queueRules,
  codec: rules.codec,
  dialect: dialectRule,
};

const lockingQueueRules: OptionRules<Omit<SimpleQueueOptions<unknown>, 'dialect'>> = {
  ...queueRules,
  codec: rules.codec,
};

/**
 * kazoo's LockingQueue: items as they are, with a priority; whoever works on one has an ephemeral node for it, and the
 * item survives its consumer. At least once (spec: recipes, section 14).
 */
export class LockingQueue<T> extends Queue<T> {
  readonly #codec: Codec<T>;

  constructor(client: ZkClient, path: string, options: Omit<SimpleQueueOptions<T>, 'dialect'>) {
    requireRecipe('a LockingQueue', client, path, options, lockingQueueRules, ['codec']);
    const [items, locks, receipts] = ['entries', 'taken', 'receipts'].map((name) => childPath(path, name)) as [
      string,
      string,
      string,
    ];
    super(client, path, { names: kazooNames, items, locks, receipts, kinds: PERSISTENT }, options);
    this.#codec = options.codec;
  }

  /** @param options.priority 0 to 999, smaller first; default 100 */
  put(item: T, options: CallOptions & { readonly priority?: number | undefined } = {}): Promise<void> {
    return this.putAll([item], options);
  }

  /** One znode each, all or none. */
  async putAll(
    items: readonly T[],
    options: CallOptions & { readonly priority?: number | undefined } = {},
  ): Promise<void> {
    requireCallOptions(options);
    const { priority, ...rest } = options;
    return this.scoped(rest, async (scope) => {
      const stem = kazooStem(priority);
      await this.core.putAll(
        items.map((item) => ({ stem, data: this.#codec.encode(item) ?? EMPTY })),
        scope,
      );
    });
  }

  protected override decode(data: Uint8Array): readonly T[] {
    return [this.#codec.decode(data)];
  }
}

class RawQueue<T> extends Queue<T> {
  readonly #codec: Codec<T>;

  constructor(client: ZkClient, path: string, layout: ReturnType<typeof layoutOf>, options: SimpleQueueOptions<T>) {
    super(client, path, layout, options);
    this.#codec = options.codec;
  }

  async putOne(stem: () => string, item: T, options: CallOptions): Promise<void> {
    return this.putNode(stem(), this.#codec.encode(item) ?? EMPTY, options);
  }

  peek(options: CallOptions): Promise<T | undefined> {
    const first = async (scope: CallScope): Promise<T | undefined> => {
      for (const name of await this.core.names(scope)) {
        const found = await this.core.read(name, scope);
        if (found !== undefined) return this.#codec.decode(found.data);
      }
      return undefined;
    };
    return scoped(this.client, this.path, options, first, '30s');
  }

  protected override decode(data: Uint8Array): readonly T[] {
    return [this.#codec.decode(data)];
  }
}
