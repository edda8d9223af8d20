import {
  type CallOptions,
  MultiError,
  type WriteOp,
  type WriteResults,
  type ZkClient,
  isConnected,
  op,
} from '@zk/client-api';
import type { SessionId, Zxid } from '@zk/model';
import { LinkedSignal, onAbort } from './abort.js';
import { type LossReason, LockLostError } from './errors.js';
import type { OwnNode } from './own-node.js';
import { isNamed, mayHaveApplied } from './retry.js';

/**
 * When a hold counts as lost. `session`: when the session is over, as told by a server or by our own clock.
 * `connection`: as soon as there is no connection (Curator's standard policy), long before anybody else can have it.
 */
export type LossPolicy = 'session' | 'connection';

/** What is held while it lasts: a lock, a lease, a term of leadership. */
export interface Held extends AsyncDisposable {
  /** Aborts with a {@link LockLostError} when it is not held any more: lost, or released. */
  readonly signal: AbortSignal;
  /** Whether it is certain, now and on the monotonic clock, that it is held. */
  readonly isHeld: boolean;
  /** @throws LockLostError unless {@link isHeld} */
  assertHeld(): void;
  /** Gives it back. Idempotent. */
  release(): Promise<void>;
}

/**
 * A hold that cannot lie. It ends at the latest when the session does, on our own monotonic clock and without a server
 * that tells; it can be proved to third parties by a number that only grows; and a write can be made to depend on it at
 * the server.
 *
 * The signal is for what is under way. A timer fires late in a process that is busy or was stopped, so before something
 * that must not happen twice call {@link assertHeld}, which looks at the clock. Between that call and the effect time
 * may pass too: only {@link guardedMulti}, or a resource that compares {@link token}s, closes that gap.
 */
export class Hold implements Held {
  readonly client: ZkClient;
  /** Of the node that is the hold. */
  readonly path: string;
  /** Fencing token: grows from holder to holder. A resource that refuses tokens smaller than one it has seen is safe. */
  readonly token: Zxid;
  readonly sessionId: SessionId;
  readonly #node: OwnNode;
  readonly #loss: LossPolicy;
  readonly #linked: LinkedSignal;
  readonly #onRelease: () => Promise<void>;
  #released: Promise<void> | undefined;

  constructor(client: ZkClient, node: OwnNode, options: HoldOptions = {}) {
    this.client = client;
    this.path = node.path;
    this.token = options.token ?? node.czxid;
    this.sessionId = node.session.id;
    this.#node = node;
    this.#loss = options.loss ?? 'session';
    this.#onRelease = options.onRelease ?? (() => node.remove());
    this.#linked = new LinkedSignal(node.signal);
    if (this.#loss === 'connection') this.#followConnection();
  }

  get signal(): AbortSignal {
    return this.#linked.signal;
  }

  get isHeld(): boolean {
    return !this.signal.aborted && this.#node.isOurs() && (this.#loss === 'session' || isConnected(this.client.state));
  }

  assertHeld(): void {
    // Guard of "knows on the clock alone that the session may be over" in lock-faults.spec.ts.
    if (!this.signal.aborted && !this.isHeld) this.#linked.abort(new LockLostError(this.path, 'sessionLost'));
    if (this.signal.aborted) throw this.signal.reason;
  }

  /** An operation for a multi of your own, which then commits only while this is held: its node has a unique name. */
  check(): Extract<WriteOp, { readonly kind: 'check' }> {
    return op.check(this.path);
  }

  /**
   * A multi that commits only while this is held, decided by the server at the moment of the commit.
   * @throws LockLostError when it is not; nothing was applied
   * @throws SessionExpiredError when the session ended over it, and nobody can tell whether it was applied
   * @throws MultiError when an operation is refused; indexes are those of `operations`
   */
  async guardedMulti<const O extends readonly WriteOp[]>(
    operations: O,
    options?: CallOptions,
  ): Promise<WriteResults<O>> {
    this.assertHeld();
    try {
      const [, ...results] = await this.client.multi([this.check(), ...operations], options);
      return results as unknown as WriteResults<O>;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Ends it: the signal aborts, then the node goes, with as many attempts as that takes. Never waits for a connection. */
  release(): Promise<void> {
    this.#linked.abort(new LockLostError(this.path, 'released'));
    this.#released ??= this.#onRelease();
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Ends it locally, for a reason that only the recipe can see. The node stays until {@link release}. */
  lose(reason: LossReason): void {
    this.#linked.abort(new LockLostError(this.path, reason));
  }

  #followConnection(): void {
    const subscription = this.client.state$.subscribe((state) => {
      // Guard of "ends with the connection where that is the policy" in lock-faults.spec.ts.
      if (!isConnected(state)) this.lose('connectionLost');
    });
    if (this.signal.aborted) subscription.unsubscribe();
    else onAbort(this.signal, () => subscription.unsubscribe());
  }

  #explain(error: unknown): unknown {
    if (isNamed(error, 'SESSIONEXPIRED') && !mayHaveApplied(error)) {
      this.lose('sessionLost');
      return new LockLostError(this.path, 'sessionLost');
    }
    if (!isMultiError(error)) return error;
    if (error.failedIndex > 0) {
      return new MultiError(error.code, error.failedIndex - 1, error.path, error.errors.slice(1));
    }
    if (!isNamed(error, 'NONODE')) return error;
    this.#node.end('nodeDeleted');
    return new LockLostError(this.path, 'nodeDeleted');
  }
}

export interface HoldOptions {
  readonly loss?: LossPolicy | undefined;
  /** Default: the czxid of the node. */
  readonly token?: Zxid;
  /** Default: removes the node. */
  readonly onRelease?: () => Promise<void>;
}

function isMultiError(error: unknown): error is MultiError {
  return error instanceof Error && 'failedIndex' in error && typeof error.failedIndex === 'number';
}
