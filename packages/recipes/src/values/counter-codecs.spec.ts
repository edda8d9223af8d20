import { type Codec, utf8 } from '@zk/client-api';
import fc from 'fast-check';
import {
  CounterFormatError,
  decimalCodec,
  decimalInt32Codec,
  int32Codec,
  int64Codec,
  pythonFloatCodec,
} from './counter-codecs.js';

const hex = (data: Uint8Array | null): string => Buffer.from(data!).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('numbers in znodes', () => {
  it.each<[string, Codec<never>, unknown, string]>([
    ['SharedCount', int32Codec, 7, '00000007'],
    ['SharedCount', int32Codec, -2, 'fffffffe'],
    ['DistributedAtomicLong', int64Codec, 42n, '000000000000002a'],
    ['DistributedAtomicLong', int64Codec, 2n ** 63n - 1n, '7fffffffffffffff'],
    ['DistributedAtomicLong', int64Codec, -(2n ** 63n), '8000000000000000'],
    ['DistributedAtomicLong', int64Codec, 2n ** 53n + 1n, '0020000000000001'],
    ['Counter', decimalCodec, -3n, '2d33'],
    ['Counter', pythonFloatCodec, 1.5, '312e35'],
  ] as unknown as [string, Codec<never>, unknown, string][])('are written as by %s', (_who, codec, value, expected) => {
    expect(hex(codec.encode(value as never))).toBe(expected);
    expect(codec.decode(bytes(expected))).toBe(value);
  });

  it.each([null, new Uint8Array()])('are zero where there is nothing', (data) => {
    expect(
      [int32Codec, int64Codec, decimalCodec, decimalInt32Codec, pythonFloatCodec].map((c) => c.decode(data)),
    ).toEqual([0, 0n, 0n, 0, 0]);
  });

  it('are refused when something follows, or when cut short', () => {
    expect(() => int32Codec.decode(bytes('0000000709'))).toThrow(CounterFormatError);
    expect(() => int64Codec.decode(bytes('000000000000002a00'))).toThrow(CounterFormatError);
    expect(() => int32Codec.decode(utf8.encode('12345'))).toThrow('a number of 4 bytes was expected, but there are 5');
    expect(() => int64Codec.decode(utf8.encode('1234567890'))).toThrow(CounterFormatError);
    expect(() => int32Codec.decode(bytes('000007'))).toThrow(CounterFormatError);
    expect(() => int64Codec.decode(bytes('00000000000007'))).toThrow(CounterFormatError);
    for (const text of ['1.5', 'x', '0x10', '']) {
      if (text !== '') expect(() => decimalCodec.decode(utf8.encode(text))).toThrow(CounterFormatError);
    }
    expect(() => decimalInt32Codec.decode(utf8.encode('2147483648'))).toThrow(CounterFormatError);
    expect(() => pythonFloatCodec.decode(utf8.encode('one'))).toThrow(CounterFormatError);
  });

  it('are refused when they are too large to be written', () => {
    expect(() => int32Codec.encode(2 ** 31)).toThrow(RangeError);
    expect(() => int32Codec.encode(0.5)).toThrow(RangeError);
    expect(() => int64Codec.encode(2n ** 63n)).toThrow(RangeError);
  });

  it.each([
    [2, '2.0'],
    [-0, '-0.0'],
    [1e300, '1e+300'],
    [1e-7, '1e-07'],
    [NaN, 'nan'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('are written as Python writes a float: %d', (value, text) => {
    expect(utf8.decode(pythonFloatCodec.encode(value))).toBe(text);
    expect(pythonFloatCodec.decode(utf8.encode(text))).toBe(value);
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (n) => int64Codec.decode(int64Codec.encode(n)) === n,
      ),
    );
    fc.assert(fc.property(fc.integer(), (n) => int32Codec.decode(int32Codec.encode(n)) === n));
    fc.assert(fc.property(fc.bigInt(), (n) => decimalCodec.decode(decimalCodec.encode(n)) === n));
    fc.assert(fc.property(fc.double(), (n) => Object.is(pythonFloatCodec.decode(pythonFloatCodec.encode(n)), n)));
  });
});
