import { ENOUGH, type PhaseFigures } from './reads.js';
import { judgeReads } from './slowdown.js';

const figures = (calmWindows: number, p99Us: number): PhaseFigures => ({
  windows: 100,
  calmWindows,
  p50Us: 100,
  p99Us,
  p99UsOfAll: 50_000,
});

const MEASURED = "another client's reads are at most 3 times slower";
const UNKNOWN = "how much slower another client's reads are can be judged";

test.each([
  ['as fast as before', figures(ENOUGH.quiet, 300), figures(ENOUGH.flooded, 300), MEASURED, true],
  ['three times slower', figures(ENOUGH.quiet, 300), figures(ENOUGH.flooded, 900), MEASURED, true],
  ['more than three times slower', figures(ENOUGH.quiet, 300), figures(ENOUGH.flooded, 901), MEASURED, false],
  ['never measured', figures(ENOUGH.quiet, Number.NaN), figures(ENOUGH.flooded, 900), MEASURED, false],
  ['fast, but hardly any was quiet', figures(ENOUGH.quiet - 1, 300), figures(100, 300), UNKNOWN, false],
  ['fast, but hardly any was flooded', figures(100, 300), figures(ENOUGH.flooded - 1, 300), UNKNOWN, false],
])('reads that were %s', (_, quiet, flooded, check, holds) => {
  expect(judgeReads({ quiet, flooded })).toMatchObject({ check, holds });
});

test('what could not be judged says so, and how much of it was calm', () => {
  const { detail } = judgeReads({ quiet: figures(4, 300), flooded: figures(100, 300) });
  expect(detail).toMatch(/^could not be judged: the machine was not calm/);
  expect(detail).toContain('4 calm of 100 s, 10 wanted, quiet');
});
