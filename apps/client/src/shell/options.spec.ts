import { type OptionSpec, parseWords } from './options.js';
import { tokenize } from './tokenize.js';

const SPECS: readonly OptionSpec[] = [
  { letter: 's', name: 'stat', summary: '' },
  { letter: 'R', name: 'recursive', summary: '' },
  { letter: 'v', name: 'version', value: 'version', summary: '' },
  { name: 'members', value: 'servers', summary: '' },
];

function parsed(line: string): {
  options: Record<string, readonly string[]>;
  args: string[];
  rest?: readonly string[];
} {
  const { options, args, rest } = parseWords(tokenize(line), SPECS);
  const found = { options: Object.fromEntries(options), args: args.map(({ text }) => text) };
  return rest === undefined ? found : { ...found, rest };
}

describe('parseWords', () => {
  it.each([
    ['-s /a', { options: { stat: [''] }, args: ['/a'] }],
    ['/a x -s', { options: { stat: [''] }, args: ['/a', 'x'] }],
    ['-sR /a', { options: { stat: [''], recursive: [''] }, args: ['/a'] }],
    ['-v 5 /a', { options: { version: ['5'] }, args: ['/a'] }],
    ['-v5 /a', { options: { version: ['5'] }, args: ['/a'] }],
    ['-v -1 /a', { options: { version: ['-1'] }, args: ['/a'] }],
    ['--version=7 /a', { options: { version: ['7'] }, args: ['/a'] }],
    ['-members a=b;c', { options: { members: ['a=b;c'] }, args: [] }],
    ['--json /a', { options: { json: [''] }, args: ['/a'] }],
    ['/a "-s"', { options: {}, args: ['/a', '-s'] }],
    ['/a -- -s x', { options: {}, args: ['/a'], rest: ['-s', 'x'] }],
  ])('reads %j', (line, result) => {
    expect(parsed(line)).toEqual(result);
  });

  it.each([
    ['-x /a', 'Unrecognized option: -x'],
    ['/a -5', 'Unrecognized option: -5'],
    ['--verison 1', 'Unrecognized option: --verison\nDid you mean --version?'],
    ['-v', 'Missing argument for option: v'],
    ['-v -s /a', 'Missing argument for option: v'],
    ['--stat=1', 'Option takes no value: --stat=1'],
  ])('refuses %j', (line, message) => {
    expect(() => parsed(line)).toThrow(message);
  });
});
