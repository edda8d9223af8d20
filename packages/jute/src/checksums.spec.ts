import { crc32 as zlibCrc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { utf8Bytes } from './bytes.js';
import { adler32, crc32 } from './checksums.js';

/** The definition of RFC 1950, one byte at a time. */
function plainAdler32(bytes: Uint8Array, seed = 1): number {
  let a = seed % 65536;
  let b = Math.floor(seed / 65536);
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** The definition of the reflected CRC, one bit at a time. */
function plainCrc32(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c;
}

const anyBytes = fc.uint8Array({ maxLength: 300 });

describe('adler32', () => {
  it.each([
    ['', 0x00000001],
    ['a', 0x00620062],
    ['abc', 0x024d0127],
    ['Wikipedia', 0x11e60398],
    ['message digest', 0x29750586],
  ])('of %j is the known value', (text, expected) => {
    expect(adler32(utf8Bytes(text), 0, utf8Bytes(text).length)).toBe(expected);
  });

  it('stays exact where the sums are largest', () => {
    const bytes = new Uint8Array(100_000).fill(0xff);
    expect(adler32(bytes, 0, bytes.length)).toBe(plainAdler32(bytes));
    expect(adler32(bytes, 0, bytes.length, 0xfff0fff0)).toBe(plainAdler32(bytes, 0xfff0fff0));
  });

  it.each([3799, 3800, 3801, 3807, 3808, 7600, 7601])('agrees with its definition over %i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 131) & 0xff);
    expect(adler32(bytes, 0, length)).toBe(plainAdler32(bytes));
  });

  it('agrees with its definition on any range of any bytes', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(300), fc.nat(300), (bytes, x, y) => {
        const start = Math.min(x, y, bytes.length);
        const end = Math.min(Math.max(x, y), bytes.length);
        expect(adler32(bytes, start, end)).toBe(plainAdler32(bytes.subarray(start, end)));
      }),
    );
  });

  it('continues from the checksum of what came before', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(300), (bytes, at) => {
        const cut = Math.min(at, bytes.length);
        expect(adler32(bytes, cut, bytes.length, adler32(bytes, 0, cut))).toBe(adler32(bytes, 0, bytes.length));
      }),
    );
  });
});

describe('crc32', () => {
  it.each([
    ['', 0],
    ['a', 0xe8b7be43],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j is the known value, as a signed word', (text, expected) => {
    expect(crc32(utf8Bytes(text), 0, utf8Bytes(text).length)).toBe(expected | 0);
  });

  it('agrees with its definition and with zlib on any range of any bytes', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(300), fc.nat(300), (bytes, x, y) => {
        const start = Math.min(x, y, bytes.length);
        const end = Math.min(Math.max(x, y), bytes.length);
        expect(crc32(bytes, start, end)).toBe(plainCrc32(bytes.subarray(start, end)));
        expect(crc32(bytes, start, end)).toBe(zlibCrc32(bytes.subarray(start, end)) | 0);
      }),
    );
  });

  it('continues from the checksum of what came before', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(300), (bytes, at) => {
        const cut = Math.min(at, bytes.length);
        expect(crc32(bytes, cut, bytes.length, crc32(bytes, 0, cut))).toBe(crc32(bytes, 0, bytes.length));
      }),
    );
  });
});
