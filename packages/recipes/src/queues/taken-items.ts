import type { CallOptions, ZkClient } from '@zk/client-api';
import type { CallScope } from '../support/index.js';
import { scoped } from '../values/scoped.js';
import type { Claim } from './claim.js';

/** What a handler of items is called with, besides the item. */
export interface ItemContext {
  /** Aborts when the item is not this consumer's any more. */
  readonly signal: AbortSignal;
  /** Name of the znode. */
  readonly name: string;
}

export type ItemHandler<T> = (item: T, context: ItemContext) => void | Promise<void>;

/**
 * Items of one znode, in the hands of a consumer. Leaving its scope without having completed it puts it back, so
 * `await using taken = await queue.take()` loses nothing when what follows throws.
 */
export class TakenItems<T> implements AsyncDisposable {
  readonly #client: ZkClient;
  readonly #claim: Claim;
  #isSettled = false;

  constructor(
    client: ZkClient,
    /** One, unless the producer put several together. */
    readonly items: readonly T[],
    claim: Claim,
  ) {
    this.#client = client;
    this.#claim = claim;
  }

  /** The first item. @throws Error when the znode holds none */
  get item(): T {
    if (this.items.length === 0) throw new Error(`${this.name} holds no item`);
    return this.items[0]!;
  }

  get name(): string {
    return this.#claim.name;
  }

  /** Aborts when the items are not ours any more: the session is over, or they were settled. */
  get signal(): AbortSignal {
    return this.#claim.signal;
  }

  /**
   * Done: nobody gets them again.
   * @throws LockLostError when they were lost before: somebody else gets them
   */
  complete(options: CallOptions = {}): Promise<void> {
    return this.#settle(options, (scope) => this.#claim.complete(scope));
  }

  /** Puts them at the end of their like: of their priority, their time, their id. */
  requeue(options: CallOptions = {}): Promise<void> {
    return this.#settle(options, (scope) => this.#claim.requeue(scope));
  }

  /** Lets somebody else have them at their old place; without locks there is none, and it is {@link requeue}. */
  release(options: CallOptions = {}): Promise<void> {
    return this.#settle(options, (scope) => this.#claim.release(scope));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isSettled && !this.signal.aborted) await this.release();
  }

  async #settle(options: CallOptions, action: (scope: CallScope) => Promise<void>): Promise<void> {
    await scoped(this.#client, this.name, options, action, '30s');
    this.#isSettled = true;
  }
}
