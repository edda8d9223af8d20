import { readFileSync } from 'node:fs';
import { codeOf, messageOf } from './errors.js';

describe('what is said of something that was thrown', () => {
  it.each([
    [new Error('it broke'), 'it broke', undefined],
    [Object.assign(new Error('gone'), { code: 'ENOENT' }), 'gone', 'ENOENT'],
    [{ message: 'of another realm', code: 7 }, 'of another realm', undefined],
    ['a text', 'a text', undefined],
    [undefined, 'undefined', undefined],
    [null, 'null', undefined],
  ])('of %p is %p, with the code %p', (error, message, code) => {
    expect([messageOf(error), codeOf(error)]).toEqual([message, code]);
  });

  it('is what the system says of a file that is not there', () => {
    try {
      readFileSync('/nowhere/at/all');
    } catch (error) {
      expect([messageOf(error), codeOf(error)]).toEqual([expect.stringMatching(/^ENOENT: no such file/), 'ENOENT']);
    }
    expect.assertions(1);
  });
});
