/** From this length on, names that differ in so many letters are taken for the same one. */
const SHORTEST_NEAR = 5;
const SHORTEST_FAR = 8;

/**
 * The known name that somebody has probably meant: equal but for case or a unit at the end (`timeoutMs`), or a slip or
 * two away from it, by length. Undefined when there is none.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const plain = withoutUnit(name);
  return known.find((other) => isNear(plain, withoutUnit(other)));
}

function withoutUnit(name: string): string {
  return name.toLowerCase().replace(/ms$/, '');
}

function isNear(a: string, b: string): boolean {
  if (a === b) return true;
  const length = Math.min(a.length, b.length);
  const slips = length >= SHORTEST_FAR ? 2 : length >= SHORTEST_NEAR ? 1 : 0;
  return Math.abs(a.length - b.length) <= slips && distance(a, b) <= slips;
}

/** How many letters must be put in, left out, changed, or swapped with the next one (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, changed, isSwap ? before[j - 2]! + 1 : Infinity));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
