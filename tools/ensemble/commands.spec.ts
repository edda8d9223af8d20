import { parseCommand } from './commands.js';

describe('a command', () => {
  it.each([
    ['k 2', { action: 'kill', id: 2 }],
    ['kill 2', { action: 'kill', id: 2 }],
    ['  P3 ', { action: 'pause', id: 3 }],
    ['s 1', { action: 'start', id: 1 }],
    ['t 1', { action: 'terminate', id: 1 }],
    ['w 1', { action: 'wipe', id: 1 }],
    ['e 1', { action: 'exchange', id: 1 }],
    ['q', { action: 'quit' }],
    ['', { action: 'help' }],
    ['?', { action: 'help' }],
    ['help', { action: 'help' }],
  ])('"%s" is understood', (text, command) => {
    expect(parseCommand(text, 3)).toEqual(command);
  });

  it.each([
    ['k', 'kill which server? 1 to 3'],
    ['k 0', 'kill which server? 1 to 3'],
    ['k 4', 'kill which server? 1 to 3'],
    ['k two', 'kill which server? 1 to 3'],
    ['7', '"7" is no command'],
    ['jump 2', '"jump 2" is no command'],
  ])('"%s" is answered with what is wrong', (text, why) => {
    expect(parseCommand(text, 3)).toEqual({ action: 'unknown', why });
  });
});
