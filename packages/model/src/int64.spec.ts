import * as fc from 'fast-check';
import { compare64, counterOf, epochOf, hex64, hexOf, hiOf, int64, loOf, makeZxid, parseHex64 } from './int64.js';

const MIN = -(1n << 63n);
const MAX = (1n << 63n) - 1n;

const anyInt64 = fc.bigInt({ min: MIN, max: MAX });

/** Value, upper word, lower word, hexadecimal text. */
const table: [bigint, number, number, string][] = [
  [0n, 0, 0, '0'],
  [1n, 0, 1, '1'],
  [0x7fff_ffffn, 0, 0x7fff_ffff, '7fffffff'],
  [0x8000_0000n, 0, -0x8000_0000, '80000000'],
  [0xffff_ffffn, 0, -1, 'ffffffff'],
  [0x1_0000_0000n, 1, 0, '100000000'],
  [0x1_0000_000an, 1, 10, '10000000a'],
  [(1n << 53n) + 1n, 0x20_0000, 1, '20000000000001'],
  [0x1000015374d0000n, 0x1000015, 0x374d0000, '1000015374d0000'],
  [MAX, 0x7fff_ffff, -1, '7fffffffffffffff'],
  [MIN, -0x8000_0000, 0, '8000000000000000'],
  [-1n, -1, -1, 'ffffffffffffffff'],
  [-0x00ff_ffff_ffff_ffffn, -0x0100_0000, 1, 'ff00000000000001'],
];

describe('a 64-bit number', () => {
  it.each(table)('%s has its two words and its text', (value, hi, lo, text) => {
    expect([hiOf(value), loOf(value)]).toEqual([hi, lo]);
    expect(int64(hi, lo)).toBe(value);
    expect(hexOf(hi, lo)).toBe(text);
    expect(hex64(value)).toBe(text);
    expect(parseHex64(text)).toBe(value);
  });

  it('survives the way through words and through text', () => {
    fc.assert(
      fc.property(anyInt64, (value) => {
        expect(int64(hiOf(value), loOf(value))).toBe(value);
        expect(hexOf(hiOf(value), loOf(value))).toBe(hex64(value));
        expect(parseHex64(hex64(value))).toBe(value);
      }),
    );
  });

  it('may be given unsigned: the words are the same', () => {
    expect([hiOf(0xff00_0000_0000_0001n), loOf(0xff00_0000_0000_0001n)]).toEqual([-0x0100_0000, 1]);
    expect(int64(0xff00_0000, 0xffff_ffff)).toBe(-0x00ff_ffff_0000_0001n);
  });

  it('compares as the signed value does', () => {
    fc.assert(
      fc.property(anyInt64, anyInt64, (a, b) => {
        expect(Math.sign(compare64(hiOf(a), loOf(a), hiOf(b), loOf(b)))).toBe(a < b ? -1 : Number(a > b));
        expect(compare64(hiOf(a), loOf(a), hiOf(a), loOf(a))).toBe(0);
      }),
    );
  });

  it('compares its lower word unsigned', () => {
    expect(compare64(0, -1, 0, 1)).toBeGreaterThan(0);
    expect(compare64(-1, 0, 0, 0)).toBeLessThan(0);
  });
});

describe('hexadecimal text', () => {
  it.each([
    ['ABCDEF', 0xabcdefn],
    ['0000000000000001', 1n],
    ['FFFFFFFFFFFFFFFF', -1n],
  ])('%s is a number', (text, value) => {
    expect(parseHex64(text)).toBe(value);
  });

  it.each(['', '0x1', '-1', 'g', ' 1', '1 ', '1.0', '10000000000000000'])('"%s" is not', (text) => {
    expect(parseHex64(text)).toBeUndefined();
  });
});

describe('a zxid', () => {
  it.each([
    [0n, 0, 0],
    [0x1_0000_000an, 1, 10],
    [0x7fff_ffff_ffff_ffffn, 0x7fff_ffff, 0xffff_ffff],
    [-0x8000_0000_0000_0000n, 0x8000_0000, 0],
    [-1n, 0xffff_ffff, 0xffff_ffff],
    [0xffff_ffffn, 0, 0xffff_ffff],
  ])('%s has an epoch and a counter, both unsigned', (zxid, epoch, counter) => {
    expect([epochOf(zxid), counterOf(zxid)]).toEqual([epoch, counter]);
    expect(makeZxid(epoch, counter)).toBe(zxid);
  });

  it('is made of any epoch and any counter', () => {
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(word, word, (epoch, counter) => {
        const zxid = makeZxid(epoch, counter);
        expect([epochOf(zxid), counterOf(zxid)]).toEqual([epoch, counter]);
        expect(BigInt.asIntN(64, zxid)).toBe(zxid);
      }),
    );
  });

  it('takes epoch and counter modulo 2^32', () => {
    expect(makeZxid(2 ** 32 + 1, 2 ** 32 + 2)).toBe(makeZxid(1, 2));
  });
});
