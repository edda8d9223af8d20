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

/**
 * Keeps the process alive until `work` has settled. Between the opening of the storage and the listener, and again
 * after it, nothing else may: the timers above do not, threads do so only while they are asked for an answer, and a
 * process with nothing left to wait for ends, in silence and with exit code 0.
 */
export async function keepProcess<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => undefined, 0x7fff_ffff);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
