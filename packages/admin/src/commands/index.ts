import type { Logger } from '@zk/contracts';
import { type BackupOptions, backupCommands } from './backup.js';
import type { Command } from './command.js';
import { CONNECTION_COMMANDS } from './connections.js';
import { ENSEMBLE_COMMANDS } from './ensemble.js';
import { processCommands } from './process.js';
import { STATISTICS_COMMANDS } from './statistics.js';
import { TREE_COMMANDS } from './tree.js';

export interface CommandOptions extends BackupOptions {
  /** Text of the configuration file; null when there is none. */
  readonly initialConfiguration: string | null;
}

/** Every command, by name and alias. */
export class CommandTable {
  private readonly byName = new Map<string, Command>();
  /** First names, sorted. */
  readonly names: readonly string[];

  constructor(options: CommandOptions, logger: Logger) {
    const commands = [
      ...processCommands(options.initialConfiguration),
      ...CONNECTION_COMMANDS,
      ...STATISTICS_COMMANDS,
      ...TREE_COMMANDS,
      ...ENSEMBLE_COMMANDS,
      ...backupCommands(options, logger),
    ];
    for (const command of commands) for (const name of command.names) this.byName.set(name, command);
    this.names = commands.map(({ names }) => names[0]).sort();
  }

  find(name: string): Command | undefined {
    return this.byName.get(name);
  }
}
