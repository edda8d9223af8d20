import { type CallOptions, type ZkClient, utf8, type OptionRules, rules } from '@zk/client-api';
import type { Acl } from '@zk/model';
import {
  type CallScope,
  type Dialect,
  OwnNode,
  childPath,
  firstOf,
  hex32,
  isNamed,
  isTransient,
  uuid36,
  requireRecipe,
  dialectRule,
} from '../support/index.js';
import { persistently, scoped } from '../values/scoped.js';
import { existsUntilChange } from './barrier.js';

/** Everybody's node but this one is a member. */
const READY = 'ready';

/**
 * A barrier that members enter together and leave together: Curator's and kazoo's DoubleBarrier (spec: recipes, sections
 * 5.2 and 14), each of which it can share a path with.
 *
 * Each member has an ephemeral node. Whoever counts enough of them creates `ready`, which lets all in. To leave, all
 * remove their nodes and wait until nobody is left; the lowest name stays until the others have gone, so that there is
 * somebody to wait for.
 *
 * The originals look once and then trust one watch; here everybody looks at what is there after every wake-up, an
 * existing `ready` counts whoever saw it when, and the node is created so that a lost reply does not matter.
 *
 * Suspended: both go on when there is a connection. Lost: while entering, a new node takes the place of the old one,
 * which is removed first; while inside, {@link signal} aborts, and the others see the member as gone; while leaving, the
 * member has left. Cancelled, out of time: the call rejects and the member is out: its node is removed, however long
 * that takes.
 */
export class DistributedDoubleBarrier {
  readonly path: string;
  readonly memberCount: number;
  readonly #client: ZkClient;
  readonly #options: DoubleBarrierOptions;
  readonly #dialect: Dialect;
  #node: OwnNode | undefined;
  #isBusy = false;

  /** @param memberCount how many must enter before anybody is let in; the same for all members */
  constructor(client: ZkClient, path: string, memberCount: number, options: DoubleBarrierOptions = {}) {
    if (!Number.isInteger(memberCount) || memberCount < 1) {
      throw new RangeError(`a barrier has at least one member, not ${memberCount}`);
    }
    this.#options = requireRecipe('a DistributedDoubleBarrier', client, path, options, doubleBarrierRules);
    this.path = path;
    this.memberCount = memberCount;
    this.#client = client;
    this.#dialect = options.dialect ?? 'curator';
  }

  /** Aborts when this member's node has gone, with its session or by somebody's hand. Undefined while it is outside. */
  get signal(): AbortSignal | undefined {
    return this.#node?.signal;
  }

  /**
   * Resolves when enough members have entered.
   * @throws OperationTimeoutError, CancelledError
   * @throws Error when this object has entered already, or is about to
   */
  enter(options: CallOptions = {}): Promise<void> {
    return this.#alone(async () => {
      if (this.#node !== undefined) throw new Error(`this member of ${this.path} has entered already`);
      return scoped(this.#client, this.path, options, (scope) => this.#enter(scope));
    });
  }

  /**
   * Resolves when all members have left. Does nothing for one that has not entered.
   * @throws OperationTimeoutError, CancelledError
   */
  leave(options: CallOptions = {}): Promise<void> {
    return this.#alone(async () => {
      const node = this.#node;
      if (node === undefined) return;
      try {
        await scoped(this.#client, this.path, options, (scope) => this.#leave(node, scope));
      } finally {
        this.#node = undefined;
        // Guard of "a member that gives up leaving is out" in test/suite/barriers.ts.
        void node.remove();
      }
    });
  }

  async #enter(scope: CallScope): Promise<void> {
    let node = await this.#join(scope);
    try {
      while (!(await this.#isReady(node, scope))) {
        if (!node.signal.aborted) continue;
        // Guard of "a member whose session expired while it waited is counted once" in test/suite/barriers.ts: the server
        // may not have noticed the end of the session before.
        await persistently(this.#client, scope, () =>
          this.#client.delete(node.path, { ifMissing: 'ignore', signal: scope.signal }),
        );
        node = await this.#join(scope);
      }
      // From here on somebody has to notice when it is gone.
      await this.#watchOwn(node, scope.signal);
      this.#node = node;
    } catch (error) {
      void node.remove();
      throw error;
    }
  }

  async #join(scope: CallScope): Promise<OwnNode> {
    const { random } = this.#client.runtime;
    const { acl, identity = '' } = this.#options;
    return persistently(this.#client, scope, () => {
      // A new name for each attempt: what a failed one may have left behind is being removed under its own.
      const name = this.#dialect === 'curator' ? uuid36(random) : hex32(random);
      return OwnNode.create(this.#client, this.path, {
        // The name is unique in itself; the most of it serves to find the node when the reply was lost.
        prefix: name.slice(0, UNIQUE_LENGTH),
        name: name.slice(UNIQUE_LENGTH),
        data: utf8.encode(identity)!,
        mode: 'ephemeral',
        parents: this.#dialect === 'curator' ? 'container' : 'persistent',
        acl,
        signal: scope.signal,
      });
    });
  }

  /** True when the barrier is open; otherwise false, after something has happened. */
  async #isReady(node: OwnNode, scope: CallScope): Promise<boolean> {
    const { signal } = scope;
    const watched = await persistently(this.#client, scope, () =>
      this.#client.existsAndWatch(childPath(this.path, READY), { signal }),
    );
    try {
      const members = await this.#members(scope);
      if (watched.value !== null) {
        // What a crashed round has left behind: older than we are, and nobody else is here that could be in that round.
        const isLeftBehind = watched.value.czxid < node.czxid && members.length === 1 && members[0] === node.name;
        if (!isLeftBehind || this.memberCount === 1) return true;
        await this.#removeReady(scope);
        return false;
      }
      if (members.length >= this.memberCount && members.includes(node.name)) {
        await this.#createReady(scope);
        return true;
      }
      // The end of our own node wakes us as well: without it nobody counts us.
      if (members.includes(node.name)) await this.#watchOwn(node, signal);
      else node.end('nodeDeleted');
      await firstOf({ signals: [signal, node.signal], promises: [watched.fired] });
      if (signal.aborted) throw signal.reason;
      return false;
    } finally {
      watched.cancel();
    }
  }

  async #watchOwn(node: OwnNode, signal: AbortSignal): Promise<void> {
    try {
      await node.watch(signal);
    } catch (error) {
      if (signal.aborted || (!node.signal.aborted && !isTransient(error))) throw error;
    }
  }

  async #leave(node: OwnNode, scope: CallScope): Promise<void> {
    let isIn = true;
    for (;;) {
      const members = (await this.#members(scope)).sort();
      const own = members.indexOf(node.name);
      if (own < 0) isIn = false;
      if (members.length === 0 || (isIn && members.length === 1)) break;
      const others = members.filter((name) => name !== node.name);
      const isLowest = own === 0;
      const awaited = isLowest ? others.at(-1)! : others[0]!;
      if (isIn && !isLowest) {
        await this.#remove(node.path, scope);
        isIn = false;
      }
      await existsUntilChange(this.#client, childPath(this.path, awaited), scope);
    }
    if (isIn) await this.#remove(node.path, scope);
    await this.#removeReady(scope);
  }

  async #members(scope: CallScope): Promise<string[]> {
    return persistently(this.#client, scope, async () => {
      try {
        const { children } = await this.#client.getChildren(this.path, { signal: scope.signal });
        return children.filter((name) => name !== READY);
      } catch (error) {
        if (isNamed(error, 'NONODE')) return [];
        throw error;
      }
    });
  }

  async #createReady(scope: CallScope): Promise<void> {
    const { acl } = this.#options;
    await persistently(this.#client, scope, () =>
      this.#client.create(childPath(this.path, READY), new Uint8Array(), {
        ifExists: 'keep',
        signal: scope.signal,
        ...(acl === undefined ? {} : { acl }),
      }),
    );
  }

  #removeReady(scope: CallScope): Promise<void> {
    return this.#remove(childPath(this.path, READY), scope);
  }

  #remove(path: string, scope: CallScope): Promise<void> {
    return persistently(this.#client, scope, () =>
      this.#client.delete(path, { ifMissing: 'ignore', signal: scope.signal }),
    );
  }

  async #alone(task: () => Promise<void>): Promise<void> {
    if (this.#isBusy) throw new Error(`this member of ${this.path} is entering or leaving`);
    this.#isBusy = true;
    try {
      await task();
    } finally {
      this.#isBusy = false;
    }
  }
}

/** Characters of a name that are unique beyond doubt, dashes included. */
const UNIQUE_LENGTH = 28;

export interface DoubleBarrierOptions {
  /** Names as Curator or as kazoo makes them; default `curator`. They mix on one path either way. */
  readonly dialect?: Dialect | undefined;
  /** Written into the member's node. */
  readonly identity?: string | undefined;
  readonly acl?: readonly Acl[] | undefined;
}

const doubleBarrierRules: OptionRules<DoubleBarrierOptions> = {
  dialect: dialectRule,
  identity: rules.text,
  acl: rules.acl,
};
