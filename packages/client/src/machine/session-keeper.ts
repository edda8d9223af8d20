import type { Clock } from '@zk/contracts';
import type { Grant, SessionClaim } from './handshake.js';
import { LiveSession } from './session.js';

/** A pause between attempts to save a session is at most this part of its timeout, and so much of it is left at the end. */
const REST_PART = 0.1;

/** The session of the client, if there is one, and what the next handshake asks for. */
export class SessionKeeper {
  current: LiveSession | undefined;
  /** The last grant was for the session that was there before. */
  isContinued = false;

  constructor(
    /** Undefined: a new session. */
    public claim: SessionClaim | undefined,
    private readonly clock: Clock,
  ) {}

  /** When the session ends if nothing more is heard. */
  get endMs(): number {
    return this.current?.endMs ?? Infinity;
  }

  /** The longest pause that the session can afford while there is no connection; Infinity without one. */
  get longestRestMs(): number {
    return this.current === undefined ? Infinity : this.current.timeoutMs * REST_PART;
  }

  /** The latest moment for an attempt that is to save the session; Infinity without one. */
  get lastCallMs(): number {
    return this.endMs - (this.current?.timeoutMs ?? 0) * REST_PART;
  }

  /** @returns the session that is replaced: a read-only server's is one of its own, and ends with the connection */
  granted(grant: Grant, sentAtMs: number): LiveSession | undefined {
    const { current, claim } = this;
    this.isContinued = current !== undefined && claim !== undefined && grant.id === claim.id;
    // Only a session that a server with a quorum knows of can be claimed from another one.
    if (!grant.isReadOnly) this.claim = { id: grant.id, password: grant.password };
    if (this.isContinued) {
      current!.attachedAgain(grant.timeoutMs, sentAtMs);
      return undefined;
    }
    this.current = new LiveSession(grant, sentAtMs, this.clock);
    return current;
  }

  /** Whether its own deadline has passed, by one clock or the other. */
  isOver(nowMs: number): boolean {
    const { current } = this;
    if (current === undefined) return false;
    current.lookAtClocks();
    return nowMs >= current.endMs;
  }

  /** A request that had been sent then was answered. */
  renew(sentAtMs: number): void {
    this.current?.renew(sentAtMs);
  }

  /** @returns the session that has ended, if there was one */
  end(reason: Error): LiveSession | undefined {
    const { current } = this;
    this.current = undefined;
    this.claim = undefined;
    current?.end(reason);
    return current;
  }
}
