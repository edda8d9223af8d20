import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { UsageError, ExitCode } from '../cli/exit-codes.js';
import type { EndSignal } from '../cli/io.js';
import type { CommandRunner } from './command-runner.js';
import type { Shell } from './shell.js';
import { splitCommands } from './tokenize.js';

const SIGNAL_NUMBERS: Readonly<Record<EndSignal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

type Step = (signal: AbortSignal) => Promise<number>;

/** One command, given as arguments. */
export function runOnce(runner: CommandRunner, command: readonly string[]): Promise<number> {
  // The system's shell has taken the quotes away; a pattern it left alone is one for us.
  const words = command.map((text) => ({ text, isQuoted: text === '' }));
  return untilSignal(runner.shell, async (signal) => {
    open(runner.shell);
    return runner.runWords(words, signal);
  });
}

/** The texts of `-c`. Ends at the first failure: who writes several commands in one line means them to go together. */
export function runScripts(runner: CommandRunner, scripts: readonly string[]): Promise<number> {
  const { shell } = runner;
  return untilSignal(shell, async (signal) => {
    open(shell);
    for (const line of scripts.flatMap(splitCommands)) {
      const exitCode = await runner.runLine(line, signal);
      if (exitCode !== ExitCode.ok || shell.isDone) return exitCode;
    }
    return shell.exitCode;
  });
}

/** The lines of a file, or of standard input, as zkCli reads them: a failure ends nothing; the last exit code counts. */
export function runLines(runner: CommandRunner, file: string | undefined): Promise<number> {
  const { shell } = runner;
  return untilSignal(shell, async (signal) => {
    if (shell.options.isZkCli) {
      shell.out.print('Welcome to ZooKeeper!');
      shell.out.print('JLine support is disabled');
    }
    const input = file === undefined || file === '-' ? shell.io.input.stream : createReadStream(file);
    open(shell);
    try {
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        // zkCli has no comments; nobody has a command that begins with one.
        if (line.trimStart().startsWith('#') && !shell.options.isZkCli) continue;
        await runner.runLine(line, signal);
        if (shell.isDone || signal.aborted) break;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      shell.out.complain(`cannot read ${file ?? 'standard input'}: ${(error as Error).message}`);
      return ExitCode.failed;
    }
    return shell.exitCode;
  });
}

/** @throws UsageError for a connection string that is none */
function open(shell: Shell): void {
  try {
    shell.connection.open();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A first signal interrupts the command, in order; a second one ends the program at once. */
async function untilSignal(shell: Shell, step: Step): Promise<number> {
  const interrupt = new AbortController();
  let received: EndSignal | undefined;
  const stopListening = shell.io.processes.onSignal((signal) => {
    if (received !== undefined) shell.io.processes.exitNow(128 + SIGNAL_NUMBERS[signal]);
    received = signal;
    interrupt.abort();
  });
  try {
    const exitCode = await step(interrupt.signal);
    // A command that ran another one has its code, even when both were interrupted.
    return received !== undefined && (exitCode === ExitCode.ok || exitCode === ExitCode.interrupted)
      ? 128 + SIGNAL_NUMBERS[received]
      : exitCode;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    shell.out.complain(error.message);
    return shell.options.isZkCli ? ExitCode.failed : error.exitCode;
  } finally {
    stopListening();
  }
}
