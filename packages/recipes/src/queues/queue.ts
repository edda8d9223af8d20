import { type CallOptions, type ZkClient, type OptionRules, requireOptions, rules } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { type CallScope, requirePath, requireFunction } from '../support/index.js';
import { receiptsBeside } from '../values/receipts.js';
import { scoped } from '../values/scoped.js';
import { type ConsumeOptions, QueueConsumer, consumeRules } from './consumer.js';
import type { QueueLayout } from './listing.js';
import type { QueueNames } from './names.js';
import { QueueCore, type Taken } from './queue-core.js';
import { type ItemHandler, TakenItems } from './taken-items.js';

/**
 * A queue as its consumers see it. What a znode holds, and in which order they come, is up to the subclass.
 *
 * Suspended: puts and takes wait for a connection. Lost: waiting takes go on in the next session; an item that is locked
 * by a consumer is given up, its `signal` aborts, and it is handed out again when the server has ended the session.
 * Cancelled, out of time: the call rejects; a take leaves no lock behind. One whose removal is under way waits for the
 * answer as long as there is a connection, and hands out what it has removed. Lost replies: an item is put once; a take
 * that removes items hands out what it removed; what cannot be found out because the session or the patience went too is
 * reported (OutcomeUnknownError, TakeUnknownError with the item in it).
 */
export abstract class Queue<T> implements AsyncDisposable {
  readonly path: string;
  /** @internal */
  readonly core: QueueCore;
  protected readonly client: ZkClient;
  readonly #maxItems: number | undefined;

  constructor(client: ZkClient, path: string, layout: QueueLayout, options: QueueOptions) {
    this.client = client;
    this.path = path;
    this.#maxItems = options.maxItems;
    this.core = new QueueCore(client, layout, options);
  }

  protected abstract decode(data: Uint8Array): readonly T[];

  /**
   * Takes what is first, and waits for it. It is yours until you complete it, put it back, or lose it.
   * @throws OperationTimeoutError, CancelledError
   * @throws UnreadableItemError for an item that cannot be decoded: it stays, and the next call gets the next one
   */
  take(options: CallOptions = {}): Promise<TakenItems<T>> {
    return scoped(this.client, this.path, options, async (scope) =>
      this.taken(await this.core.take(this.reader, scope)),
    );
  }

  /** As {@link take}, but undefined when there is nothing that can be had now. */
  poll(options: CallOptions = {}): Promise<TakenItems<T> | undefined> {
    return this.scoped(options, async (scope) => {
      const taken = await this.core.poll(this.reader, scope);
      return taken === undefined ? undefined : this.taken(taken);
    });
  }

  /**
   * Calls the handler for one item after the other, until it is stopped. An item whose handler has returned is done; one
   * whose handler failed is put at the end, or as the options say.
   */
  consume(handler: ItemHandler<T>, options: ConsumeOptions = {}): QueueConsumer<T> {
    requireFunction('the handler of a consumer', handler);
    requireOptions('a consumer', options, consumeRules);
    return new QueueConsumer(this, handler, options);
  }

  /** How many znodes hold items now; those that somebody works on are counted where there are locks. */
  count(options: CallOptions = {}): Promise<number> {
    return this.scoped(options, async (scope) => (await this.core.names(scope)).length);
  }

  /** Removes the watch and the receipts of this object, and ends its waiting takes. What is in the queue stays. */
  close(): Promise<void> {
    return this.core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected async putNode(stem: string, data: Uint8Array, options: CallOptions): Promise<void> {
    await this.scoped(options, async (scope) => {
      if (this.#maxItems !== undefined) await this.core.waitForRoom(this.#maxItems, scope);
      await this.core.put(stem, data, scope);
    });
  }

  protected scoped<R>(options: CallOptions, body: (scope: CallScope) => Promise<R>): Promise<R> {
    // A put into a full queue waits as long as it takes, like a take from an empty one.
    const timeout = this.#maxItems === undefined ? '30s' : Infinity;
    return scoped(this.client, this.path, options, body, timeout);
  }

  protected readonly reader = (data: Uint8Array): readonly T[] => this.decode(data);

  protected taken({ value, claim }: Taken<readonly T[]>): TakenItems<T> {
    return new TakenItems(this.client, value, claim);
  }
}

export interface QueueOptions {
  /**
   * Whether each put, and each take that removes, leaves a receipt, so that a lost reply is never a question; or the path
   * below which. Default true: beside the queue.
   */
  readonly receipts?: boolean | string | undefined;
  readonly acl?: readonly Acl[] | undefined;
  /** A put waits while there are so many items. Advisory: several producers may pass it together. Default: no limit. */
  readonly maxItems?: number | undefined;
  /**
   * Where a later item may have to be taken first, the list is read again when it has changed; after this many items at
   * the soonest. 0, the default, is exact, and reads the whole list for every item.
   */
  readonly minItemsBeforeRefresh?: number | undefined;
}

export const queueRules: OptionRules<QueueOptions> = {
  receipts: rules.either(rules.flag, rules.name),
  acl: rules.acl,
  maxItems: rules.limit(1),
  minItemsBeforeRefresh: rules.limit(0),
};

/** As Curator has it: directories that stay, below containers. */
export function layoutOf(path: string, names: QueueNames, lockPath?: string): QueueLayout {
  requirePath(path);
  const locks = lockPath === undefined ? undefined : requirePath(lockPath);
  if (locks === path) throw new RangeError('the locks of a queue need a path of their own');
  const kinds = { own: 'persistent', parents: 'container' } as const;
  return { names, items: path, locks, receipts: receiptsBeside(path), kinds };
}
