import { negotiateTimeout } from './timeout.js';

describe('negotiateTimeout', () => {
  it.each([
    [10_000, 4000, 40_000, 10_000],
    [4000, 4000, 40_000, 4000],
    [3999, 4000, 40_000, 4000],
    [0, 4000, 40_000, 4000],
    [-1, 4000, 40_000, 4000],
    [-2147483648, 4000, 40_000, 4000],
    [40_001, 4000, 40_000, 40_000],
    [2147483647, 4000, 40_000, 40_000],
    [5, 10, 7, 7],
  ])('grants for %d ms, with bounds %d and %d, %d ms', (requested, min, max, granted) => {
    expect(negotiateTimeout(requested, min, max)).toBe(granted);
  });
});
