import type { SessionId } from '@zk/model';
import { int64 } from '@zk/model';

/**
 * One client's session. Connections keep the object itself, so that a request needs no look-up. It is created by
 * {@link SessionTracker.track} and is dead once the tracker has removed it.
 */
export class Session {
  /** The timeout granted when the session was created, in ms: what is persisted, and given anew after a restart. */
  readonly timeoutMs: number;

  /** A closeSession is on its way: every further request fails with SESSIONEXPIRED. Set by the tracker only. */
  isClosing = false;

  /** Only the server it is connected to knows of it, and no transaction does (spec: server semantics, section 10.6). */
  isLocal = false;

  /**
   * Through whom the session's requests come: in an ensemble the server it is connected to. Null until somebody claims
   * it. Compared by identity.
   */
  owner: object | null = null;

  /**
   * First instant of the expiry interval the session is filed under, in monotonic ms; NaN while it is filed under none,
   * which makes every comparison false.
   * @internal
   */
  bucketStartMs = NaN;
  /** @internal Neighbours in the bucket's list. */
  previous: Session | null = null;
  /** @internal */
  next: Session | null = null;
  /** @internal Next session whose id has the same lower word. */
  nextOfSameLo: Session | null = null;

  /** @internal Sessions come from a tracker. */
  constructor(
    /** Upper word of the id, signed. */
    readonly idHi: number,
    /** Lower word of the id, signed. */
    readonly idLo: number,
    timeoutMs: number,
  ) {
    this.timeoutMs = timeoutMs;
  }

  /** The id. Negative for servers with ids from 128 on. */
  get id(): SessionId {
    return int64(this.idHi, this.idLo);
  }

  /** Whether the session can expire: it is tracked and not closing. */
  get isAlive(): boolean {
    return this.bucketStartMs === this.bucketStartMs;
  }
}
