import type { Clock } from '@zk/contracts';

/** Lets one call through per interval. */
export class RateLimiter {
  private freeMs = -Infinity;

  constructor(private readonly intervalMs: number) {}

  /** Whether the caller may go on; then the next may only after the interval. */
  tryTake(clock: Clock): boolean {
    const nowMs = clock.monotonicMs();
    if (nowMs < this.freeMs) return false;
    this.freeMs = nowMs + this.intervalMs;
    return true;
  }
}
