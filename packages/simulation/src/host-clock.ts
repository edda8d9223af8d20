import type { Agenda } from './agenda.js';

const ROUNDING_MS = 0.001;

/** What one host takes for the time: it may run fast or slow, and leap ahead. It never goes back, since it is monotonic. */
export class HostClock {
  private rate = 1;
  private sinceMs = 0;
  private thenMs = 0;

  constructor(private readonly agenda: Agenda) {}

  get nowMs(): number {
    return this.thenMs + (this.agenda.nowMs - this.sinceMs) * this.rate;
  }

  /** When this clock will show that time, in the time of the agenda; as with any timer, not before. */
  whenShown(timeMs: number): number {
    if (this.sinceMs === 0) return timeMs;
    return this.sinceMs + (timeMs - this.thenMs) / this.rate + ROUNDING_MS;
  }

  /** @param rate how much passes here while a millisecond passes elsewhere */
  drift(rate: number): void {
    this.set(this.nowMs);
    this.rate = rate;
  }

  leap(durationMs: number): void {
    this.set(this.nowMs + durationMs);
  }

  private set(nowMs: number): void {
    this.thenMs = nowMs;
    this.sinceMs = this.agenda.nowMs;
  }
}
