/** A length of time: milliseconds, or text with a unit, as in `500`, `'30s'`, `'1.5m'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`;

const UNITS_MS: Readonly<Record<string, number>> = Object.freeze({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 });

/**
 * Milliseconds of a duration; Infinity stays Infinity.
 * @throws RangeError for a negative number, NaN, or text without a unit
 */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number') {
    if (duration >= 0) return duration;
    throw new RangeError(`a duration is not negative, but this one is ${duration}`);
  }
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration);
  if (match === null)
    throw new RangeError(`"${duration}" is not a duration; write milliseconds, or 250ms, 30s, 1.5m, 2h`);
  return Number(match[1]) * UNITS_MS[match[2]!]!;
}
