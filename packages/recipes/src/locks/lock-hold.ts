import { type ZkClient, kindOf } from '@zk/client-api';
import type { Zxid } from '@zk/model';
import { Hold, LockLostError, type LossPolicy, type OwnNode, firstOf, onAbort } from '../support/index.js';
import { type Candidate, isRevocation } from './revocation.js';

/** A lock, held. */
export class LockHold extends Hold {
  readonly #candidate: Candidate;

  constructor(client: ZkClient, candidate: Candidate, options: LockHoldOptions) {
    super(client, candidate.node, options);
    this.#candidate = candidate;
  }

  /**
   * Aborts when somebody asks for the lock to be given up. It is a request and no more: the lock is held until it is
   * released (spec: recipes, section 3.2).
   */
  get revocation(): AbortSignal {
    return this.#candidate.revocation;
  }
}

export interface LockHoldOptions {
  readonly loss: LossPolicy | undefined;
  readonly token?: Zxid;
  readonly owner: object | undefined;
  readonly onRelease: () => Promise<void>;
}

interface Share {
  readonly candidate: Candidate;
  readonly token: Zxid | undefined;
  holds: number;
  /** How a hold of it was lost, if one was. */
  lost?: LockLostError;
}

/**
 * Who holds what through one lock object: reentrancy by explicit owner. Node has no threads that could be the owner, and
 * guessing one from the call is how a lock is held twice.
 */
export class OwnerTable {
  readonly #client: ZkClient;
  readonly #loss: LossPolicy | undefined;
  readonly #shares = new Map<object, Share | Promise<Share | undefined>>();

  constructor(client: ZkClient, loss: LossPolicy | undefined) {
    this.#client = client;
    this.#loss = loss;
  }

  has(owner: object | undefined): owner is object {
    return owner !== undefined && this.#shares.has(owner);
  }

  /** The node behind what this owner holds, when it does. */
  candidateOf(owner: object | undefined): Candidate | undefined {
    const share = owner === undefined ? undefined : this.#shares.get(owner);
    return share === undefined || share instanceof Promise ? undefined : share.candidate;
  }

  /**
   * A further hold for an owner that has one, else what `enter` gives.
   * @throws LockLostError when what the owner has is lost and not released yet: it must learn of that first
   */
  async acquire<H extends LockHold>(
    owner: object | undefined,
    signal: AbortSignal,
    enter: () => Promise<Entered | undefined>,
    hold: HoldMaker<H>,
  ): Promise<H | null> {
    if (owner === undefined) {
      const entered = await enter();
      return entered === undefined ? null : this.#take(undefined, { ...entered, holds: 0 }, hold);
    }
    if (Object(owner) !== owner) throw new TypeError(`the owner of a lock is an object, not ${kindOf(owner)}`);
    for (;;) {
      const present = this.#shares.get(owner);
      if (present === undefined) break;
      if (!(present instanceof Promise)) return this.#again(owner, present, hold);
      // The owner is acquiring already, in a call beside this one.
      await firstOf({ signals: [signal], promises: [present] });
      if (signal.aborted) throw signal.reason;
    }
    const entering = enter().then((entered) => (entered === undefined ? undefined : { ...entered, holds: 0 }));
    this.#shares.set(owner, entering);
    let share: Share | undefined;
    try {
      share = await entering;
    } finally {
      if (share === undefined) this.#shares.delete(owner);
    }
    if (share === undefined) return null;
    this.#shares.set(owner, share);
    return this.#take(owner, share, hold);
  }

  #again<H extends LockHold>(owner: object, share: Share, hold: HoldMaker<H>): H {
    const { node } = share.candidate;
    // Guard of "that gave up with the connection does not enter it again" in lock-faults.spec.ts.
    if (share.lost !== undefined) throw share.lost;
    if (!node.isOurs()) throw node.signal.aborted ? node.signal.reason : new LockLostError(node.path, 'sessionLost');
    return this.#take(owner, share, hold);
  }

  #take<H extends LockHold>(owner: object | undefined, share: Share, hold: HoldMaker<H>): H {
    share.holds++;
    const taken = hold(this.#client, share.candidate, {
      loss: this.#loss,
      owner,
      ...(share.token === undefined ? {} : { token: share.token }),
      onRelease: async () => {
        if (--share.holds > 0) return;
        if (owner !== undefined) this.#shares.delete(owner);
        await share.candidate.node.remove();
      },
    });
    onAbort(taken.signal, () => {
      const reason: unknown = taken.signal.reason;
      if (reason instanceof LockLostError && reason.reason !== 'released') share.lost ??= reason;
    });
    return taken;
  }
}

export interface Entered {
  readonly candidate: Candidate;
  /** Default: the czxid of the node. */
  readonly token: Zxid | undefined;
}

export type HoldMaker<H extends LockHold> = (client: ZkClient, candidate: Candidate, options: LockHoldOptions) => H;

/** A node in the queue, and whether its holder was asked to give it up, before or after its turn came. */
export function candidateOf(node: OwnNode): Candidate {
  const revocation = new AbortController();
  node.onData((data) => {
    if (isRevocation(data)) revocation.abort();
  });
  return { node, revocation: revocation.signal };
}
