import type { OptionSpec } from '../shell/options.js';

/** Options that mean the same in several commands. */
export const OPTIONS = {
  stat: { letter: 's', name: 'stat', summary: 'print the stat as well' },
  watch: { letter: 'w', name: 'watch', summary: 'watch, once' },
  version: { letter: 'v', name: 'version', value: 'version', summary: 'only if the znode has this version' },
} as const satisfies Readonly<Record<string, OptionSpec>>;
