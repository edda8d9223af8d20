/**
 * Time, as an input. Nothing below the apps reads a clock of its own.
 *
 * The wall clock dates transactions and ages TTL nodes; the monotonic clock measures sessions, deadlines and
 * latencies, so a jump of the wall clock changes no timeout.
 */
export interface Clock {
  /** Milliseconds since 1970, whole. May jump. */
  wallMs(): number;
  /** Milliseconds since some fixed moment, fractional. Never goes back. */
  monotonicMs(): number;
}

/** A scheduled call that has not happened yet. */
export interface Timer {
  /** Idempotent; no effect once the call has happened. */
  cancel(): void;
}

/** Calls in the future. Callbacks never run inside the call that scheduled them. */
export interface Scheduler {
  /** Once, after at least `delayMs` of monotonic time. */
  after(delayMs: number, callback: () => void): Timer;
  /** Once, when the input that is waiting now has been read: the end of this turn of the event loop. */
  atTurnEnd(callback: () => void): void;
}

export const CLOCK = Symbol.for('@zk/Clock');
export const SCHEDULER = Symbol.for('@zk/Scheduler');
