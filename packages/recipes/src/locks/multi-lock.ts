import { type ZkClient, type OptionRules, requireOptions, rules } from '@zk/client-api';
import {
  AcquireTimeoutError,
  CallScope,
  type Hold,
  requireClient,
  requireFunction,
  requireCallOptions,
} from '../support/index.js';
import { Combined } from './combined.js';
import { Mutex } from './mutex.js';
import { type AcquireOptions, type LockOptions, type Lockable, lockRules } from './options.js';
import { endOf, isNoTime, outOfTime } from './queue.js';

export interface MultiLockOptions extends LockOptions {
  /**
   * `sorted` (default): acquires by path, so that two who use the same paths in different orders do not wait for each
   * other. `given`: as listed, as Curator does; then everybody must list them alike.
   */
  readonly order?: 'sorted' | 'given' | undefined;
}

const multiLockRules: OptionRules<MultiLockOptions> = { ...lockRules, order: rules.oneOf('sorted', 'given') };

/** All the locks of a MultiLock, held. */
export class MultiHold extends Combined<Hold> {}

/**
 * Several locks as one: all of them or none. Acquired one after the other within one limit of time for all, released in
 * reverse. No node of its own: a Curator InterProcessMultiLock over the same paths shares the locks.
 *
 * Suspended, lost, cancelled: as the locks it is made of; what was acquired before it failed is released.
 */
export class MultiLock implements Lockable<MultiHold> {
  /** The paths in the order in which they are acquired, joined by a comma. */
  readonly path: string;
  readonly #client: ZkClient;
  readonly #locks: readonly Lockable<Hold>[];

  /** @param locks paths of mutexes, or locks of any kind that share the client */
  constructor(client: ZkClient, locks: readonly (string | Lockable<Hold>)[], options: MultiLockOptions = {}) {
    requireClient('a MultiLock', client);
    if (!Array.isArray(locks) || locks.length === 0) throw new RangeError('a lock of no locks locks nothing');
    if (!locks.every(isPathOrLock)) throw new TypeError('a MultiLock is made of paths, or of locks that have one');
    const { order = 'sorted', ...lockOptions } = requireOptions('a MultiLock', options, multiLockRules);
    this.#client = client;
    const all = locks.map((lock) => (typeof lock === 'string' ? new Mutex(client, lock, lockOptions) : lock));
    this.#locks = order === 'given' ? all : all.sort((a, b) => (a.path < b.path ? -1 : 1));
    this.path = this.#locks.map((lock) => lock.path).join(',');
  }

  async acquire(options: AcquireOptions = {}): Promise<MultiHold> {
    requireCallOptions(options);
    if (isNoTime(options.timeout)) return (await this.tryAcquire(options)) ?? outOfTime(this.path);
    return (await this.#acquireAll(options, (lock, left) => lock.acquire(left)))!;
  }

  async tryAcquire(options: AcquireOptions = {}): Promise<MultiHold | null> {
    requireCallOptions(options);
    const { timeout = 0 } = options;
    if (isNoTime(timeout)) {
      return this.#acquireAll(options, (lock) => lock.tryAcquire({ ...options, timeout: 0 }), Infinity);
    }
    try {
      return await this.acquire(options);
    } catch (error) {
      if (error instanceof AcquireTimeoutError) return null;
      throw error;
    }
  }

  /** Acquires all, calls, and releases. */
  async run<T>(task: (hold: MultiHold) => T | Promise<T>, options: AcquireOptions = {}): Promise<T> {
    requireFunction('the task of a lock', task);
    await using hold = await this.acquire(options);
    return await task(hold);
  }

  async #acquireAll(
    options: AcquireOptions,
    acquire: (lock: Lockable<Hold>, left: AcquireOptions) => Promise<Hold | null>,
    timeout = options.timeout ?? Infinity,
  ): Promise<MultiHold | null> {
    using scope = new CallScope(this.#client.runtime, { ...options, timeout });
    const holds: Hold[] = [];
    try {
      for (const lock of this.#locks) {
        // One limit for all of them: what one used up, the next does not have.
        const hold = await acquire(lock, { ...options, timeout: scope.remainingMs });
        if (hold === null) return null;
        holds.push(hold);
      }
      for (const hold of holds) hold.assertHeld();
      return new MultiHold(holds.splice(0));
    } catch (error) {
      if (error instanceof AcquireTimeoutError) throw new AcquireTimeoutError(this.path, scope.timeoutMs);
      throw endOf(scope, this.path, error);
    } finally {
      // What is not part of a result. Nobody waits for it: the caller's time may be over.
      for (const hold of holds.reverse()) hold.release().catch(() => undefined);
    }
  }
}

function isPathOrLock(lock: unknown): boolean {
  return typeof lock === 'string' || (rules.methods('a lock', 'acquire').isMet(lock) && 'path' in (lock as object));
}
