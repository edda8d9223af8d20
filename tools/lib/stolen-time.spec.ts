import { StolenTime } from './stolen-time.js';

const stat = (user: number, idle: number, stolen: number): string =>
  `cpu  ${user} 0 10 ${idle} 5 0 0 ${stolen} 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n`;

function percentBetween(before: string, after: string): number {
  const stats = [before, after];
  return new StolenTime(() => stats.shift()!).percent();
}

test.each([
  ['nothing is stolen from processors that rest', stat(100, 100, 50), stat(100, 900, 50), 0],
  ['nothing is stolen', stat(100, 100, 50), stat(300, 100, 50), 0],
  ['a quarter of what was wanted is stolen, however much they rest', stat(100, 0, 0), stat(400, 999, 100), 25],
  ['a kernel says nothing of it', 'cpu  100 0 0 50\n', 'cpu  200 0 0 50\n', 0],
])('%s', (_, before, after, percent) => {
  expect(percentBetween(before, after)).toBe(percent);
});
