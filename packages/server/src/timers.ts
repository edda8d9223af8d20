import type { Scheduler, Timer } from '@zk/contracts';

/** Timers of one server, which end together when it stops. */
export class Timers {
  private readonly pending = new Set<Timer>();
  private isOver = false;

  constructor(private readonly scheduler: Scheduler) {}

  after(delayMs: number, action: () => void): void {
    if (this.isOver) return;
    const timer = this.scheduler.after(delayMs, () => {
      this.pending.delete(timer);
      action();
    });
    this.pending.add(timer);
  }

  /** First after one interval; not at all when it is not above 0. */
  every(intervalMs: number, action: () => void): void {
    if (!(intervalMs > 0)) return;
    this.after(intervalMs, () => {
      action();
      this.every(intervalMs, action);
    });
  }

  /** At the end of the present turn, unless it is all over by then. */
  atTurnEnd(action: () => void): void {
    this.scheduler.atTurnEnd(() => {
      if (!this.isOver) action();
    });
  }

  cancelAll(): void {
    this.isOver = true;
    for (const timer of this.pending) timer.cancel();
    this.pending.clear();
  }
}
