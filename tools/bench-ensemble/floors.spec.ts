import { type Floor, judge } from './floors.js';
import { floorsFor } from './promises.js';

const summary = {
  workload: 'reads',
  name: 'throughput',
  unit: 'op/s',
  better: 'more',
  medians: { zk: 500, apache: 100 },
  values: { zk: [400, 500, 900], apache: [90, 100, 110] },
  ratio: 5,
} as const;

const floor = { workload: 'reads', figure: 'throughput' } as const;

describe('a floor', () => {
  it.each<[string, Partial<Floor> & Pick<Floor, 'of'>, boolean]>([
    ['a ratio that is reached', { of: 'ratio', atLeast: 5 }, true],
    ['a ratio that is not', { of: 'ratio', atLeast: 5.01 }, false],
    ['a median below its limit', { of: 'median', atMost: 500 }, true],
    ['a median above its limit', { of: 'median', atMost: 499 }, false],
    ['the slowest round, where more is better', { of: 'worst', atLeast: 400 }, true],
    ['the slowest round, too slow', { of: 'worst', atLeast: 401 }, false],
    ['both ends of a range', { of: 'median', atLeast: 1, atMost: 499 }, false],
  ])('judges %s', (_, limits, passed) => {
    expect(judge([{ ...floor, ...limits }], [summary])).toMatchObject([{ passed }]);
  });

  it('looks at the greatest value of a figure that should be small', () => {
    const gaps = { ...summary, better: 'less', values: { zk: [1, 120, 3] } } as const;
    expect(judge([{ ...floor, of: 'worst', atMost: 100 }], [gaps])).toMatchObject([{ passed: false, value: 120 }]);
  });

  it('says nothing about what was not measured', () => {
    const { workload, name, unit, better } = summary;
    const alone = { workload, name, unit, better, medians: { zk: 500 }, values: { zk: [500] } };
    expect(judge([{ ...floor, of: 'ratio', atLeast: 5 }], [alone])).toEqual([]);
    expect(judge([{ ...floor, workload: 'writes', of: 'median', atLeast: 5 }], [summary])).toEqual([]);
  });

  it('is not there in a smoke run', () => {
    expect(floorsFor(64, true)).toEqual([]);
    expect(floorsFor(2, false).length).toBeGreaterThan(0);
  });
});
