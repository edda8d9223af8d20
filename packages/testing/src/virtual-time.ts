import type { Clock, Scheduler, Timer } from '@zk/contracts';
import { type Duration, durationMs } from '@zk/client-api';

interface Due extends Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Turns of the event loop in a row in which nothing was scheduled: promises have settled, and their consequences too. */
const QUIET_TURNS = 3;
/** Where monotonic time begins. Not 0, so that a subtraction that forgot its other side is noticed. */
const START_MS = 1_000_000;
/**
 * Steps of time in a millisecond. Every moment is a whole number of them, and a timer fires at the first that is not
 * too early: with sums of fractions that are rounded down, who waits for a moment could be woken just before it, ask for
 * the rest, and be woken in the same moment again, for ever.
 */
const STEPS = 1024;
/** Where the wall clock begins: a day in 2026. */
const START_WALL_MS = 1_770_000_000_000;

/**
 * A clock that stands still until it is told to go on, and the timers that hang on it, for a server and its clients at
 * once. Turns of the event loop stay real: what needs no time to pass happens as ever (a request over an in-memory
 * connection is answered while time stands still).
 */
export class VirtualTime implements Clock, Scheduler {
  private nowMs = START_MS;
  private wallOffsetMs = START_WALL_MS - START_MS;
  /** In order of time, and of scheduling where that is equal. */
  private readonly timers: Due[] = [];
  private turnEndsAhead = 0;

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return Math.floor(this.wallOffsetMs + this.nowMs);
  }

  after(delayMs: number, callback: () => void): Timer {
    const due: Due = {
      atMs: roundedUp(this.nowMs + Math.max(0, delayMs)),
      callback,
      cancel: () => {
        const index = this.timers.indexOf(due);
        if (index !== -1) this.timers.splice(index, 1);
      },
    };
    this.timers.splice(this.indexBehind(due.atMs), 0, due);
    return due;
  }

  atTurnEnd(callback: () => void): void {
    this.turnEndsAhead++;
    setImmediate(() => {
      this.turnEndsAhead--;
      callback();
    });
  }

  /** Timers that have not fired. */
  get pendingTimers(): number {
    return this.timers.length;
  }

  /** Lets time pass. Every timer fires at its time, in order, and what it sets off comes to rest before the next one. */
  async advance(by: Duration): Promise<void> {
    const untilMs = roundedUp(this.nowMs + durationMs(by));
    await this.settle();
    for (let due = this.timers[0]; due !== undefined && due.atMs <= untilMs; due = this.timers[0]) {
      this.timers.shift();
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
      await this.settle();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    await this.settle();
  }

  /** Lets as much time pass as the promise needs to settle. @throws Error when no timer is left that could bring it about */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (await this.settle(); !isSettled; await this.settle()) {
      const due = this.timers[0];
      if (due === undefined) throw new Error('the promise waits for something that no timer will bring about');
      await this.advance(Math.max(0, due.atMs - this.nowMs));
    }
    return promise;
  }

  /** Waits, without letting time pass, until nothing happens any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.turnEndsAhead > 0) quiet = -1;
    }
  }

  /**
   * The clock goes on by itself, and no timer fires meanwhile: a process that was busy, or a machine that slept. The timers
   * that have fallen due fire with the next {@link advance}, even by 0.
   */
  jump(by: Duration): void {
    this.nowMs = roundedUp(this.nowMs + durationMs(by));
  }

  /** Somebody sets the wall clock, forward or back; the monotonic one does not notice. */
  jumpWallClock(byMs: number): void {
    this.wallOffsetMs += byMs;
  }

  private indexBehind(atMs: number): number {
    let [low, high] = [0, this.timers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timers[middle]!.atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function roundedUp(ms: number): number {
  return Math.ceil(ms * STEPS) / STEPS;
}
