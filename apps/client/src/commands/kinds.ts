import type { Command } from './command.js';

/** What a command of zkCli that concerns the session is like: no options, no arguments needed, none that is a path. */
export const OF_SESSION = {
  options: [],
  args: { min: 0 },
  completes: 'none',
  isZkCli: true,
} as const satisfies Partial<Command>;

/** The same, for one that works without a connection. */
export const OF_SHELL = { ...OF_SESSION, isOffline: true } as const satisfies Partial<Command>;

/** What a command about any number of subtrees is like. */
export const OF_TREES = { args: { min: 0 }, globs: 'all', completes: 'all' } as const satisfies Partial<Command>;
