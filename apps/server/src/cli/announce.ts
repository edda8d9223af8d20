import type { CliIo } from './io.js';

/** The line zkServer.sh begins with. */
export function announceConfig(io: Pick<CliIo, 'err'>, configFile: string | undefined): void {
  io.err.write(`Using config: ${configFile ?? 'no file, only flags and environment'}\n`);
}
