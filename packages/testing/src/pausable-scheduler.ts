import type { Scheduler, Timer } from '@zk/contracts';

/**
 * The scheduler of something that can be stopped and continued, as a process by SIGSTOP and SIGCONT: what falls due
 * meanwhile happens when it is resumed, in the order in which it fell due.
 */
export class PausableScheduler implements Scheduler {
  private isPaused = false;
  private late: (() => void)[] = [];

  constructor(private readonly inner: Scheduler) {}

  after(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const timer = this.inner.after(delayMs, () =>
      this.run(() => {
        if (!isCancelled) callback();
      }),
    );
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  atTurnEnd(callback: () => void): void {
    this.inner.atTurnEnd(() => this.run(callback));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    const { late } = this;
    this.late = [];
    for (const callback of late) this.inner.atTurnEnd(() => this.run(callback));
  }

  private run(callback: () => void): void {
    if (this.isPaused) this.late.push(callback);
    else callback();
  }
}
