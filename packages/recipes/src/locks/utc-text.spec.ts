import fc from 'fast-check';
import { utcMs, utcText } from './utc-text.js';

const FIRST = Date.UTC(1, 0, 1);
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59);

it('writes and reads what Date does, for every second of ten thousand years', () => {
  fc.assert(
    fc.property(fc.integer({ min: FIRST, max: LAST }), (ms) => {
      const text = utcText(ms);
      expect(`${text}.000Z`).toBe(new Date(Math.floor(ms / 1_000) * 1_000).toISOString());
      expect(utcMs(text)).toBe(Math.floor(ms / 1_000) * 1_000);
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  '2000-02-29T00:00:00',
  '1999-12-31T23:59:59',
  '2000-03-01T00:00:00',
  '1970-01-01T00:00:00',
  '2100-02-28T12:00:00',
])('knows %s', (text) => expect(utcText(utcMs(text)!)).toBe(text));

it.each(['', '2030-01-02', '2030-13-01T00:00:00', '2030-01-02T00:00:00Z'])('refuses "%s"', (text) =>
  expect(utcMs(text)).toBeUndefined(),
);

it('ignores a fraction, which Python leaves out only where it is zero', () => {
  expect(utcMs('2030-01-02T04:14:05.678901')).toBe(Date.UTC(2030, 0, 2, 4, 14, 5));
});
