import * as fc from 'fast-check';
import { Histogram } from './histogram.js';
import { LatencyStats } from './stats.js';

const filled = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

describe('a histogram', () => {
  it.each([
    [[], 0.5, 0],
    [[7], 0.5, 7],
    [[7], 0.999, 7],
    [[1, 2, 3, 4], 0.5, 2],
    [[1, 2, 3, 4], 0.51, 3],
    [[0, 0, 0, 9], 0.75, 0],
    [[0, 0, 0, 9], 0.76, 9],
    [[0.4, 0.5, 1023.6], 1, 1024],
    [[1e12], 1, 0x7800_0000],
  ])('of %j has as percentile %d the value %d', (values, part, expected) => {
    expect(filled(values).percentile(part)).toBe(expected);
  });

  it('is exact below 1024, and at most an eighth too low above', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (values, part) => {
          const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(part * values.length)) - 1]!;
          const found = filled(values).percentile(part);
          expect(found).toBeLessThanOrEqual(exact);
          expect(found).toBeGreaterThanOrEqual(exact < 1024 ? exact : exact * (7 / 8));
        },
      ),
    );
  });

  it('can be told of some values alone, once it knows of all', () => {
    const rest = filled([1, 1, 5, 9]).without(filled([1, 9]));
    expect([rest.count, rest.percentile(0), rest.percentile(1)]).toEqual([2, 1, 5]);
  });

  it('begins anew', () => {
    const histogram = filled([5]);
    histogram.clear();
    expect([histogram.count, histogram.percentile(1)]).toEqual([0, 0]);
  });
});

describe('latencies', () => {
  it('are counted by their size, until they are reset', () => {
    const stats = new LatencyStats();
    for (const latencyMs of [0, 0, 0, 12.4]) stats.record(latencyMs);
    expect([stats.histogram.percentile(0.5), stats.histogram.percentile(0.99)]).toEqual([0, 12]);
    stats.reset();
    expect(stats.histogram.count).toBe(0);
  });
});
