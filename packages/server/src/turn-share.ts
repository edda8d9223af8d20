import type { Clock } from '@zk/contracts';

/** How long the requests that came together on one connection may take before the others have their turn, in ms. */
const SHARE_MS = 5;
/** Requests between two looks at the clock, which costs a tenth of a small request. */
const MAX_STRIDE = 16;
/** Requests that take longer than this together are looked at one by one from then on. */
const SLOW_MS = 1;

/**
 * Tells when the requests that came together on one connection have had their share of a turn. Most are done within
 * microseconds, but some read a large part of the tree, or check an ACL of thousands of entries.
 */
export class TurnShare {
  private startMs = 0;
  private lookedMs = 0;
  private stride = MAX_STRIDE;
  private untilLook = 0;

  constructor(private readonly clock: Clock) {}

  /** One request is done, and more came with it. */
  begin(): void {
    this.startMs = this.lookedMs = this.clock.monotonicMs();
    this.untilLook = this.stride;
  }

  /** Asked after each of the others. */
  isSpent(): boolean {
    if (--this.untilLook > 0) return false;
    const nowMs = this.clock.monotonicMs();
    this.stride = nowMs - this.lookedMs > SLOW_MS ? 1 : Math.min(2 * this.stride, MAX_STRIDE);
    this.lookedMs = nowMs;
    this.untilLook = this.stride;
    return nowMs - this.startMs > SHARE_MS;
  }
}
