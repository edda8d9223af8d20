import { CommandError, ExitCode } from '../cli/exit-codes.js';
import { tokenize } from '../shell/tokenize.js';
import type { Command } from './command.js';
import { commandHelp, overview } from './help.js';
import { OF_SESSION, OF_SHELL } from './kinds.js';
import { commandNamed, namesOf } from './lookup.js';

const history: Command = {
  ...OF_SHELL,
  name: 'history',
  usage: '',
  summary: 'print the last lines, with their numbers',
  async run(call) {
    const lines = call.shell.history.recent();
    call.out.emit(lines, () => lines.map(({ number, line }) => `${number} - ${line}`).join('\n'));
  },
};

const redo: Command = {
  ...OF_SHELL,
  name: 'redo',
  usage: 'cmdno',
  summary: 'run a line of the history again',
  args: { min: 1 },
  async run(call) {
    const line = call.shell.history.at(call.args[0] as string);
    const words = tokenize(line);
    if (words[0]?.text === 'redo') throw new CommandError('No redoing redos', ExitCode.usage);
    call.shell.history.replaceLast(line);
    return call.runner.runWords(words, call.signal);
  },
};

const printWatches: Command = {
  ...OF_SESSION,
  name: 'printwatches',
  usage: 'on|off',
  summary: 'whether events of watches are printed',
  async run(call) {
    const { shell, out } = call;
    const [wanted] = call.args;
    if (wanted !== undefined) shell.printsWatches = wanted === 'on';
    if (wanted === undefined || out.isJson) {
      out.emit({ printwatches: shell.printsWatches }, `printwatches is ${shell.printsWatches ? 'on' : 'off'}`);
    }
  },
};

const quit: Command = {
  ...OF_SHELL,
  name: 'quit',
  usage: '',
  summary: 'end the session and the shell',
  async run(call) {
    // The exit code of the shell is that of the command before.
    const { exitCode } = call.shell;
    call.shell.isDone = true;
    await call.shell.close();
    return exitCode;
  },
};

const exit: Command = { ...quit, name: 'exit', summary: 'as quit', isZkCli: false };

const help: Command = {
  ...OF_SHELL,
  name: 'help',
  usage: '[command]',
  summary: 'say what commands there are, or what one does',
  args: { min: 0, max: 1 },
  isZkCli: false,
  async run(call) {
    const { commands } = call.runner;
    const [name] = call.args;
    if (name === undefined) {
      call.out.emit(namesOf(commands), () => overview(commands));
      return;
    }
    const command = commandNamed(commands, name);
    const { usage, summary, options } = command;
    call.out.emit({ name: command.name, usage, summary, options }, () => commandHelp(command));
  },
};

export const shellCommands: readonly Command[] = [history, redo, printWatches, quit, exit, help];
