import type { CallOptions, ZkClient } from '@zk/client-api';
import {
  AcquireTimeoutError,
  CallScope,
  identityBytes,
  isNamed,
  rankNames,
  requirePath,
  requireFunction,
  requireRecipe,
  requireCallOptions,
} from '../support/index.js';
import { type Entered, type HoldMaker, LockHold, OwnerTable, candidateOf } from './lock-hold.js';
import { type AcquireOptions, type LockOptions, type Lockable, lockRules } from './options.js';
import { type Participant, childrenOf, participantsOf } from './participants.js';
import { type QueueRules, endOf, enter, isNoTime, isTaken, nearest, outOfTime } from './queue.js';
import { type Candidate, requestRevocation } from './revocation.js';

/** A lock whose contenders stand in one queue. What its holds are is up to the subclass. */
export abstract class QueueLock<H extends LockHold> implements Lockable<H> {
  readonly path: string;
  /** @internal */
  readonly owners: OwnerTable;
  protected readonly client: ZkClient;
  protected readonly options: LockOptions;
  protected readonly rules: QueueRules;

  constructor(client: ZkClient, rules: QueueRules, options: LockOptions) {
    this.client = client;
    this.path = requirePath(rules.parent);
    this.options = options;
    this.rules = rules;
    this.owners = new OwnerTable(client, options.loss);
  }

  async acquire(options: AcquireOptions = {}): Promise<H> {
    requireCallOptions(options);
    if (isNoTime(options.timeout)) return (await this.tryAcquire(options)) ?? outOfTime(this.path);
    using scope = new CallScope(this.client.runtime, options);
    // Without `once` there is a hold or an error.
    return (await this.#acquire(options, scope, false))!;
  }

  async tryAcquire(options: AcquireOptions = {}): Promise<H | null> {
    requireCallOptions(options);
    const { timeout = 0, ...rest } = options;
    if (isNoTime(timeout)) {
      using scope = new CallScope(this.client.runtime, rest);
      return await this.#acquire(options, scope, true);
    }
    try {
      return await this.acquire(options);
    } catch (error) {
      if (error instanceof AcquireTimeoutError) return null;
      throw error;
    }
  }

  /** Acquires, calls, and releases, whatever happens. The call gets the hold: pass its `signal` on. */
  async run<T>(task: (hold: H) => T | Promise<T>, options: AcquireOptions = {}): Promise<T> {
    requireFunction('the task of a lock', task);
    await using hold = await this.acquire(options);
    return await task(hold);
  }

  /** Everybody in the queue, in order: who holds, then who waits. */
  async participants(options: CallOptions = {}): Promise<Participant[]> {
    const children = await childrenOf(this.client, this.path, options);
    const ranked = rankNames(children, this.rules.markers, this.rules.dialect);
    return participantsOf(this.client, this.path, ranked, (index, all) => this.isHolderAt(index, all), options);
  }

  /**
   * Asks a participant to give up, by default the first holder. Cooperative: see {@link LockHold.revocation}. False when
   * there was nobody to ask.
   */
  async revoke(who?: Pick<Participant, 'path'>, options: CallOptions = {}): Promise<boolean> {
    const path = who?.path ?? (await this.participants(options)).find((participant) => participant.isHolder)?.path;
    return path === undefined ? false : requestRevocation(this.client, path, options);
  }

  protected isHolderAt(index: number, all: Parameters<QueueRules['blocker']>[0]): boolean {
    return this.rules.blocker(all.slice(0, index)) === undefined;
  }

  protected abstract makeHold: HoldMaker<H>;

  /** What the acquire of a new hold does; a lock that knows a short cut overrides it. */
  protected async enter(options: AcquireOptions, scope: CallScope, once: boolean): Promise<Entered | undefined> {
    // Guard of "by a try where the lock is taken" in lock-faults.spec.ts (kazoo#732).
    if (once && (await isTaken(this.client, this.rules, scope))) return undefined;
    let candidate: Candidate | undefined;
    const node = await enter(this.client, this.rules, scope, {
      data: () => identityBytes(this.client.runtime, this.options.identity, options.purpose),
      acl: this.options.acl,
      parents: this.options.parents,
      onNode: (made) => (candidate = candidateOf(made)),
      once,
    });
    return node === undefined ? undefined : { candidate: candidate!, token: undefined };
  }

  async #acquire(options: AcquireOptions, scope: CallScope, once: boolean): Promise<H | null> {
    try {
      return await this.owners.acquire(
        options.owner,
        scope.signal,
        () => this.enter(options, scope, once),
        this.makeHold,
      );
    } catch (error) {
      if (isNamed(error, 'AcquireTimeoutError', 'LockLostError')) throw error;
      throw endOf(scope, this.path, error);
    }
  }
}

/**
 * A lock that one holder has at a time, in the order of arrival: Curator's InterProcessMutex, or kazoo's Lock, with
 * which it shares a queue (spec: recipes, sections 3.1 and 13.1).
 *
 * Suspended: a holder keeps the lock until the session's deadline (`loss: 'connection'` gives it up at once); a waiter
 * keeps its place. Lost: the hold's signal has aborted by then; a waiter takes a new place at the end. Cancelled or out
 * of time: the acquire rejects at once, and its node is removed in the background, however long that takes. A hold is
 * not affected by the signal of its acquire.
 */
export class Mutex extends QueueLock<LockHold> {
  constructor(client: ZkClient, path: string, options: LockOptions = {}) {
    super(client, mutexRules(path, requireRecipe('a Mutex', client, path, options, lockRules)), options);
  }

  protected override makeHold: HoldMaker<LockHold> = (client, candidate, options) =>
    new LockHold(client, candidate, options);
}

export function mutexRules(path: string, options: Pick<LockOptions, 'dialect'>): QueueRules {
  const { dialect = 'curator' } = options;
  const marker = dialect === 'curator' ? 'lock-' : '__lock__';
  return { parent: path, dialect, marker, markers: [marker], blocker: nearest };
}
