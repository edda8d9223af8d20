import { type CallOptions, type ZkClient, rules, type OptionRules } from '@zk/client-api';
import { isNamed, type CallScope, requireRecipe } from '../support/index.js';
import { DistributedAtomicLong } from '../values/index.js';
import type { AtomicNumberOptions } from '../values/index.js';
import { scoped } from '../values/scoped.js';
import { updatingRules } from '../values/atomic-value.js';

/**
 * Numbers that nobody else gets, in blocks: one request to the server for many of them (Curator's CachedAtomicLong, whose
 * znode it can share: eight bytes, the first number that is still free).
 *
 * Unique for as long as the znode exists, and growing within one object; not without gaps: what is left of a block when
 * the process ends is never used. Suspended or lost: numbers of the present block are handed out nevertheless; then a
 * call waits for a connection, up to its `timeout`. When nobody can tell whether a block was taken, another one is.
 */
export class UniqueIds implements AsyncDisposable {
  readonly path: string;
  readonly blockSize: bigint;
  readonly #client: ZkClient;
  readonly #counter: DistributedAtomicLong;
  #next = 0n;
  #end = 0n;
  #fetching: Promise<void> | undefined;

  constructor(client: ZkClient, path: string, options: UniqueIdsOptions = {}) {
    const { blockSize = 1_000, ...rest } = requireRecipe('UniqueIds', client, path, options, uniqueIdsRules);
    this.#client = client;
    this.#counter = new DistributedAtomicLong(client, path, rest);
    this.path = this.#counter.path;
    this.blockSize = BigInt(blockSize);
  }

  /**
   * @throws OperationTimeoutError, CancelledError; nothing is lost by that but numbers
   * @throws RangeError when the 2^63 numbers are used up, or the znode holds a negative one
   */
  async next(options: CallOptions = {}): Promise<bigint> {
    while (this.#next >= this.#end) await this.#fetch(options);
    return this.#next++;
  }

  /** Removes what is on the server for the sake of certainty only; the znode stays. Idempotent. */
  close(): Promise<void> {
    return this.#counter.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls made meanwhile share one block, and wait for it no longer than each wants to. */
  async #fetch(options: CallOptions): Promise<void> {
    await scoped(this.#client, this.path, options, (scope) => this.#fetched(scope), '30s');
  }

  async #fetched({ signal }: CallScope): Promise<void> {
    for (;;) {
      this.#fetching ??= this.#take().finally(() => (this.#fetching = undefined));
      const fetching = this.#fetching;
      fetching.catch(() => undefined);
      const { promise, reject } = aborting(signal);
      try {
        return await Promise.race([fetching, promise]).finally(reject);
      } catch (error) {
        // It has a time of its own. Guard of "wait for a connection as long as each call wants" in
        // partition-faults.spec.ts.
        if (signal.aborted || !isNamed(error, 'OPERATIONTIMEOUT')) throw error;
      }
    }
  }

  async #take(): Promise<void> {
    for (;;) {
      try {
        const { preValue, postValue } = await this.#counter.add(this.blockSize);
        if (preValue < 0n || postValue < preValue) throw new RangeError(`there are no numbers left in ${this.path}`);
        [this.#next, this.#end] = [preValue, postValue];
        return;
      } catch (error) {
        if (!isNamed(error, 'OutcomeUnknownError')) throw error;
      }
    }
  }
}

/** A promise that rejects with the reason of the signal; `reject` lets go of the signal. */
function aborting(signal: AbortSignal): { promise: Promise<never>; reject: () => void } {
  let onAbort: () => void = () => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  promise.catch(() => undefined);
  return { promise, reject: () => signal.removeEventListener('abort', onAbort) };
}

export interface UniqueIdsOptions extends Omit<AtomicNumberOptions<bigint>, 'format'> {
  /** Numbers taken at a time; default 1,000. */
  readonly blockSize?: number | undefined;
}

const uniqueIdsRules: OptionRules<UniqueIdsOptions> = { ...updatingRules, blockSize: rules.integer(1) };
