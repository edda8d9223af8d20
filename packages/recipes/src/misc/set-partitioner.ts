import {
  type Duration,
  type NodeChildren,
  type Watched,
  type ZkClient,
  durationMs,
  utf8,
  type OptionRules,
  rules,
} from '@zk/client-api';
import type { Zxid } from '@zk/model';
import { type LockHold, Mutex } from '../locks/index.js';
import {
  CallScope,
  LinkedSignal,
  type LossPolicy,
  OwnNode,
  childPath,
  firstOf,
  hex32,
  isNamed,
  onAbort,
  requirePath,
  requireRecipe,
  lossRule,
} from '../support/index.js';
import { persistently } from '../values/scoped.js';

/**
 * Divides a set among the members that are there: kazoo's SetPartitioner, in whose party and with whose locks it takes
 * part (spec: recipes, section 14).
 *
 * Everybody enters a party, waits until that has not changed for a while, and computes the same division: members and
 * items sorted, every n-th item to each. Then it locks its items, so that two are never at work on one, whatever each
 * believes the party to be. When the party changes, all let go and start again.
 *
 *     for await (const share of new SetPartitioner(client, '/work', ['a', 'b', 'c'])) {
 *       await process(share.items, share.signal);
 *     }
 *
 * The signal of a share aborts when the party changes or a lock is lost; the share is given back when the body of the
 * loop ends, and the next one follows. A body that ends early gets its share again, at once.
 *
 * Suspended: the share stays until the session's deadline (`loss: 'connection'` gives it up at once). Lost: the share's
 * signal has aborted; a new member enters in the next session. Cancelled: the loop ends, locks and membership are
 * removed, however long that takes. Where kazoo's ends in a state of failure, this one goes on.
 */
export class SetPartitioner implements AsyncIterable<Share> {
  readonly path: string;
  readonly items: readonly string[];
  readonly identifier: string;
  readonly #client: ZkClient;
  readonly #options: SetPartitionerOptions;

  constructor(client: ZkClient, path: string, items: Iterable<string>, options: SetPartitionerOptions = {}) {
    requireRecipe('a SetPartitioner', client, path, options, partitionerRules);
    this.path = path;
    this.items = [...new Set(items)].sort();
    for (const item of this.items) {
      if (item.includes('/')) throw new RangeError(`"${item}" is not a valid item: it becomes the name of a znode`);
      requirePath(childPath(path, item));
    }
    this.identifier = options.identifier ?? hex32(client.runtime.random);
    requirePath(childPath(path, this.identifier));
    this.#client = client;
    this.#options = options;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Share> {
    return this.shares();
  }

  /** Shares, one after the other, until the loop is left or the signal aborts. @throws what the server refuses */
  async *shares(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<Share, void, undefined> {
    using scope = new CallScope(this.#client.runtime, options);
    let member: OwnNode | undefined;
    try {
      while (!scope.signal.aborted) {
        member ??= await this.#enter(scope);
        const party = await this.#settledParty(member, scope);
        if (party !== undefined) yield* this.#share(member, party, scope);
        if (member.signal.aborted) member = undefined;
      }
    } catch (error) {
      if (!scope.signal.aborted) throw error;
    } finally {
      void member?.remove();
    }
  }

  #enter(scope: CallScope): Promise<OwnNode> {
    return persistently(this.#client, scope, () =>
      OwnNode.create(this.#client, childPath(this.path, 'party'), {
        // A new one for each attempt: what a failed one may have left behind is being removed under its own.
        prefix: hex32(this.#client.runtime.random),
        name: `-${this.identifier}`,
        data: utf8.encode(this.identifier)!,
        mode: 'ephemeral',
        parents: 'persistent',
        signal: scope.signal,
      }),
    );
  }

  /** The party, when it has not changed for the time boundary. Undefined when we are not in it any more. */
  async #settledParty(member: OwnNode, scope: CallScope): Promise<Watched<NodeChildren> | undefined> {
    const boundaryMs = durationMs(this.#options.timeBoundary ?? '30s');
    for (;;) {
      const { signal } = scope;
      const party = await persistently(this.#client, scope, () =>
        this.#client.getChildrenAndWatch(childPath(this.path, 'party'), { signal }),
      );
      if (!party.value.children.includes(member.name)) member.end('nodeDeleted');
      let timer: { cancel(): void } | undefined;
      let isSettled = false;
      const settled = new Promise<void>((resolve) => {
        timer = this.#client.runtime.scheduler.after(boundaryMs, () => resolve(void (isSettled = true)));
      });
      await firstOf({ signals: [signal, member.signal], promises: [settled, party.fired] });
      timer?.cancel();
      if (isSettled && !signal.aborted && !member.signal.aborted) return party;
      party.cancel();
      if (signal.aborted) throw signal.reason;
      if (member.signal.aborted) return undefined;
    }
  }

  async *#share(
    member: OwnNode,
    party: Watched<NodeChildren>,
    scope: CallScope,
  ): AsyncGenerator<Share, void, undefined> {
    using valid = new LinkedSignal(scope.signal, member.signal);
    void party.fired.then(() => valid.abort(new PartyChangedError(this.path)));
    const holds = new Map<string, LockHold>();
    try {
      const members = sortedMembers(party.value.children);
      const index = members.indexOf(member.name);
      const mine = this.items.filter((_item, at) => at % members.length === index);
      if (!(await this.#lockAll(mine, holds, valid.signal))) return;
      // The first may have been lost while the last was waited for. Guard of "gives out no share of which a lock is lost"
      // in partition-faults.spec.ts.
      for (const { signal } of holds.values()) {
        if (signal.aborted) valid.abort(signal.reason);
        else onAbort(signal, () => valid.abort(signal.reason));
      }
      if (!valid.signal.aborted) yield new LockedShare(mine, members.length, valid.signal, holds);
    } finally {
      valid.abort(new PartyChangedError(this.path));
      party.cancel();
      await Promise.allSettled([...holds.values()].map((hold) => hold.release()));
    }
  }

  /** False when the party has changed before all were locked, or one is not to be had. */
  async #lockAll(items: readonly string[], holds: Map<string, LockHold>, signal: AbortSignal): Promise<boolean> {
    const { maxReactionTime = '1s', loss } = this.#options;
    for (const item of items) {
      const path = childPath(childPath(this.path, 'locks'), item);
      const lock = new Mutex(this.#client, path, { dialect: 'kazoo', ...(loss === undefined ? {} : { loss }) });
      try {
        holds.set(item, await lock.acquire({ timeout: maxReactionTime, signal }));
      } catch (error) {
        if (signal.aborted || isNamed(error, 'AcquireTimeoutError')) return false;
        throw error;
      }
    }
    return true;
  }
}

export interface SetPartitionerOptions {
  /** Text by which members are sorted, the same for all of the life of this one; default: unique, and random. */
  readonly identifier?: string | undefined;
  /** How long the party must not change before it is divided; default 30 s, as in kazoo. */
  readonly timeBoundary?: Duration | undefined;
  /** How long others may take to let go of an item; default 1 s, as in kazoo. */
  readonly maxReactionTime?: Duration | undefined;
  /** When a lock counts as lost; default `session`. */
  readonly loss?: LossPolicy | undefined;
}

const partitionerRules: OptionRules<SetPartitionerOptions> = {
  identifier: rules.name,
  timeBoundary: rules.duration,
  maxReactionTime: rules.duration,
  loss: lossRule,
};

/** The items of one member, all locked. */
export interface Share {
  readonly items: readonly string[];
  /** How many there are to share with, this one included. */
  readonly memberCount: number;
  /** Aborts when the share must be given up: with a PartyChangedError, or because a lock is lost. */
  readonly signal: AbortSignal;
  /** Fencing token of an item: grows from owner to owner. @throws RangeError for an item of somebody else */
  token(item: string): Zxid;
  /** @throws LockLostError or PartyChangedError unless it is certain, now and on the monotonic clock, that all are held */
  assertHeld(): void;
}

/** Members have come or gone, so the set is divided anew. */
export class PartyChangedError extends Error {
  override readonly name = 'PartyChangedError';

  constructor(readonly path: string) {
    super(`the party of ${path} has changed`);
  }
}

class LockedShare implements Share {
  constructor(
    readonly items: readonly string[],
    readonly memberCount: number,
    readonly signal: AbortSignal,
    private readonly holds: ReadonlyMap<string, LockHold>,
  ) {}

  token(item: string): Zxid {
    const hold = this.holds.get(item);
    if (hold === undefined) throw new RangeError(`"${item}" is not in this share`);
    return hold.token;
  }

  assertHeld(): void {
    if (this.signal.aborted) throw this.signal.reason;
    for (const hold of this.holds.values()) hold.assertHeld();
  }
}

/** By the text after the first dash, as kazoo's ShallowParty has it; by the whole name where that is the same. */
function sortedMembers(children: readonly string[]): string[] {
  const key = (name: string): string => name.slice(name.indexOf('-') + 1);
  return [...children].sort((a, b) => compare(key(a), key(b)) || compare(a, b));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
