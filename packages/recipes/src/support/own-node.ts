import {
  type ClientSession,
  type CreateModeName,
  SessionExpiredError,
  type Watched,
  type NodeData,
  type ZkClient,
} from '@zk/client-api';
import type { Acl, Zxid } from '@zk/model';
import { LinkedSignal, onAbort } from './abort.js';
import { guaranteedDelete } from './clean-up.js';
import { type LossReason, LockLostError } from './errors.js';
import { childPath, nodeName } from './paths.js';
import { isClientOver, isNamed, isTransient, withRetry } from './retry.js';

/**
 * An ephemeral node of our own: the ground every lock, lease and candidacy stands on.
 *
 * The node is ours as long as three things are true: it exists, its `ephemeralOwner` is the session we have now, and
 * that session is alive on our own clock. Each has failed in some client: a node found after a lost reply belonged to
 * the dead session before (CURATOR-604, CURATOR-696), a waiter stood in a queue its node had left, a holder slept
 * through the end of its session. So the node carries one signal that aborts when any of the three ends, and the owner
 * is compared before anything is granted.
 */
export class OwnNode {
  readonly path: string;
  readonly name: string;
  /** Zxid of the creation: grows from holder to holder, also across a parent that was removed and made again. */
  readonly czxid: Zxid;
  readonly session: ClientSession;
  readonly #client: ZkClient;
  readonly #gone: LinkedSignal;
  readonly #dataListeners = new Set<(data: Uint8Array) => void>();
  #watched: Watched<NodeData<Uint8Array>> | undefined;
  #removed: Promise<void> | undefined;

  private constructor(client: ZkClient, path: string, czxid: Zxid, session: ClientSession) {
    this.#client = client;
    this.path = path;
    this.name = nodeName(path);
    this.czxid = czxid;
    this.session = session;
    this.#gone = new LinkedSignal();
    this.#followSession();
  }

  /**
   * Creates the node, so that it exists once or not at all, whatever happens to the replies. Missing parents are made.
   * If the outcome stays unknown, or the caller's signal aborts, the client removes what may have been created.
   *
   * @throws SessionExpiredError when the node turns out to belong to another session than the present one; then, too,
   *   it is removed
   */
  static async create(client: ZkClient, parent: string, options: OwnNodeOptions): Promise<OwnNode> {
    const { prefix, name, data, signal, acl } = options;
    // A name cannot be empty, so half of a prefix that is all there is stands in for it.
    const split = name === '' ? prefix.length >> 1 : prefix.length;
    const { path, stat } = await client.create(
      childPath(parent, prefix.slice(split) + name),
      data ?? new Uint8Array(),
      {
        mode: options.mode ?? 'ephemeralSequential',
        protection: { prefix: prefix.slice(0, split) },
        parents: options.parents ?? 'container',
        ...(acl === undefined ? {} : { acl }),
        ...(signal === undefined ? {} : { signal }),
      },
    );
    const session = client.session;
    // Guard of "takes no node of a session before" in lock-faults.spec.ts (CURATOR-604, CURATOR-696).
    if (session === undefined || session.id !== stat.ephemeralOwner) {
      void guaranteedDelete(client, path);
      throw new SessionExpiredError(path);
    }
    return new OwnNode(client, path, stat.czxid, session);
  }

  /** Aborts with a {@link LockLostError} when the node is not ours any more. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether it is certain now, on the monotonic clock, that the node is ours. */
  isOurs(): boolean {
    return !this.signal.aborted && this.session.isAlive() && this.#client.session?.id === this.session.id;
  }

  /**
   * Reads the node, compares its owner, tells the listeners of the data, and keeps watching it from then on.
   * @throws SessionExpiredError when it is not ours: its signal has aborted
   */
  async watch(signal?: AbortSignal): Promise<void> {
    try {
      const watched = await this.#client.getAndWatch(this.path, signal === undefined ? {} : { signal });
      const { stat, data } = watched.value;
      if (stat.ephemeralOwner !== this.session.id || stat.czxid !== this.czxid) {
        watched.cancel();
        this.end('nodeDeleted');
        throw new SessionExpiredError(this.path);
      }
      if (this.signal.aborted) watched.cancel();
      else void this.#follow(watched);
      for (const listener of this.#dataListeners) listener(data);
    } catch (error) {
      if (isNamed(error, 'NONODE')) this.end('nodeDeleted');
      throw error;
    }
  }

  /** Calls back with the data at every {@link watch}, and again when somebody has written it. */
  onData(listener: (data: Uint8Array) => void): Disposable {
    this.#dataListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#dataListeners.delete(listener) };
  }

  /** Ends it locally: the signal aborts, and nobody is watching any more. The node stays. Idempotent. */
  end(reason: LossReason): void {
    this.#watched?.cancel();
    this.#finish(reason);
  }

  /** Ends it, and deletes the node; the promise resolves as in {@link guaranteedDelete}. Idempotent. */
  remove(reason: LossReason = 'released'): Promise<void> {
    // The watch is not removed: it ends with the node, which saves a request.
    this.#finish(reason);
    this.#removed ??= guaranteedDelete(this.#client, this.path);
    return this.#removed;
  }

  #finish(reason: LossReason): void {
    this.#watched = undefined;
    this.#dataListeners.clear();
    this.#gone.abort(new LockLostError(this.path, reason));
  }

  #followSession(): void {
    const { signal } = this.session;
    const end = (): void => this.end(isNamed(signal.reason, 'ClientClosedError') ? 'clientClosed' : 'sessionLost');
    if (signal.aborted) return end();
    onAbort(this.signal, onAbort(signal, end));
  }

  async #follow(watched: Watched<NodeData<Uint8Array>>): Promise<void> {
    this.#watched?.cancel();
    this.#watched = watched;
    const fired = await watched.fired;
    if (this.signal.aborted || this.#watched !== watched) return;
    if (fired.type === 'deleted') return this.end('nodeDeleted');
    if (fired.type === 'cancelled' || fired.type === 'sessionLost') return;
    try {
      await withRetry(this.#client.runtime, () => this.watch(this.signal), {
        signal: this.signal,
        shouldRetry: (error) => isTransient(error) && !this.signal.aborted,
      });
    } catch (error) {
      // Without a watch nobody would tell us of the end; refused to read our own node, we do not claim it.
      if (!this.signal.aborted) this.end(isClientOver(error) ? 'clientClosed' : 'nodeDeleted');
    }
  }
}

export interface OwnNodeOptions {
  /** Goes in front of the name, and of no other node: see `uniquePrefix`. */
  readonly prefix: string;
  /** Behind the prefix; a number follows when the mode is sequential. */
  readonly name: string;
  readonly data?: Uint8Array | undefined;
  readonly mode?: Extract<CreateModeName, 'ephemeral' | 'ephemeralSequential'> | undefined;
  readonly acl?: readonly Acl[] | undefined;
  readonly parents?: 'container' | 'persistent' | undefined;
  readonly signal?: AbortSignal | undefined;
}
