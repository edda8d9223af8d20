import { RateLimiter } from './rate-limiter.js';

describe('a rate limiter', () => {
  it.each([
    ['lets the first through', 1000, [0], [true]],
    ['lets nobody else through before the interval is over', 1000, [5, 6, 1004.9], [true, false, false]],
    [
      'counts the interval from the last that it let through',
      1000,
      [0, 999, 1000, 1999, 2000],
      [true, false, true, false, true],
    ],
    ['lets everybody through when there is no interval', 0, [7, 7, 7], [true, true, true]],
  ])('%s', (_title, intervalMs, times, expected) => {
    const limiter = new RateLimiter(intervalMs);
    const taken = times.map((nowMs) => limiter.tryTake({ monotonicMs: () => nowMs, wallMs: () => 0 }));
    expect(taken).toEqual(expected);
  });
});
