import {
  type CallOptions,
  type Codec,
  type Duration,
  type ZkClient,
  durationMs,
  type OptionRules,
  rules,
} from '@zk/client-api';
import { childPath, requireRecipe } from '../support/index.js';
import { decodeItems, encodeItems } from './item-codec.js';
import { delayNames, delayStem, fifoNames, idNames, idOf, idStem, priorityNames, priorityStem } from './names.js';
import type { QueueNames } from './names.js';
import { Queue, type QueueOptions, layoutOf, queueRules } from './queue.js';

const EMPTY = new Uint8Array();

/** A queue in Curator's format (spec: recipes, sections 7.1 to 7.3). */
abstract class CuratorQueue<T> extends Queue<T> {
  readonly #codec: Codec<T>;

  constructor(client: ZkClient, path: string, names: QueueNames, options: DistributedQueueOptions<T>) {
    requireRecipe('a queue', client, path, options, distributedQueueRules, ['codec']);
    super(client, path, layoutOf(path, names, options.lockPath), options);
    this.#codec = options.codec;
  }

  protected override decode(data: Uint8Array): readonly T[] {
    return decodeItems(data).map((item) => this.#codec.decode(item));
  }

  protected encode(items: readonly T[]): Uint8Array {
    return encodeItems(items.map((item) => this.#codec.encode(item) ?? EMPTY));
  }
}

export interface DistributedQueueOptions<T> extends QueueOptions {
  /** How an item becomes bytes. */
  readonly codec: Codec<T>;
  /**
   * Where consumers lock items, the same for all of them. With it an item survives its consumer and is handed out at
   * least once; without, at most once, and it is gone if its consumer crashes.
   */
  readonly lockPath?: string | undefined;
}

const distributedQueueRules: OptionRules<DistributedQueueOptions<unknown>> = {
  ...queueRules,
  codec: rules.codec,
  lockPath: rules.name,
};

/** First in, first out: Curator's DistributedQueue. */
export class DistributedQueue<T> extends CuratorQueue<T> {
  constructor(client: ZkClient, path: string, options: DistributedQueueOptions<T>) {
    super(client, path, fifoNames, options);
  }

  /** @throws OperationTimeoutError, CancelledError, OutcomeUnknownError; what the server refuses */
  put(item: T, options: CallOptions = {}): Promise<void> {
    return this.putAll([item], options);
  }

  /** As one znode, which one consumer gets, and which is done when all of its items are. */
  async putAll(items: readonly T[], options: CallOptions = {}): Promise<void> {
    return this.putNode('queue-', this.encode(items), options);
  }
}

/** Smaller numbers first, and in the order of arrival among equals: Curator's DistributedPriorityQueue. */
export class DistributedPriorityQueue<T> extends CuratorQueue<T> {
  constructor(client: ZkClient, path: string, options: DistributedQueueOptions<T>) {
    super(client, path, priorityNames, options);
  }

  /** @param priority a 32-bit integer */
  put(item: T, priority: number, options: CallOptions = {}): Promise<void> {
    return this.putAll([item], priority, options);
  }

  /** As one znode, which one consumer gets. */
  async putAll(items: readonly T[], priority: number, options: CallOptions = {}): Promise<void> {
    return this.putNode(priorityStem(priority), this.encode(items), options);
  }
}

/** When an item may be taken: at a wall-clock time in ms since 1970, or after so much time from now. */
export type Due = { readonly at: number } | { readonly after: Duration };

/**
 * Items that are not taken before their time: Curator's DistributedDelayQueue. The time is compared with the wall clock
 * of the consumer.
 */
export class DistributedDelayQueue<T> extends CuratorQueue<T> {
  constructor(client: ZkClient, path: string, options: DistributedQueueOptions<T>) {
    super(client, path, delayNames, options);
  }

  put(item: T, due: Due, options: CallOptions = {}): Promise<void> {
    return this.putAll([item], due, options);
  }

  /** As one znode, which one consumer gets. */
  async putAll(items: readonly T[], due: Due, options: CallOptions = {}): Promise<void> {
    const epochMs = 'at' in due ? due.at : this.client.runtime.clock.wallMs() + durationMs(due.after);
    return this.putNode(delayStem(epochMs), this.encode(items), options);
  }
}

/** First in, first out, and an item can be removed by the id it was put with: Curator's DistributedIdQueue. */
export class DistributedIdQueue<T> extends CuratorQueue<T> {
  constructor(client: ZkClient, path: string, options: DistributedQueueOptions<T>) {
    super(client, path, idNames, options);
  }

  /** @param id need not be unique; `/` and `|` in it become `_` */
  put(item: T, id: string, options: CallOptions = {}): Promise<void> {
    return this.putAll([item], id, options);
  }

  /** As one znode, which one consumer gets. */
  async putAll(items: readonly T[], id: string, options: CallOptions = {}): Promise<void> {
    return this.putNode(idStem(id), this.encode(items), options);
  }

  /** Removes all items with this id that nobody is working on; how many that were. */
  remove(id: string, options: CallOptions = {}): Promise<number> {
    const wanted = idOf(`${idStem(id)}0`);
    return this.scoped(options, async (scope) => {
      let count = 0;
      for (const name of await this.core.names(scope)) {
        if (idOf(name) !== wanted) continue;
        const taken = await this.core.claim(name, () => undefined, scope);
        if (taken === undefined) continue;
        await taken.claim.complete(scope);
        count++;
      }
      return count;
    });
  }

  /** Paths of the items with this id. */
  find(id: string, options: CallOptions = {}): Promise<string[]> {
    const wanted = idOf(`${idStem(id)}0`);
    return this.scoped(options, async (scope) =>
      (await this.core.names(scope)).filter((name) => idOf(name) === wanted).map((name) => childPath(this.path, name)),
    );
  }
}
