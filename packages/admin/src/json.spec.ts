import { type Json, NumberText, prettyJson } from './json.js';

describe('JSON as the admin server prints it', () => {
  it.each<[Json, string]>([
    [null, 'null'],
    [true, 'true'],
    [-1, '-1'],
    [72060859896758272n, '72060859896758272'],
    [-9223372036854775808n, '-9223372036854775808'],
    [new NumberText('0.0'), '0.0'],
    ['a "b" \\ \n é', '"a \\"b\\" \\\\ \\n é"'],
    [[], '[ ]'],
    [{}, '{ }'],
    [new Map(), '{ }'],
    [[1, 'two'], '[ 1, "two" ]'],
    [{ a: { b: 1 }, c: [] }, '{\n  "a" : {\n    "b" : 1\n  },\n  "c" : [ ]\n}'],
    [[{ a: 1 }, { a: 2 }], '[ {\n  "a" : 1\n}, {\n  "a" : 2\n} ]'],
    [
      new Map([
        ['20', [1n]],
        ['3', []],
      ]),
      '{\n  "20" : [ 1 ],\n  "3" : [ ]\n}',
    ],
  ])('%p is %j', (value, text) => {
    expect(prettyJson(value)).toBe(text);
  });
});
