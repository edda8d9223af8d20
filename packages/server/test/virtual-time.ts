import { CLOCK, type Clock, SCHEDULER, type Scheduler, type Timer } from '@zk/contracts';
import type { Registration } from '../src/index.js';

interface Due extends Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Turns of the event loop in which everything that one event sets off in memory has come to rest. */
const TURNS_TO_REST = 8;

/**
 * A clock that stands still until it is told to go on, and the timers that hang on it. Turns of the event loop are
 * real: `advance` lets what one timer sets off come to rest before it looks for the next one.
 */
export class VirtualTime implements Clock, Scheduler {
  private nowMs = 1_000_000;
  private wallOffsetMs = 1_770_000_000_000;
  private readonly timers = new Set<Due>();

  /** For a server that is to live in this time. */
  get registrations(): readonly Registration[] {
    return [
      [CLOCK, this],
      [SCHEDULER, this],
    ];
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.wallOffsetMs + this.nowMs;
  }

  /** The wall clock jumps, as when somebody sets it. */
  jumpWall(byMs: number): void {
    this.wallOffsetMs += byMs;
  }

  /** Something takes long, and meanwhile nobody else has a turn. */
  pass(ms: number): void {
    this.nowMs += ms;
  }

  after(delayMs: number, callback: () => void): Timer {
    const due: Due = { atMs: this.nowMs + delayMs, callback, cancel: () => this.timers.delete(due) };
    this.timers.add(due);
    return due;
  }

  atTurnEnd(callback: () => void): void {
    setImmediate(callback);
  }

  /** Lets time pass; every timer fires at its time. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.nowMs + byMs;
    await rest();
    for (let due = this.earliest(untilMs); due !== undefined; due = this.earliest(untilMs)) {
      this.timers.delete(due);
      const isOverdue = due.atMs < this.nowMs;
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
      // What should have been long ago comes all at once.
      if (!isOverdue) await rest();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    await rest();
  }

  /** Lets time pass until the promise settles. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => undefined);
    for (await rest(); !isSettled;) await this.advance(1);
    return settled;
  }

  private earliest(untilMs: number): Due | undefined {
    let earliest: Due | undefined;
    for (const due of this.timers) {
      if (due.atMs <= untilMs && (earliest === undefined || due.atMs < earliest.atMs)) earliest = due;
    }
    return earliest;
  }
}

/** Some turns of the event loop: whatever was set off in memory has happened. */
export async function rest(): Promise<void> {
  for (let i = 0; i < TURNS_TO_REST; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
