import { copyBytes, equalBytes } from './bytes.js';

const source = Uint8Array.from({ length: 256 }, (_, i) => i);

describe('copied bytes', () => {
  it.each([0, 1, 7, 8, 9, 39, 40, 41, 48, 200])(
    'are all %i of them, at their place, and nothing around them',
    (length) => {
      for (const [start, at] of [
        [0, 0],
        [3, 5],
      ] as const) {
        const target = new Uint8Array(256).fill(0xff);
        const expected = [...target];
        expected.splice(at, length, ...source.subarray(start, start + length));
        expect(copyBytes(source, start, start + length, target, at)).toBe(at + length);
        expect([...target]).toEqual(expected);
      }
    },
  );

  it('may be a whole array', () => {
    const target = new Uint8Array(300);
    expect(copyBytes(source, 0, source.length, target, 44)).toBe(300);
    expect(target.subarray(44)).toEqual(source);
  });
});

describe('ranges of bytes', () => {
  it.each<[string, number, number, number[], boolean]>([
    ['the same bytes', 2, 5, [9, 2, 3, 4, 9], true],
    ['another first byte', 2, 5, [9, 0, 3, 4, 9], false],
    ['another last byte', 2, 5, [9, 2, 3, 0, 9], false],
    ['fewer bytes', 2, 4, [9, 2, 3, 4, 9], false],
    ['more bytes', 2, 6, [9, 2, 3, 4, 9], false],
  ])('with %s', (_what, start, end, other, expected) => {
    expect(equalBytes(source, start, end, Uint8Array.from(other), 1, 4)).toBe(expected);
  });

  it('without bytes are equal, wherever they are', () => {
    expect(equalBytes(source, 7, 7, source, 0, 0)).toBe(true);
  });
});
