import { optionLines, COMMON_OPTIONS } from '../shell/options.js';
import { type Command, usageLine } from './command.js';
import { COMMANDS } from './registry.js';

/** The usage that zkCli prints for a command it does not know: its own commands, sorted. */
export function zkCliUsage(): string {
  const lines = COMMANDS.filter(({ isZkCli }) => isZkCli === true)
    .map(usageLine)
    .sort(compareText);
  return ['ZooKeeper -server host:port -client-configuration properties-file cmd args', ...lines].join('\n\t');
}

/** All about one command. */
export function commandHelp(command: Command): string {
  const parts = [`usage: ${usageLine(command)}`.trimEnd(), '', capitalised(command.summary)];
  if (command.details !== undefined) parts.push('', command.details.trim());
  parts.push('', 'Options', ...optionLines([...command.options, ...COMMON_OPTIONS]));
  return parts.join('\n');
}

/** One line per command. */
export function overview(): string {
  const [theirs, ours] = [true, false].map((isZkCli) =>
    COMMANDS.filter((command) => (command.isZkCli === true) === isZkCli),
  ) as [Command[], Command[]];
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = (commands: readonly Command[]): readonly string[] =>
    commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).sort(compareText);
  return [
    'Commands of zkCli',
    ...lines(theirs),
    '',
    'More',
    ...lines(ours),
    '',
    'help COMMAND, or COMMAND --help, says all about one.',
  ].join('\n');
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** By code unit, as Java sorts: capitals first. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
