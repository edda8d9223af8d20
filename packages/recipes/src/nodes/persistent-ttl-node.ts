import {
  type CallOptions,
  type Codec,
  type Duration,
  type ZkClient,
  durationMs,
  type OptionRules,
  rules,
} from '@zk/client-api';
import type { Acl } from '@zk/model';
import type { Observable } from 'rxjs';
import { childPath, isNamed, requireRecipe } from '../support/index.js';
import { PersistentNode, type PersistentNodeState } from './persistent-node.js';

export interface PersistentTtlNodeOptions<T> {
  /** How long it outlives the last sign of life of this process. */
  readonly ttl: Duration;
  readonly codec?: Codec<T> | undefined;
  readonly acl?: readonly Acl[] | undefined;
  /** Name of the child that is written as a sign of life, so that watchers of the node are left in peace; default `touch`. */
  readonly touchName?: string | undefined;
  /** How often, as a part of the time to live; default 0.5. */
  readonly touchFactor?: number | undefined;
  /** What is written there; default: no bytes. Curator writes the address of the host. */
  readonly touchData?: Uint8Array | undefined;
  /**
   * What the node itself is: `ttl` (default, Curator 5.9), which goes away also when the process died before its first
   * sign of life; or `container` (Curator before 5.9), which then stays for ever.
   */
  readonly layout?: 'ttl' | 'container' | undefined;
}

const ttlNodeRules: OptionRules<PersistentTtlNodeOptions<unknown>> = {
  ttl: rules.duration,
  codec: rules.codec,
  acl: rules.acl,
  touchName: rules.name,
  touchFactor: { text: 'a number between 0 and 1', isShown: true, isMet: isFactor },
  touchData: rules.bytes,
  layout: rules.oneOf('ttl', 'container'),
};

function isFactor(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value < 1;
}

/**
 * A znode that outlives this process, and the session, by a while: it has a child with a time to live that is written
 * again and again (spec: recipes, section 8.2; Curator's PersistentTtlNode). The server must have
 * `extendedTypesEnabled`, or creating it is refused as UNIMPLEMENTED.
 *
 * Suspended: signs of life wait for a connection; if that takes longer than the time to live, the server removes the
 * node, and it is created again. Lost: nothing special, the node belongs to no session. Closed, this or the client: the
 * server removes it when its time is over.
 */
export class PersistentTtlNode<T = Uint8Array> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #node: PersistentNode<T>;
  readonly #options: PersistentTtlNodeOptions<T>;
  readonly #touchPath: string;
  readonly #intervalMs: number;
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(client: ZkClient, path: string, data: T, options: PersistentTtlNodeOptions<T>) {
    requireRecipe('a PersistentTtlNode', client, path, options, ttlNodeRules, ['ttl']);
    const { layout = 'ttl', ttl, codec, acl, touchName = 'touch', touchFactor = 0.5 } = options;
    this.#client = client;
    this.path = path;
    this.#options = options;
    this.#touchPath = childPath(path, touchName);
    this.#intervalMs = durationMs(ttl) * touchFactor;
    this.#node = new PersistentNode<T>(client, path, data, {
      mode: layout === 'ttl' ? 'persistentWithTtl' : 'container',
      deleteOnClose: false,
      ...(layout === 'ttl' ? { ttl } : {}),
      ...(codec === undefined ? {} : { codec }),
      ...(acl === undefined ? {} : { acl }),
    });
  }

  get state(): PersistentNodeState {
    return this.#node.state;
  }

  get state$(): Observable<PersistentNodeState> {
    return this.#node.state$;
  }

  /** Begins, in the background. Idempotent. */
  start(): this {
    if (this.#timer !== undefined || this.#isClosed) return this;
    this.#node.start();
    this.#schedule();
    // It ends with the client too, and no timer may outlive that.
    this.#node.state$.subscribe({ complete: () => this.#stop() });
    return this;
  }

  /** As {@link PersistentNode.waitForInitialCreate}. */
  waitForInitialCreate(options: CallOptions = {}): Promise<string> {
    return this.#node.waitForInitialCreate(options);
  }

  /** As {@link PersistentNode.setData}. */
  setData(data: T, options: CallOptions = {}): Promise<void> {
    return this.#node.setData(data, options);
  }

  /** Gives no more signs of life; the server removes the node when its time is over. Idempotent. */
  async close(): Promise<void> {
    this.#stop();
    await this.#node.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stop(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#client.runtime.scheduler.after(this.#intervalMs, () => {
      // Whatever goes wrong with one sign of life, the next one may not.
      void this.#touch()
        .catch(() => undefined)
        .then(() => {
          if (!this.#isClosed) this.#schedule();
        });
    });
  }

  async #touch(): Promise<void> {
    if (this.state === 'closed') return;
    const { touchData = new Uint8Array(), ttl, acl } = this.#options;
    const timeout = this.#intervalMs;
    try {
      await this.#client.set(this.#touchPath, touchData, { timeout });
    } catch (error) {
      if (!isNamed(error, 'NONODE') || this.#isClosed) throw error;
      // The node itself is made by its own means: NONODE of the parent is no reason to make it here.
      await this.#client.create(this.#touchPath, touchData, {
        mode: 'persistentWithTtl',
        ttl,
        timeout,
        ifExists: 'keep',
        ...(acl === undefined ? {} : { acl }),
      });
    }
  }
}
