import { systemRuntime } from './system-runtime.js';

const HOUR_MS = 3_600_000;
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;
const { scheduler } = systemRuntime;

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('the timers of the machine', () => {
  it.each([
    ['nothing', 0],
    ['an hour', HOUR_MS],
    ['the longest that setTimeout waits', LONGEST_TIMEOUT_MS],
    ['a millisecond more', LONGEST_TIMEOUT_MS + 1],
    ['100 days', 2_400 * HOUR_MS],
  ])('wait for %s, neither longer nor shorter', (_what, delayMs) => {
    const rang = jest.fn();
    scheduler.after(delayMs, rang);
    if (delayMs > 0) jest.advanceTimersByTime(delayMs - 1);
    expect(rang).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(rang).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('never ring after an infinite time', () => {
    const rang = jest.fn();
    const timer = scheduler.after(Infinity, rang);
    jest.advanceTimersByTime(3 * LONGEST_TIMEOUT_MS);
    expect(rang).not.toHaveBeenCalled();
    timer.cancel();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('can be cancelled in any part of a long wait', () => {
    const rang = jest.fn();
    const timer = scheduler.after(2_400 * HOUR_MS, rang);
    jest.advanceTimersByTime(LONGEST_TIMEOUT_MS + 1);
    timer.cancel();
    expect(jest.getTimerCount()).toBe(0);
  });
});
