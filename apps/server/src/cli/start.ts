import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { makeDirectories } from '@zk/storage-file';
import { messageOf } from '../errors.js';
import type { ServerConfig } from '../config/server-config.js';
import { announceConfig } from './announce.js';
import { prepareDataDirectories, prepareDirectory } from './data-directories.js';
import { ExitCode } from './exit-codes.js';
import { loadServerConfig } from './foreground.js';
import { FOREGROUND, mayBeServer, pidFileOf, readPid } from './instance.js';
import type { CliIo, SpawnedServer } from './io.js';
import { locateConfig } from './locate-config.js';
import { argumentsFor, loggingOf, type CliOptions } from './options.js';
import { userName } from './user-name.js';

/** Loading many znodes takes time; after this the server is left to it. */
const PATIENCE_MS = 60_000;
const TAIL_LINES = 8;

/** Where a background server writes: ZOO_LOG_DIR, else `logs` in the data directory; the file's name is Apache's. */
export function logFileOf(
  io: Pick<CliIo, 'environment' | 'workingDirectory'>,
  config: Pick<ServerConfig, 'dataDir'>,
): string {
  const given = io.environment['ZOO_LOG_DIR'];
  const directory =
    given === undefined || given === '' ? join(config.dataDir, 'logs') : resolve(io.workingDirectory, given);
  return join(directory, `zookeeper-${userName()}-server-${hostname()}.out`);
}

/**
 * `start`: runs the server in the background and returns when it answers.
 * @throws ConfigError, UsageError, DataDirectoryError: all before anything was started
 */
export async function runStart(io: CliIo, options: CliOptions, args: readonly string[]): Promise<number> {
  loggingOf(options, io.environment, false);
  const configFile = locateConfig(io, options, args);
  announceConfig(io, configFile);
  const { config, warnings } = await loadServerConfig(io, options, args, configFile);
  for (const warning of warnings) io.err.write(`warning: ${warning}\n`);
  const missing = missingDataDirectory(io, config);
  if (missing !== undefined) {
    io.out.write(`ZooKeeper data directory is missing at ${missing} fix the path or run initialize\n`);
    return ExitCode.unexpectedError;
  }
  const pidFile = pidFileOf(io, config.dataDir) ?? join(config.dataDir, 'zookeeper_server.pid');

  io.out.write('Starting zookeeper ... ');
  const running = readPid(pidFile);
  if (running !== undefined && io.processes.isAlive(running) && mayBeServer(io, running)) {
    io.out.write(`already running as process ${running}.\n`);
    return ExitCode.unexpectedError;
  }
  prepareDataDirectories(config);
  const logFile = logFileOf(io, config);
  prepareDirectory('the log directory', dirname(logFile));
  const server = io.processes.spawn(argumentsFor(FOREGROUND, options, args), logFile);
  if (server.pid === undefined) {
    io.out.write('SERVER DID NOT START\n');
    return ExitCode.unexpectedError;
  }
  if (!writePid(io, pidFile, server.pid)) return ExitCode.unexpectedError;
  return report(io, server, pidFile, logFile);
}

/** With ZOO_DATADIR_AUTOCREATE_DISABLE, as in zkServer.sh: the first directory without version-2. */
function missingDataDirectory(io: CliIo, config: ServerConfig): string | undefined {
  const disabled = io.environment['ZOO_DATADIR_AUTOCREATE_DISABLE'];
  if (disabled === undefined || disabled === '') return undefined;
  return [config.dataDir, config.dataLogDir].find((directory) => !existsSync(join(directory, 'version-2')));
}

function writePid(io: CliIo, pidFile: string, pid: number): boolean {
  try {
    makeDirectories(dirname(pidFile));
    writeFileSync(pidFile, String(pid));
    return true;
  } catch (error) {
    io.out.write('FAILED TO WRITE PID\n');
    io.err.write(`${messageOf(error)}\n`);
    // Without a pid file nobody could stop it again.
    io.processes.kill(pid, 'SIGTERM');
    return false;
  }
}

async function report(io: CliIo, server: SpawnedServer, pidFile: string, logFile: string): Promise<number> {
  const outcome = await Promise.race([server.outcome, io.processes.after(PATIENCE_MS).then(() => 'loading' as const)]);
  server.detach();
  if (typeof outcome === 'number') {
    rmSync(pidFile, { force: true });
    io.out.write('FAILED TO START\n');
    io.err.write(`The server ended with exit code ${outcome}. The end of ${logFile}:\n${tailOf(logFile)}`);
    return outcome === ExitCode.ok ? ExitCode.unexpectedError : outcome;
  }
  io.out.write('STARTED\n');
  if (outcome === 'loading') {
    io.err.write(`It is still loading its data after ${PATIENCE_MS / 1000} s; ${logFile} says more.\n`);
  }
  return ExitCode.ok;
}

function tailOf(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines
    .slice(-TAIL_LINES)
    .map((line) => `  ${line}\n`)
    .join('');
}
