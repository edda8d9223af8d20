import type { ClientSession } from '@zk/client-api';
import type { Clock } from '@zk/contracts';
import { type SessionId, hex64 } from '@zk/model';
import type { Grant } from './handshake.js';

/** A gap between the two clocks below this is drift, not sleep. */
const SLEEP_MS = 1000;

/**
 * One session, and what is known of its life without asking a server.
 *
 * A server forgets a session when it has heard nothing for the timeout. It has heard whatever it answered, so the moment
 * when the last answered request had been *sent*, plus the timeout, is certain to come before that: until then the
 * session lives, whatever the network does.
 *
 * A monotonic clock may stand still while the machine sleeps. The wall clock does not; when it gets ahead of the other,
 * the difference counts as time that has passed. (Somebody who sets the clock forward by more than the timeout ends the
 * session too. That is the safe side: a lock given up in vain, rather than one held by two.)
 */
export class LiveSession implements ClientSession {
  readonly id: SessionId;
  readonly password: Uint8Array;
  timeoutMs: number;
  /** Of a server without a quorum. */
  readonly isReadOnly: boolean;
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private lastContactMs: number;
  private clockGapMs: number;
  /** Time slept since the last contact, and when that was noticed. */
  private sleptMs = 0;
  private noticedAtMs = -Infinity;

  constructor(
    grant: Grant,
    /** When it was asked for. */
    sentAtMs: number,
    private readonly clock: Clock,
  ) {
    this.id = grant.id;
    this.password = grant.password;
    this.timeoutMs = grant.timeoutMs;
    this.isReadOnly = grant.isReadOnly;
    this.signal = this.controller.signal;
    this.lastContactMs = sentAtMs;
    this.clockGapMs = this.gapMs();
  }

  get deadlineMs(): number {
    return this.lastContactMs + this.timeoutMs;
  }

  /** When it must be given up, sleep included. */
  get endMs(): number {
    return this.deadlineMs - this.sleptMs;
  }

  isAlive(): boolean {
    if (this.signal.aborted) return false;
    this.lookAtClocks();
    return this.clock.monotonicMs() < this.endMs;
  }

  /** A request that had been sent at `sentAtMs` was answered. */
  renew(sentAtMs: number): void {
    if (sentAtMs >= this.noticedAtMs) this.sleptMs = 0;
    if (sentAtMs > this.lastContactMs) this.lastContactMs = sentAtMs;
  }

  /** Notices that the machine has slept. */
  lookAtClocks(): void {
    const gapMs = this.gapMs();
    const jumpMs = gapMs - this.clockGapMs;
    this.clockGapMs = gapMs;
    if (jumpMs < SLEEP_MS) return;
    this.sleptMs += jumpMs;
    this.noticedAtMs = this.clock.monotonicMs();
  }

  /** Attached again by a request sent then; another server may have another idea of the timeout. */
  attachedAgain(timeoutMs: number, sentAtMs: number): void {
    this.timeoutMs = timeoutMs;
    this.renew(sentAtMs);
  }

  end(reason: Error): void {
    if (!this.signal.aborted) this.controller.abort(reason);
  }

  private gapMs(): number {
    return this.clock.wallMs() - this.clock.monotonicMs();
  }
}

/** As ids of sessions are shown. */
export function hexId(id: SessionId): string {
  return `0x${hex64(id)}`;
}
