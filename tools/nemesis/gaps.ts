/** How long clients went without an acknowledged write. */

/** The longest time in `from` .. `to` in which no write was acknowledged. */
export function longestGap(writes: readonly { readonly endMs: number }[], from: number, to: number): number {
  const moments = writes.map(({ endMs }) => endMs).filter((endMs) => endMs > from && endMs < to);
  let longest = 0;
  let last = from;
  for (const moment of [...moments.sort((a, b) => a - b), to]) {
    longest = Math.max(longest, moment - last);
    last = moment;
  }
  return longest;
}
