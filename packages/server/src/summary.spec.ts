import { Summary } from './summary.js';

describe('a summary', () => {
  it('has count, sum, extremes, average and percentiles of what it was told', () => {
    const summary = new Summary();
    for (const value of [30, 10, 20]) summary.add(value);
    const { count, sum, min, max, average } = summary;
    expect({ count, sum, min, max, average }).toEqual({ count: 3, sum: 60, min: 10, max: 30, average: 20 });
    expect([0, 0.5, 1].map((part) => summary.percentile(part))).toEqual([10, 20, 30]);
  });

  it('is all zero before the first value, and again after a reset', () => {
    const summary = new Summary();
    const zero = { count: 0, sum: 0, min: 0, max: 0, average: 0 };
    expect(summary).toMatchObject(zero);
    expect(summary.percentile(0.5)).toBe(0);
    summary.add(7);
    summary.reset();
    expect(summary).toMatchObject(zero);
    expect(summary.percentile(0.5)).toBe(0);
  });
});
