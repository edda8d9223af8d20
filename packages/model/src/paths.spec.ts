import * as fc from 'fast-check';
import { SYSTEM_PATHS, isValidPath, pathDefect } from './paths.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function isValidText(path: string): boolean {
  const bytes = encoder.encode(path);
  return isValidPath(bytes, 0, bytes.length);
}

const valid = [
  '/',
  '/a',
  '/a/b',
  '/a b',
  '/"quoted"',
  '/back\\slash',
  '/.a',
  '/..a',
  '/a.',
  '/a..',
  '/...',
  '/a/..x',
  '/\u00a0',
  '/\u00ff',
  '/ключ-節点',
  '/\ud7ff',
  '/\uf900',
  '/\uffef',
  '/~',
  '/\ufeff',
];

const invalid: [string, string][] = [
  ['', 'must not be empty'],
  ['a', 'must start with /'],
  ['a/b', 'must start with /'],
  ['/a/', 'must not end with /'],
  ['//', 'must not end with /'],
  ['/a//b', 'empty name at 3'],
  ['//a', 'empty name at 1'],
  ['/.', 'relative name "."'],
  ['/..', 'relative name ".."'],
  ['/a/.', 'relative name "."'],
  ['/a/..', 'relative name ".."'],
  ['/./a', 'relative name "."'],
  ['/a/../b', 'relative name ".."'],
  ['/a\u0000', 'forbidden character U+0000 at 2'],
  ['/\u0001', 'forbidden character U+0001'],
  ['/a\tb', 'forbidden character U+0009'],
  ['/\u001f', 'forbidden character U+001f'],
  ['/\u007f', 'forbidden character U+007f'],
  ['/\u0080', 'forbidden character U+0080'],
  ['/\u009f', 'forbidden character U+009f'],
  ['/😀', 'forbidden character U+d83d'],
  ['/\ud800', 'forbidden character U+d800'],
  ['/\udfff', 'forbidden character U+dfff'],
  ['/\ue000', 'forbidden character U+e000'],
  ['/\uf8ff', 'forbidden character U+f8ff'],
  ['/\ufff0', 'forbidden character U+fff0'],
  ['/\ufffd', 'forbidden character U+fffd'],
  ['/\uffff', 'forbidden character U+ffff'],
];

describe('a path', () => {
  it.each(valid)('%j is valid', (path) => {
    expect(pathDefect(path)).toBeUndefined();
    expect(isValidText(path)).toBe(true);
  });

  it.each(invalid)('%j is not: %s', (path, reason) => {
    expect(pathDefect(path)).toContain(reason);
    expect(isValidText(path)).toBe(false);
  });

  it.each(Object.values(SYSTEM_PATHS))('%s is one that every tree has', (path) => {
    expect(pathDefect(path)).toBeUndefined();
  });
});

describe('a path in bytes', () => {
  it.each([
    ['a continuation without a lead', [0x2f, 0x80]],
    ['an overlong slash', [0x2f, 0xc0, 0xaf]],
    ['an overlong sequence of three', [0x2f, 0xe0, 0x80, 0xaf]],
    ['a sequence cut short', [0x2f, 0xe2, 0x82]],
    ['a sequence broken off by another character', [0x2f, 0xe2, 0x82, 0x61]],
    ['half a sequence of two', [0x2f, 0xc3]],
    ['a sequence of two broken off', [0x2f, 0xc3, 0x2f]],
    ['a sequence of four', [0x2f, 0xf0, 0x9f, 0x98, 0x80]],
    ['a surrogate', [0x2f, 0xed, 0xa0, 0x80]],
    ['a byte that UTF-8 does not know', [0x2f, 0xff]],
  ])('is refused with %s in it', (_, bytes) => {
    expect(isValidPath(Uint8Array.from(bytes), 0, bytes.length)).toBe(false);
  });

  it('keeps to its range', () => {
    const bytes = encoder.encode('//a/b//');
    expect(isValidPath(bytes, 1, 5)).toBe(true);
    expect(isValidPath(bytes, 1, 6)).toBe(false);
    expect(isValidPath(bytes, 0, 3)).toBe(false);
    expect(isValidPath(bytes, 2, 2)).toBe(false);
  });

  it('does not take a sequence that its range cuts off', () => {
    const bytes = encoder.encode('/節');
    expect(isValidPath(bytes, 0, 4)).toBe(true);
    expect(isValidPath(bytes, 0, 3)).toBe(false);
  });
});

/** Text that comes close to being a path, so that both outcomes are frequent. */
const nearlyPath = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('/', '.', 'a', '/a', '/.', '/..') },
      { weight: 2, arbitrary: fc.constantFrom('ü', '節', '\u00a0', '\uffef', '\ud7ff', '\uf900') },
      fc.constantFrom('\u0000', '\u001f', '\u007f', '\u009f', '\ue000', '\ufffd', '😀', '\ud83d'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => `/${parts.join('')}`);

describe('the two forms of the rules', () => {
  it('agree on text', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyPath, fc.string({ unit: 'binary' })), (path) => {
        expect(isValidText(path)).toBe(pathDefect(path) === undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it('agree on bytes that need not be UTF-8, where a reader sees U+FFFD', () => {
    const bytesOfPath = fc
      .array(
        fc.oneof(
          nearlyPath.map((path) => [...encoder.encode(path)]),
          fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }),
          fc.tuple(fc.integer({ min: 0xc0, max: 0xff }), fc.integer({ min: 0x80, max: 0xbf })),
          fc.tuple(
            fc.integer({ min: 0xe0, max: 0xef }),
            fc.integer({ min: 0x80, max: 0xbf }),
            fc.integer({ min: 0x80, max: 0xbf }),
          ),
        ),
        { maxLength: 5 },
      )
      .map((parts) => Uint8Array.from([0x2f, ...parts.flat()]));
    fc.assert(
      fc.property(bytesOfPath, (bytes) => {
        expect(isValidPath(bytes, 0, bytes.length)).toBe(pathDefect(decoder.decode(bytes)) === undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it('agree on every character of the basic plane', () => {
    const disagreements: string[] = [];
    for (let unit = 0; unit <= 0xffff; unit++) {
      const path = `/a${String.fromCharCode(unit)}b`;
      if (isValidText(path) !== (pathDefect(path) === undefined)) disagreements.push(unit.toString(16));
    }
    expect(disagreements).toEqual([]);
  });
});
