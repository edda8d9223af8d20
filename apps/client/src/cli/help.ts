import { overview } from '../commands/help.js';
import { COMMANDS } from '../commands/registry.js';
import { COMPATIBLE_VERSION } from '../version.js';
import { EXIT_CODE_TEXTS } from './exit-codes.js';
import { LAUNCH_FLAGS } from './launch-options.js';

export const USAGE_LINE = 'Usage: zk-cli [-server host:port,…[/chroot]] [options] [command [args…]]';

/** What `zk-cli --help` prints. */
export function programHelp(): string {
  const flags = Object.values<{ names: readonly string[]; value?: string; summary: string }>(LAUNCH_FLAGS).map(
    ({ names, value, summary }) => {
      const [name = ''] = names;
      return [`-${name}${value === undefined ? '' : ` <${value}>`}`, summary] as const;
    },
  );
  const width = Math.max(...flags.map(([flag]) => flag.length));
  return `${USAGE_LINE}

A shell for ZooKeeper, as zkCli.sh of ${COMPATIBLE_VERSION} and more. Without a command it is interactive, or runs the lines of
standard input.

Options
${flags.map(([flag, summary]) => `  ${flag.padEnd(width)}  ${summary}`).join('\n')}

${overview(COMMANDS)}

Exit codes
${EXIT_CODE_TEXTS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`).join('\n')}

Examples
  zk-cli -server zk1:2181,zk2:2181/app           an interactive shell below /app
  zk-cli get -s /config                          one command
  zk-cli -c 'create /a; set /a "some text"'      some
  zk-cli --json ls -R / | jq -r .path            for programs
  zk-cli lock /locks/nightly -- ./backup.sh      hold a lock while a command runs
`;
}
