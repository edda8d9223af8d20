import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.js';
import { versionLine } from '../version.js';
import { DataDirectoryError, ExitCode, UsageError } from './exit-codes.js';
import { DESCRIPTION, HELP_AFTER, USAGE_LINE } from './help.js';
import type { CliIo } from './io.js';
import type { CliOptions } from './options.js';

type Run = (io: CliIo, options: CliOptions, args: readonly string[]) => Promise<number>;

/** Commands by name. Each is loaded only when it runs, so that a start does not pay for the others. */
const COMMANDS: readonly (readonly [name: string, summary: string, load: () => Promise<Run>])[] = [
  [
    'start',
    'run in the background; returns when the server answers',
    async () => (await import('./start.js')).runStart,
  ],
  [
    'start-foreground',
    'run as this process; logs on standard output',
    async () => (await import('./foreground.js')).runForeground,
  ],
  [
    'container',
    'write zoo.cfg and myid by ZOO_ variables where there are none, then as start-foreground',
    async () => (await import('./container.js')).runContainer,
  ],
  ['stop', 'stop the server of the pid file', async () => (await import('./stop.js')).runStop],
  ['restart', 'stop, then start', async () => restart],
  ['status', 'ask the server for its mode', async () => (await import('./status.js')).runStatus],
  [
    'print-cmd',
    'print the command that start would run',
    async () => (await import('./print-command.js')).runPrintCommand,
  ],
  ['version', 'print the version', async () => version],
];

/**
 * The whole program: reads the arguments, runs one command, gives back the exit code. Never throws for anything a user
 * can cause.
 */
export async function main(io: CliIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = new Command('zk-server');
  program
    .description(DESCRIPTION)
    .usage('[options] <command> [zoo.cfg | port datadir [ticktime] [maxcnxns]]')
    .version(versionLine(), '-V, --version', 'print the version')
    .option('--config <dir>', 'directory of the configuration file')
    .option('--port <port>', 'client port, as clientPort')
    .option('--address <host>', 'address to listen on, as clientPortAddress')
    .option('--data-dir <dir>', 'snapshots and logs, as dataDir')
    .option('--data-log-dir <dir>', 'transaction logs, as dataLogDir')
    .option('--set <key=value>', 'any key of zoo.cfg; may be repeated', collect)
    .option('-D <property=value>', 'any Java system property of ZooKeeper; may be repeated', collect)
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)')
    .option('--log-format <format>', 'pretty or json (default: pretty on a terminal, else json)')
    .addHelpText('after', HELP_AFTER)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out.write(text), writeErr: (text) => io.err.write(text) });
  for (const [name, summary, load] of COMMANDS) {
    program
      .command(name)
      .description(summary)
      .argument('[zoo.cfg...]', 'the configuration file, or: port datadir [ticktime] [maxcnxns]')
      .configureHelp({ showGlobalOptions: true })
      .action(async (args: string[]) => {
        exitCode = await (await load())(io, program.opts<CliOptions>(), args);
      });
  }
  program.action(() => {
    io.err.write(`${USAGE_LINE}\nzk-server --help says more.\n`);
    exitCode = ExitCode.invalidInvocation;
  });
  program.argument('[command]').allowExcessArguments();

  try {
    await program.parseAsync(io.argv, { from: 'user' });
  } catch (error) {
    return explain(io, error);
  }
  return exitCode;
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

async function restart(io: CliIo, options: CliOptions, args: readonly string[]): Promise<number> {
  const [{ runStop }, { runStart }] = await Promise.all([import('./stop.js'), import('./start.js')]);
  const stopped = await runStop(io, options, args);
  return stopped === ExitCode.ok ? runStart(io, options, args) : stopped;
}

function version(io: CliIo): Promise<number> {
  io.out.write(`${versionLine()}\n`);
  return Promise.resolve(ExitCode.ok);
}

function explain(io: CliIo, error: unknown): number {
  if (error instanceof CommanderError) {
    // commander has written what there is to say.
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.invalidInvocation;
  }
  if (error instanceof ConfigError) {
    const count = error.problems.length;
    io.err.write(`The configuration cannot be used (${count} problem${count === 1 ? '' : 's'}):\n`);
    for (const problem of error.problems) io.err.write(`  ${problem}\n`);
    return ExitCode.invalidInvocation;
  }
  if (error instanceof UsageError) {
    io.err.write(`${error.message}\n${USAGE_LINE}\n`);
    return ExitCode.invalidInvocation;
  }
  if (error instanceof DataDirectoryError) {
    io.err.write(`${error.message}\n`);
    return ExitCode.dataDirectory;
  }
  io.err.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return ExitCode.unexpectedError;
}
