import { aclCommands } from './acl.js';
import type { Command } from './command.js';
import { configCommands } from './config.js';
import { lockCommands } from './locks.js';
import { quotaCommands } from './quota.js';
import { readCommands } from './read.js';
import { serverCommands } from './servers.js';
import { shellCommands } from './shell-commands.js';
import { sessionCommands } from './session.js';
import { transferCommands } from './transfer.js';
import { treeCommands } from './trees.js';
import { watchCommands } from './watches.js';
import { writeCommands } from './write.js';

/** Every command there is. */
export const COMMANDS: readonly Command[] = [
  ...readCommands,
  ...writeCommands,
  ...aclCommands,
  ...quotaCommands,
  ...configCommands,
  ...sessionCommands,
  ...watchCommands,
  ...shellCommands,
  ...treeCommands,
  ...transferCommands,
  ...lockCommands,
  ...serverCommands,
];
