import { type Duration, type OptionRules, rules } from '@zk/client-api';
import type { Acl } from '@zk/model';
import {
  type Dialect,
  type HolderIdentity,
  type LossPolicy,
  dialectRule,
  identityRule,
  lossRule,
  parentsRule,
} from '../support/index.js';

/** Options of every lock, for the life of the object. */
export interface LockOptions {
  /** Whose names and rules: Curator's (default) or kazoo's. Everybody on one path must use the same. */
  readonly dialect?: Dialect | undefined;
  /** Written into the nodes for people who look; text is written as it is. */
  readonly identity?: HolderIdentity | string | undefined;
  /** When a hold counts as lost; default `session`. */
  readonly loss?: LossPolicy | undefined;
  /** Of the nodes; default: the client's. */
  readonly acl?: readonly Acl[] | undefined;
  /** What missing parents are created as; default: containers, or persistent in the dialect of kazoo. */
  readonly parents?: 'container' | 'persistent' | undefined;
}

export const lockRules: OptionRules<LockOptions> = {
  dialect: dialectRule,
  identity: identityRule,
  loss: lossRule,
  acl: rules.acl,
  parents: parentsRule,
};

/** Options of one acquire. */
export interface AcquireOptions {
  /** Time for the whole acquire; default: no limit. 0 looks once, as a try does. */
  readonly timeout?: Duration | undefined;
  /** Gives up the acquire; has no effect on what is held already. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes it reentrant: while this very object holds the lock through this lock object, an acquire for it succeeds at
   * once, and the lock is free when every one of its holds has been released. Default: nobody, and not reentrant.
   */
  readonly owner?: object | undefined;
  /** Goes into the identity of this one. */
  readonly purpose?: string | undefined;
}

/** What can be acquired, one hold at a time. */
export interface Lockable<H> {
  readonly path: string;
  /** @throws AcquireTimeoutError, AcquireCancelledError (name `AbortError`), or what the server refuses */
  acquire(options?: AcquireOptions): Promise<H>;
  /** As acquire, but null when it is taken: at once, without creating anything, or after the `timeout` if one is given. */
  tryAcquire(options?: AcquireOptions): Promise<H | null>;
}
