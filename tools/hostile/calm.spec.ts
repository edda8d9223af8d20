import { isCalm, takenBetween, type MachineReading } from './calm.js';

const start: MachineReading = { atMs: 5_000, stolenMs: 100, othersMs: 700 };

/** A second later. */
const after = (stolenMs: number, othersMs: number): MachineReading => ({
  atMs: start.atMs + 1_000,
  stolenMs: start.stolenMs + stolenMs,
  othersMs: start.othersMs + othersMs,
});

test('what was taken is a share of the time of all processors', () => {
  expect(takenBetween(start, after(50, 400), 4)).toEqual({ stolenPercent: 1.25, othersPercent: 10 });
});

test.each([
  ['nothing was taken', 0, 0, true],
  ['a single tick was stolen', 10, 0, true],
  ['two ticks were stolen', 20, 0, false],
  ['the services of the system ran now and then', 0, 90, true],
  ['another process was busy', 0, 1_000, false],
  ['the kernel counts less time for the machine than for the processes of the run', 0, -30, true],
])('a second on two processors in which %s', (_, stolenMs, othersMs, calm) => {
  expect(isCalm(takenBetween(start, after(stolenMs, othersMs), 2))).toBe(calm);
});
