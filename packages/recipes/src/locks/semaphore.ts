import { type CallOptions, type NodeChildren, type Watched, type ZkClient, isConnected } from '@zk/client-api';
import { filter, skip } from 'rxjs';
import {
  AcquireTimeoutError,
  CallScope,
  Hold,
  LinkedSignal,
  OwnNode,
  exponentialBackoff,
  firstOf,
  identityBytes,
  isTransient,
  rankNames,
  sleep,
  uniquePrefix,
  withRetry,
  requireRecipe,
  requireFunction,
  requireCallOptions,
} from '../support/index.js';
import { Combined } from './combined.js';
import { type LeaseLayout, curatorLeases, kazooLeases } from './lease-layout.js';
import { LeaseLimit, type MaxLeases } from './lease-limit.js';
import { type AcquireOptions, type LockOptions, type Lockable, lockRules } from './options.js';
import { type Participant, childrenOf, participantsOf } from './participants.js';
import { endOf, enter, isNoTime, isTaken, outOfTime } from './queue.js';

/** One lease of a semaphore, held. Tokens of leases do not order the holders of different leases. */
export class Lease extends Hold {}

/** Several leases, taken together. Lost as a whole as soon as one is. */
export class Leases extends Combined<Lease> {}

/** Options of one acquire. There is no owner: a semaphore is not reentrant. */
export type LeaseOptions = Omit<AcquireOptions, 'owner'>;

/**
 * Up to so many holders at a time: Curator's InterProcessSemaphoreV2, or kazoo's Semaphore, which lie at different nodes
 * (spec: recipes, sections 3.4 and 13.2).
 *
 * Whoever acquires queues for an inner lock; only who has that looks at the leases and waits for room, so that one
 * waiter wakes per lease that comes free. A request for many leases holds up all behind it.
 *
 * Suspended: leases are kept until the session's deadline (`loss: 'connection'`: given up at once), a waiter keeps its
 * place. Lost: the signals of all leases have aborted by then; a waiter begins anew. Cancelled or out of time: the acquire
 * rejects at once, leases taken so far are given back, all nodes are removed in the background.
 */
export class Semaphore implements Lockable<Lease> {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #options: LockOptions;
  readonly #limit: LeaseLimit;
  readonly #layout: LeaseLayout;

  /**
   * @param maxLeases how many; or the path of a node that says so, a SharedCount of Curator (4 bytes), which may change
   *   at any time: then more than it says may be held for a while, and none are granted before there are fewer.
   *   kazoo writes the number into the node of the semaphore, and there everybody must use the same.
   */
  constructor(client: ZkClient, path: string, maxLeases: MaxLeases, options: LockOptions = {}) {
    this.#options = requireRecipe('a Semaphore', client, path, options, lockRules);
    this.path = path;
    this.#client = client;
    this.#limit = new LeaseLimit(client, maxLeases);
    this.#layout = options.dialect === 'kazoo' ? kazooLeases(client, path, maxLeases) : curatorLeases(path);
  }

  async acquire(options: LeaseOptions = {}): Promise<Lease> {
    return (await this.acquireMany(1, options)).holds[0]!;
  }

  async tryAcquire(options: LeaseOptions = {}): Promise<Lease | null> {
    return (await this.tryAcquireMany(1, options))?.holds[0] ?? null;
  }

  /**
   * Several at once, or none.
   * @throws RangeError when there are never that many; AcquireTimeoutError; AcquireCancelledError
   */
  async acquireMany(count: number, options: LeaseOptions = {}): Promise<Leases> {
    requireCallOptions(options);
    if (isNoTime(options.timeout)) return (await this.tryAcquireMany(count, options)) ?? outOfTime(this.path);
    using scope = new CallScope(this.#client.runtime, options);
    return (await this.#take(count, options, scope, false))!;
  }

  /** As acquireMany, but null when there is no room: at once, or after the `timeout` if one is given. */
  async tryAcquireMany(count: number, options: LeaseOptions = {}): Promise<Leases | null> {
    requireCallOptions(options);
    const { timeout = 0, ...rest } = options;
    const once = isNoTime(timeout);
    using scope = new CallScope(this.#client.runtime, once ? rest : options);
    try {
      return await this.#take(count, options, scope, once);
    } catch (error) {
      if (error instanceof AcquireTimeoutError) return null;
      throw error;
    }
  }

  /** Acquires one lease, calls, and releases. */
  async run<T>(task: (lease: Lease) => T | Promise<T>, options: LeaseOptions = {}): Promise<T> {
    requireFunction('the task of a semaphore', task);
    await using lease = await this.acquire(options);
    return await task(lease);
  }

  /** Whoever holds a lease, or is next and about to; without those who wait for the inner lock. */
  async participants(options: CallOptions = {}): Promise<Participant[]> {
    const { leasesPath } = this.#layout;
    const names = await childrenOf(this.#client, leasesPath, options);
    const ranked = rankNames(names, ['lease-']);
    const max = await this.#limit.read(options.signal);
    return participantsOf(this.#client, leasesPath, ranked, (index) => index < max, options);
  }

  async #take(count: number, options: LeaseOptions, scope: CallScope, once: boolean): Promise<Leases | null> {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`one lease or more, not ${count}`);
    try {
      await this.#layout.prepare(scope.signal);
      if (this.#limit.fixed !== undefined && count > this.#limit.fixed)
        throw new RangeError(`${count} leases of ${this.#limit.fixed} would never be granted`);
      // Looks before it creates anything (kazoo#732).
      if (once && !(await this.#hasRoom(count, scope))) return null;
      const taken = await this.#takeAll(count, options, scope, once);
      if (taken === undefined) return null;
      const { loss } = this.#options;
      return new Leases(taken.map((node) => new Lease(this.#client, node, { loss })));
    } catch (error) {
      throw endOf(scope, this.path, error);
    }
  }

  async #hasRoom(count: number, scope: CallScope): Promise<boolean> {
    if (await isTaken(this.#client, this.#layout.queue, scope)) return false;
    const { length } = await childrenOf(this.#client, this.#layout.leasesPath, { signal: scope.signal });
    return length + count <= (await this.#limit.read(scope.signal));
  }

  /** Each attempt begins with nothing: with a session go the leases that were taken before. */
  async #takeAll(
    count: number,
    options: LeaseOptions,
    scope: CallScope,
    once: boolean,
  ): Promise<readonly OwnNode[] | undefined> {
    const backoff = exponentialBackoff();
    const { runtime } = this.#client;
    for (let attempt = 1; ; attempt++) {
      let inner: OwnNode | undefined;
      const taken: OwnNode[] = [];
      let isGranted = false;
      try {
        inner = await enter(this.#client, this.#layout.queue, scope, {
          data: () => this.#data(options),
          acl: this.#options.acl,
          once,
        });
        isGranted = inner !== undefined && (await this.#fill(taken, count, inner, options, scope, once));
        return isGranted ? taken : undefined;
      } catch (error) {
        const isRepeatable = isTransient(error) || inner?.signal.aborted === true || error === leaseLost;
        if (scope.signal.aborted || once || !isRepeatable) throw error;
        await sleep(runtime, backoff(attempt, 0, runtime.random) ?? 0, scope.signal);
      } finally {
        // Those that are not part of a result: guard of "by a semaphore that gets some leases" in lock-faults.spec.ts.
        if (!isGranted) for (const node of taken) void node.remove();
        void inner?.remove();
      }
    }
  }

  /**
   * The inner lock is kept until there are enough: of two that want several, each with some of them, neither would ever
   * get the rest. Guard of "do not wait for each other's" in suite/semaphores.ts. False when `once` is set and there is
   * no room.
   */
  async #fill(
    taken: OwnNode[],
    count: number,
    inner: OwnNode,
    options: LeaseOptions,
    scope: CallScope,
    once: boolean,
  ): Promise<boolean> {
    while (taken.length < count) {
      const node = await this.#lease(inner, options, scope, once);
      if (node === undefined) return false;
      taken.push(node);
    }
    if (!taken.every((node) => node.isOurs())) throw leaseLost;
    return true;
  }

  /** With the inner lock: waits for room. */
  async #lease(inner: OwnNode, options: LeaseOptions, scope: CallScope, once: boolean): Promise<OwnNode | undefined> {
    using either = new LinkedSignal(inner.signal, scope.signal);
    let own: OwnNode | undefined;
    let isGranted = false;
    try {
      for (;;) {
        if (this.#layout.isCreatedFirst) own ??= await this.#createLease(options, either.signal);
        using seen = await this.#look(either.signal, own);
        const others = seen.children.filter((name) => name !== own?.name).length;
        if (own !== undefined && others === seen.children.length) throw leaseLost;
        if (others < seen.max) {
          // Created, it is looked at again: whoever has lost the inner lock meanwhile is not alone in here.
          if (own !== undefined) {
            if (!inner.isOurs() || !own.isOurs()) throw leaseLost;
            isGranted = true;
            return own;
          }
          own = await this.#createLease(options, either.signal);
          continue;
        }
        if (once) return undefined;
        if (own !== undefined && !this.#layout.isCreatedFirst) {
          await own.remove();
          own = undefined;
        }
        await seen.changed;
        if (either.signal.aborted) throw either.signal.reason;
      }
    } finally {
      if (!isGranted) void own?.remove();
    }
  }

  async #createLease(options: LeaseOptions, signal: AbortSignal): Promise<OwnNode> {
    const own = await OwnNode.create(this.#client, this.#layout.leasesPath, {
      ...this.#layout.lease,
      prefix: uniquePrefix(this.#layout.queue.dialect, this.#client.runtime.random),
      data: this.#data(options),
      acl: this.#options.acl,
      signal,
    });
    try {
      await own.watch(signal);
      return own;
    } catch (error) {
      void own.remove();
      throw error;
    }
  }

  #data(options: LeaseOptions): Uint8Array {
    return identityBytes(this.#client.runtime, this.#options.identity, options.purpose);
  }

  /** The leases and the limit, and a promise of when to look again. */
  async #look(signal: AbortSignal, own: OwnNode | undefined): Promise<Look> {
    const reconnects = this.#client.state$.pipe(skip(1), filter(isConnected));
    const { leasesPath } = this.#layout;
    const { runtime } = this.#client;
    const leases = await withRetry(runtime, () => this.#client.getChildrenAndWatch(leasesPath, { signal }), { signal });
    const limit = await withRetry(runtime, () => this.#limit.watch(signal), { signal }).catch((error: unknown) => {
      leases.cancel();
      throw error;
    });
    const changed = firstOf({
      signals: [signal, own?.signal],
      promises: limit.changed === undefined ? [leases.fired] : [leases.fired, limit.changed],
      observables: [reconnects],
    });
    return lookOf(leases, limit.max, changed, () => limit.cancel());
  }
}

/**
 * One holder at a time, not reentrant, released by anybody who has the hold: Curator's InterProcessSemaphoreMutex, a
 * semaphore of one lease (spec: recipes, section 3.4). Suspended, lost, cancelled: as Semaphore.
 */
export class SemaphoreMutex extends Semaphore {
  constructor(client: ZkClient, path: string, options: LockOptions = {}) {
    super(client, path, 1, options);
  }
}

/** The lease node vanished, or the lock that guards the leases: from the start. */
const leaseLost = new Error('the lease was lost while waiting');

interface Look extends Disposable {
  readonly children: readonly string[];
  readonly max: number;
  readonly changed: Promise<void>;
}

function lookOf(leases: Watched<NodeChildren>, max: number, changed: Promise<void>, cancel: () => void): Look {
  return {
    children: leases.value.children,
    max,
    changed,
    [Symbol.dispose]: () => {
      leases.cancel();
      cancel();
    },
  };
}
