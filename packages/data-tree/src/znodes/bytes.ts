/**
 * Whether `length` bytes of `a` at `aStart` are those of `b` at `bStart`. Looks at the end first: siblings differ
 * there.
 */
export function isSameRange(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  let i = length;
  for (; i >= 4; i -= 4) {
    const p = aStart + i;
    const q = bStart + i;
    const difference =
      (a[p - 1]! ^ b[q - 1]!) | (a[p - 2]! ^ b[q - 2]!) | (a[p - 3]! ^ b[q - 3]!) | (a[p - 4]! ^ b[q - 4]!);
    if (difference !== 0) return false;
  }
  for (i--; i >= 0; i--) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}
