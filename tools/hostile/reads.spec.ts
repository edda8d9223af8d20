import { figuresOf, readsWithin, type ReadWindow } from './reads.js';

describe('reads within a window', () => {
  // One every 2 ms; the first was due at 1,000 ms.
  const latenciesUs = [0, 1, 2, 3, 4, 5];

  test.each([
    ['that they fill', 1_002, 1_008, [1, 2, 3]],
    ['that begins and ends between two of them', 1_001, 1_005, [1, 2]],
    ['that began before the first', 990, 1_004, [0, 1]],
    ['that the last came early in', 1_008, 2_000, [4, 5]],
    ['that was over before the first', 900, 1_000, []],
  ])('%s', (_, fromMs, toMs, expected) => {
    expect(readsWithin({ fromMs, toMs }, latenciesUs, 1_000)).toEqual(expected);
  });

  test('are in one of two windows that follow each other', () => {
    const first = readsWithin({ fromMs: 1_000, toMs: 1_005 }, latenciesUs, 1_000);
    const second = readsWithin({ fromMs: 1_005, toMs: 1_012 }, latenciesUs, 1_000);
    expect([...first, ...second]).toEqual(latenciesUs);
  });
});

test('figures are those of calm windows; what the others add is a figure of its own', () => {
  const window = (isCalm: boolean, fromMs: number): ReadWindow => ({
    phase: 'flooded',
    isCalm,
    fromMs,
    toMs: fromMs + 1_000,
  });
  const reads = new Map([
    [0, [100, 100, 100]],
    [1, [9_000, 9_000, 9_000]],
    [2, [100, 200, 300]],
  ]);
  const windows = [window(true, 0), window(false, 1), window(true, 2)];
  expect(figuresOf(windows, ({ fromMs }) => reads.get(fromMs) ?? [])).toEqual({
    windows: 3,
    calmWindows: 2,
    p50Us: 100,
    p99Us: 300,
    p99UsOfAll: 9_000,
  });
});
