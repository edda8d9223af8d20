import type { Timer } from '@zk/contracts';

interface Due extends Timer {
  readonly delayMs: number;
  readonly callback: () => void;
}

/** A clock that stands still, and timers that go off when a test says so. */
export class ManualTime {
  #nowMs = 0;
  readonly #timers: Due[] = [];
  #wake: (() => void)[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const cancel = () => {
      if (this.#timers.includes(due)) this.#timers.splice(this.#timers.indexOf(due), 1);
    };
    const due: Due = { delayMs, callback, cancel };
    this.#timers.push(due);
    for (const wake of this.#wake.splice(0)) wake();
    return due;
  }

  /** How many timers have been set and neither cancelled nor set off. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Sets off the timer that was set first, once there is one. Resolves with its delay. */
  async elapse(): Promise<number> {
    while (this.#timers.length === 0) await new Promise<void>((resolve) => this.#wake.push(resolve));
    const due = this.#timers.shift()!;
    this.#nowMs += due.delayMs;
    due.callback();
    return due.delayMs;
  }
}
