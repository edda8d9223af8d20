import { type Codec, utf8 } from '@zk/client-api';
import { hiOf, int64, loOf } from '@zk/model';

/**
 * How numbers are written (spec: recipes, sections 6.1, 6.2 and 14). All readers take a znode without data for zero, as
 * Curator's atomics and kazoo's Counter do. A binary number has its exact length, as everybody writes it: the beginning
 * of something longer, such as a number in text, is no number.
 */

/** A znode does not hold a number of the expected format: another recipe's, or damaged. */
export class CounterFormatError extends Error {
  override readonly name = 'CounterFormatError';
}

/** 4 bytes, big-endian, signed: Curator's SharedCount and DistributedAtomicInteger; kazoo's `support_curator=True`. */
export const int32Codec: Codec<number> = {
  encode(value) {
    if (!Number.isInteger(value) || value !== (value | 0)) throw new RangeError(`${value} is not a 32-bit integer`);
    const data = new Uint8Array(4);
    view(data).setInt32(0, value);
    return data;
  },
  decode: (data) => (isEmpty(data) ? 0 : view(exactly(data, 4)).getInt32(0)),
};

/** 8 bytes, big-endian, signed: Curator's DistributedAtomicLong. */
export const int64Codec: Codec<bigint> = {
  encode(value) {
    if (value !== BigInt.asIntN(64, value)) throw new RangeError(`${value} is not a 64-bit integer`);
    const data = new Uint8Array(8);
    view(data).setInt32(0, hiOf(value));
    view(data).setInt32(4, loOf(value));
    return data;
  },
  decode(data) {
    if (isEmpty(data)) return 0n;
    const bytes = view(exactly(data, 8));
    return int64(bytes.getInt32(0), bytes.getInt32(4));
  },
};

/** Decimal text: kazoo's Counter of integers, which have no limit. */
export const decimalCodec: Codec<bigint> = {
  encode: (value) => utf8.encode(`${value}`),
  decode(data) {
    if (isEmpty(data)) return 0n;
    const text = utf8.decode(data).trim();
    if (!/^[-+]?\d+$/.test(text)) throw new CounterFormatError(`"${text.slice(0, 40)}" is not an integer`);
    return BigInt(text.replace('+', ''));
  },
};

/** As {@link decimalCodec}, for a 32-bit number. */
export const decimalInt32Codec: Codec<number> = {
  encode: (value) => (int32Codec.encode(value), utf8.encode(`${value}`)),
  decode(data) {
    const value = Number(decimalCodec.decode(data));
    if (value !== (value | 0)) throw new CounterFormatError(`${value} is not a 32-bit integer`);
    return value;
  },
};

/** Text as Python writes a float, `1.5` or `2.0`: kazoo's Counter with a default that is a float. */
export const pythonFloatCodec: Codec<number> = {
  encode: (value) => utf8.encode(pythonFloat(value)),
  decode(data) {
    if (isEmpty(data)) return 0;
    const text = utf8.decode(data).trim();
    const known = PYTHON_NAMES.get(text.toLowerCase());
    if (known !== undefined) return known;
    const value = Number(text);
    if (text === '' || Number.isNaN(value)) throw new CounterFormatError(`"${text.slice(0, 40)}" is not a number`);
    return value;
  },
};

const PYTHON_NAMES = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['-inf', -Infinity],
]);

function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  // Python writes exponents of two digits at least, and a fraction where there is no exponent.
  const exponent = /^(.+)e([-+])(\d+)$/.exec(text);
  if (exponent !== null) return `${exponent[1]}e${exponent[2]}${exponent[3]!.padStart(2, '0')}`;
  return text.includes('.') ? text : `${text}.0`;
}

function isEmpty(data: Uint8Array | null): data is null {
  return data === null || data.length === 0;
}

function exactly(data: Uint8Array, length: number): Uint8Array {
  if (data.length === length) return data;
  throw new CounterFormatError(`a number of ${length} bytes was expected, but there are ${data.length}`);
}

function view(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
