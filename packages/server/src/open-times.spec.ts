import { OpenTimes } from './open-times.js';

const begun = (...timesMs: readonly number[]): OpenTimes => {
  const times = new OpenTimes();
  for (const ms of timesMs) times.begin(ms);
  return times;
};

const ended = (times: OpenTimes, count: number): (number | undefined)[] =>
  Array.from({ length: count }, () => times.end());

describe('the times of what is open', () => {
  it.each<[string, readonly number[]]>([
    ['one', [7]],
    ['several of one turn', [7, 7, 7]],
    ['several turns', [1, 1, 2, 5, 5, 5, 9]],
  ])('come back oldest first, and then no more: %s', (_, timesMs) => {
    expect(ended(begun(...timesMs), timesMs.length + 1)).toEqual([...timesMs, undefined]);
  });

  it('take one place for each turn, not one for each that began', () => {
    expect(begun(1, 1, 1, 2, 2).places).toBe(2);
  });

  it('are gone when they are cleared', () => {
    const times = begun(1, 2);
    times.clear();
    times.begin(3);
    expect(ended(times, 2)).toEqual([3, undefined]);
  });

  it('take no more room the longer it goes on, though something is always open', () => {
    const times = begun(0);
    let most = 0;
    for (let ms = 1; ms <= 100_000; ms++) {
      times.begin(ms);
      expect(times.end()).toBe(ms - 1);
      most = Math.max(most, times.places);
    }
    expect(most).toBeLessThan(3000);
  });
});
