import { optionLines, COMMON_OPTIONS } from '../shell/options.js';
import { type Command, usageLine } from './command.js';

/** The usage that zkCli prints for a command it does not know: those of the commands that are its own, sorted. */
export function zkCliUsage(commands: readonly Command[]): string {
  const lines = commands
    .filter(({ isZkCli }) => isZkCli === true)
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
export function overview(commands: readonly Command[]): string {
  const [theirs, ours] = [true, false].map((isZkCli) =>
    commands.filter((command) => (command.isZkCli === true) === isZkCli),
  ) as [Command[], Command[]];
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = (some: readonly Command[]): readonly string[] =>
    some.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).sort(compareText);
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
