import { quoteWord, splitCommands, tokenize } from './tokenize.js';

describe('tokenize', () => {
  it.each([
    ['', []],
    ['  ls   /a\t', ['ls', '/a']],
    ['create /a "two words"', ['create', '/a', 'two words']],
    [`create /a 'it "is"'`, ['create', '/a', 'it "is"']],
    ['create /a un"quoted', ['create', '/a', 'un"quoted']],
    [`create /a 'ab'cd`, ['create', '/a', 'ab', 'cd']],
    ['create /a "never closed', ['create', '/a', 'never', 'closed']],
    ['create /a ""', ['create', '/a', '']],
    ['create /a x\\ y', ['create', '/a', 'x\\', 'y']],
  ])('splits %j as zkCli does', (line, words) => {
    expect(tokenize(line).map(({ text }) => text)).toEqual(words);
  });

  it('remembers what was in quotes, so that it is no pattern', () => {
    expect(tokenize('ls "/a*" /b*').map(({ isQuoted }) => isQuoted)).toEqual([false, true, false]);
  });
});

describe('quoteWord', () => {
  it.each(['/a', 'two words', `it's`, 'say "hi"', '', '/a*'])('writes %j so that it is read back', (text) => {
    expect(tokenize(quoteWord(text)).map((word) => word.text)).toEqual([text]);
  });
});

describe('splitCommands', () => {
  it.each([
    ['ls /; get /a', ['ls /', 'get /a']],
    [`set /a "x; y"; ls /`, ['set /a "x; y"', 'ls /']],
    ['ls /\nls /b;', ['ls /', 'ls /b']],
    [' ; ', []],
  ])('splits %j', (text, commands) => {
    expect(splitCommands(text)).toEqual(commands);
  });
});
