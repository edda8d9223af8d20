import { CorruptionError } from './errors.js';
import { compare64, hexOf, int64 } from './int64.js';

/** How a zxid in a log stands to the one before it; after `next` nothing is missing. */
export type LogOrder = 'next' | 'repeated' | 'gap';

/** Every zxid is its predecessor plus one, or the first of a later epoch. */
export function orderOf(hi: number, lo: number, beforeHi: number, beforeLo: number): LogOrder {
  if (hi === beforeHi) return lo === ((beforeLo + 1) | 0) && lo !== 0 ? 'next' : lo === beforeLo ? 'repeated' : 'gap';
  const isNext = int64(hi, lo) === int64(beforeHi, beforeLo) + 1n;
  return isNext || (lo === 1 && compare64(hi, lo, beforeHi, beforeLo) > 0) ? 'next' : 'gap';
}

/** Something is missing, or out of order, before an entry of a log. */
export function gapError(
  path: string,
  offset: number,
  hi: number,
  lo: number,
  beforeHi: number,
  beforeLo: number,
): CorruptionError {
  const [found, before] = [hexOf(hi, lo), hexOf(beforeHi, beforeLo)];
  return new CorruptionError(
    path,
    offset,
    compare64(hi, lo, beforeHi, beforeLo) < 0
      ? `zxid 0x${found} follows 0x${before}, which is greater`
      : `zxid 0x${found} follows 0x${before}: the transactions between them are missing`,
    'A log file, or the end of one, has been lost. Restore it from a copy, or, in an ensemble, empty the data ' +
      'directories of this server and let it fetch a snapshot',
  );
}
