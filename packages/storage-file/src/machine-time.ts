import type { Clock, Scheduler } from '@zk/contracts';

/** What the files need of a clock: how long something has taken. */
export type StorageClock = Pick<Clock, 'monotonicMs'>;

/** What the files need of a scheduler: pauses. */
export type StorageScheduler = Pick<Scheduler, 'after'>;

/** The time of this machine, where nobody gives another. Its timers do not keep the process alive. */
export const machineTime: StorageClock & StorageScheduler = {
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
