import type { Clock, RandomSource, Scheduler } from '@zk/contracts';

/** The clocks of this machine. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** Timers of the event loop. They do not keep the process alive. */
export const systemScheduler: Scheduler = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  atTurnEnd(callback) {
    setImmediate(callback);
  },
};

export const systemRandom: RandomSource = { next: () => Math.random() };
