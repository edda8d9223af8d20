import { ExitCode, UsageError } from './exit-codes.js';
import { explain } from './errors.js';
import { programHelp, USAGE_LINE } from './help.js';
import type { CliIo } from './io.js';
import { type LaunchOptions, readLaunchOptions } from './launch-options.js';
import { clientOptionsOf } from './client-options.js';
import { COMMANDS } from '../commands/registry.js';
import { runLines, runOnce, runScripts } from '../shell/batch.js';
import { CommandRunner } from '../shell/command-runner.js';
import { Output, wantsColour } from '../shell/output.js';
import { Shell } from '../shell/shell.js';
import { versionText } from '../version.js';

/** Time that a command gives the connection, unless it is told to wait for it: nobody looks at nothing for longer. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The whole program: reads the arguments, runs what they ask for, gives back the exit code. Never throws for anything a
 * user can cause.
 */
export async function main(io: CliIo): Promise<number> {
  let launch: LaunchOptions;
  try {
    launch = readLaunchOptions(io.argv, io.environment);
  } catch (error) {
    return refuse(io, error);
  }
  if (launch.wantsHelp || launch.wantsVersion) {
    io.out.write(launch.wantsHelp ? programHelp() : `zk-cli ${versionText()}\n`);
    await io.out.flushed();
    return ExitCode.ok;
  }
  const isInteractive =
    launch.command.length === 0 &&
    launch.scripts.length === 0 &&
    launch.file === undefined &&
    io.input.isTerminal &&
    io.out.isTerminal;
  let shell: Shell;
  try {
    shell = await openShell(io, launch, isInteractive);
  } catch (error) {
    return refuse(io, error);
  }
  try {
    return await run(new CommandRunner(shell, COMMANDS), launch, isInteractive);
  } finally {
    await shell.close();
    await Promise.all([io.out.flushed(), io.err.flushed()]);
  }
}

async function openShell(io: CliIo, launch: LaunchOptions, isInteractive: boolean): Promise<Shell> {
  const out = new Output(io, launch.isJson, wantsColour(io.out.isTerminal, io.environment));
  const shell = new Shell({
    io,
    out,
    servers: { text: launch.servers, options: await clientOptionsOf(launch, io.environment) },
    isZkCli: launch.isZkCli,
    tellsState: launch.isZkCli || isInteractive,
    connectTimeoutMs: launch.waitsForConnection ? launch.timeoutMs : Math.min(CONNECT_TIMEOUT_MS, launch.timeoutMs),
  });
  if (launch.isZkCli || isInteractive) out.print(`Connecting to ${launch.servers}`);
  return shell;
}

async function run(runner: CommandRunner, launch: LaunchOptions, isInteractive: boolean): Promise<number> {
  if (isInteractive) return (await import('../shell/interactive.js')).runInteractive(runner);
  if (launch.command.length > 0) return runOnce(runner, launch.command);
  if (launch.scripts.length > 0) return runScripts(runner, launch.scripts);
  return runLines(runner, launch.file);
}

function refuse(io: CliIo, error: unknown): number {
  const { message, exitCode } = explain(error);
  io.err.write(`${message}\n`);
  if (error instanceof UsageError) io.err.write(`${USAGE_LINE}\nzk-cli --help says more.\n`);
  return exitCode === ExitCode.ok ? ExitCode.failed : exitCode;
}
