import { announceConfig } from './announce.js';
import { ExitCode } from './exit-codes.js';
import { loadServerConfig } from './foreground.js';
import type { CliIo } from './io.js';
import { locateConfig } from './locate-config.js';
import { argumentsFor, type CliOptions } from './options.js';
import { logFileOf } from './start.js';

/** `print-cmd`: the command `start` would run, ready for a shell. */
export async function runPrintCommand(io: CliIo, options: CliOptions, args: readonly string[]): Promise<number> {
  const configFile = locateConfig(io, options, args);
  announceConfig(io, configFile);
  const { config } = await loadServerConfig(io, options, args, configFile);
  const words = io.processes.commandLine(argumentsFor('start-foreground', options, args)).map(quote);
  io.out.write(`${words.join(' ')} > ${quote(logFileOf(io, config))} 2>&1 < /dev/null\n`);
  return ExitCode.ok;
}

function quote(word: string): string {
  return `"${word.replace(/[\\"$`]/g, '\\$&')}"`;
}
