import fc from 'fast-check';
import { escapePropertyValue, parseProperties } from './properties.js';

describe('parseProperties', () => {
  it.each([
    ['an equals sign', 'a=b', 'a', 'b'],
    ['a colon', 'a:b', 'a', 'b'],
    ['a blank', 'a b', 'a', 'b'],
    ['blanks around the separator', '  a \t= \t b  ', 'a', 'b'],
    ['a second equals sign that belongs to the value', 'server.1=h:2888:3888=x', 'server.1', 'h:2888:3888=x'],
    ['no value', 'a=', 'a', ''],
    ['no separator', 'a', 'a', ''],
    ['an escaped separator in the key', 'a\\=b=c', 'a=b', 'c'],
    ['an escaped backslash', 'dataDir=C:\\\\zk\\\\data', 'dataDir', 'C:\\zk\\data'],
    ['a lost backslash, as Java loses it', 'dataDir=C:\\zk', 'dataDir', 'C:zk'],
    ['a unicode escape', 'a=\\u00e9', 'a', 'é'],
    ['a tab escape inside the value', 'a=x\\ty', 'a', 'x\ty'],
    ['a line that goes on', 'a=b,\\\n   c', 'a', 'b,c'],
    ['a hash inside the value', 'a=b # not a comment', 'a', 'b # not a comment'],
    ['a byte order mark', '\uFEFFa=b', 'a', 'b'],
  ])('reads %s', (_name, text, key, value) => {
    expect(parseProperties(text).entries).toEqual([{ key, value, line: 1, endLine: expect.any(Number) as number }]);
  });

  it('skips comments and blank lines and keeps line numbers', () => {
    const text = '# one\n! two\n\na=1\r\nb=2,\\\n  3\nc=4\n';
    expect(parseProperties(text).entries).toEqual([
      { key: 'a', value: '1', line: 4, endLine: 4 },
      { key: 'b', value: '2,3', line: 5, endLine: 6 },
      { key: 'c', value: '4', line: 7, endLine: 7 },
    ]);
  });

  it('does not continue a comment that ends in a backslash', () => {
    expect(parseProperties('# x \\\na=1').entries).toEqual([{ key: 'a', value: '1', line: 2, endLine: 2 }]);
  });

  it('does not continue a line that ends in an escaped backslash', () => {
    expect(parseProperties('a=x\\\\\nb=1').entries.map((entry) => entry.key)).toEqual(['a', 'b']);
  });

  it('reports a malformed unicode escape with its line', () => {
    expect(parseProperties('a=1\nb=\\u12').defects).toEqual([
      { line: 2, message: '\\u must be followed by four hexadecimal digits, got "12"' },
    ]);
  });

  it('gives back every value that was escaped', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const entry = parseProperties(`key=${escapePropertyValue(value)}`).entries[0];
        expect(entry?.value).toBe(value.trim());
      }),
    );
  });

  it('never throws and never invents entries', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '=', ':', '\\', '\n', '\r', ' ', '#', 'u', '0') }), (text) => {
        expect(parseProperties(text).entries.length).toBeLessThanOrEqual(text.split(/[\r\n]/).length);
      }),
    );
  });
});
