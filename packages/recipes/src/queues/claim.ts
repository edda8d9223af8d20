import { type MultiError, type ZkClient, op } from '@zk/client-api';
import { LinkedSignal, LockLostError, childPath, firstOf, isNamed, isTransient, withRetry } from '../support/index.js';
import type { ReceiptWriter } from '../values/receipts.js';
import type { Patience } from '../values/scoped.js';
import { type ItemLock, unlock } from './item-lock.js';
import type { QueueLayout } from './listing.js';

/** An item that is ours: locked, or removed from the queue already. */
export interface Claim {
  readonly name: string;
  readonly data: Uint8Array;
  /** Aborts when the item is not ours any more: with the session, or when it was settled. */
  readonly signal: AbortSignal;
  /** It is done: nobody gets it again. */
  complete(scope: Patience): Promise<void>;
  /** Puts it at the end of its like. */
  requeue(scope: Patience): Promise<void>;
  /** Somebody else may have it, at its old place where that is possible. */
  release(scope: Patience): Promise<void>;
}

export interface ClaimContext {
  readonly client: ZkClient;
  readonly layout: QueueLayout;
  readonly writer: ReceiptWriter;
  /** Puts bytes under a stem. */
  put(stem: string, data: Uint8Array, scope: Patience): Promise<void>;
}

/** An item that has been removed from the queue. */
export class RemovedClaim implements Claim {
  readonly #settled = new AbortController();

  constructor(
    private readonly context: ClaimContext,
    readonly name: string,
    readonly data: Uint8Array,
  ) {}

  get signal(): AbortSignal {
    return this.#settled.signal;
  }

  complete(): Promise<void> {
    this.#settled.abort(new LockLostError(this.name, 'released'));
    return Promise.resolve();
  }

  async requeue(scope: Patience): Promise<void> {
    await this.context.put(this.context.layout.names.stem(this.name), this.data, scope);
    await this.complete();
  }

  release(scope: Patience): Promise<void> {
    return this.requeue(scope);
  }
}

/**
 * An item that stays in the queue until it is done, under a lock that goes with our session. If that ends, somebody else
 * gets the item: at least once.
 */
export class LockedClaim implements Claim {
  readonly #linked: LinkedSignal;
  readonly #context: ClaimContext;
  readonly #lock: ItemLock;
  readonly #itemPath: string;

  constructor(
    context: ClaimContext,
    lock: ItemLock,
    readonly name: string,
    readonly data: Uint8Array,
  ) {
    this.#context = context;
    this.#lock = lock;
    this.#itemPath = childPath(context.layout.items, name);
    this.#linked = new LinkedSignal(lock.signal);
  }

  get signal(): AbortSignal {
    return this.#linked.signal;
  }

  async complete(scope: Patience): Promise<void> {
    const { client } = this.#context;
    await this.#settle(scope, (signal) =>
      withRetry(
        client.runtime,
        () => client.multi([op.delete(this.#itemPath), op.delete(this.#lock.path)], { signal }),
        {
          signal,
          shouldRetry: (error) => isTransient(error) && !signal.aborted,
        },
      ),
    );
  }

  async requeue(scope: Patience): Promise<void> {
    const { layout, writer } = this.#context;
    const stem = childPath(layout.items, layout.names.stem(this.name));
    await this.#settle(scope, (signal) =>
      writer.write(
        [
          op.delete(this.#itemPath),
          op.create(stem, this.data, { mode: 'persistentSequential' }),
          op.delete(this.#lock.path),
        ],
        { signal },
      ),
    );
  }

  async release(scope: Patience): Promise<void> {
    this.#linked.abort(new LockLostError(this.#lock.path, 'released'));
    // It goes on in the background when the scope ends before.
    await firstOf({ signals: [scope.signal], promises: [unlock(this.#context.client, this.#lock)] });
  }

  /** While the session lives, and not in another one: the requests are not even sent there. */
  async #settle(scope: Patience, write: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    if (this.signal.aborted) throw this.signal.reason;
    // Guard of "a completion that waited for a connection is not sent in another session" in queue-faults.spec.ts.
    using either = new LinkedSignal(scope.signal, this.#lock.signal);
    try {
      await write(either.signal);
      this.#linked.abort(new LockLostError(this.#lock.path, 'released'));
    } catch (error) {
      // Guard of "an item is not completed by a consumer that lost it" in test/suite/queues.ts.
      if (this.#lock.signal.aborted) throw new LockLostError(this.#lock.path, 'sessionLost');
      if (!isNamed(error, 'NONODE')) throw error;
      // The item: completed by the attempt whose reply was lost, or removed by hand. The lock: removed by hand.
      const isLockMissing = isMultiError(error) ? error.failedIndex > 0 : pathOf(error) === this.#lock.path;
      await this.release(scope);
      if (isLockMissing) throw new LockLostError(this.#lock.path, 'nodeDeleted');
    }
  }
}

function isMultiError(error: unknown): error is MultiError {
  return error instanceof Error && 'failedIndex' in error && typeof error.failedIndex === 'number';
}

function pathOf(error: unknown): unknown {
  return error instanceof Error && 'path' in error ? error.path : undefined;
}
