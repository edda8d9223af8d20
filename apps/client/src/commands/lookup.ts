import { UnknownCommandError } from '../cli/exit-codes.js';
import { closest } from '../shell/suggest.js';
import type { Command } from './command.js';

/** zkCli tells `getAcl` from `getacl`; a shell need not. */
export function findCommand(commands: readonly Command[], name: string): Command | undefined {
  return commands.find((command) => command.name === name);
}

/** @throws UnknownCommandError that names the command which was perhaps meant */
export function commandNamed(commands: readonly Command[], name: string): Command {
  const command = findCommand(commands, name);
  if (command === undefined) throw new UnknownCommandError(name, closest(name, namesOf(commands)));
  return command;
}

export function namesOf(commands: readonly Command[]): readonly string[] {
  return commands.map(({ name }) => name);
}
