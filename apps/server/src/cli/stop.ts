import { existsSync, rmSync } from 'node:fs';
import { codeOf } from '../errors.js';
import { ExitCode, UsageError } from './exit-codes.js';
import { findInstance, mayBeServer, readPid } from './instance.js';
import type { CliIo } from './io.js';
import type { CliOptions } from './options.js';
import { announceConfig } from './announce.js';

const POLL_MS = 50;
/** A server with much in memory may take a while; after this the user is told instead of kept. */
const PATIENCE_MS = 60_000;

/** `stop`: asks the server of the pid file to end and waits until it has. */
export async function runStop(io: CliIo, options: CliOptions, args: readonly string[]): Promise<number> {
  const instance = findInstance(io, options, args);
  announceConfig(io, instance.configFile);
  const { pidFile } = instance;
  if (pidFile === undefined) {
    throw new UsageError(
      'dataDir is not known, so the pid file cannot be found: name the configuration file or --data-dir',
    );
  }
  io.out.write('Stopping zookeeper ... ');
  if (!existsSync(pidFile)) {
    io.out.write(`no zookeeper to stop (could not find file ${pidFile})\n`);
    return ExitCode.ok;
  }
  const pid = readPid(pidFile);
  if (pid !== undefined && io.processes.isAlive(pid) && !mayBeServer(io, pid)) {
    rmSync(pidFile, { force: true });
    io.out.write(`no zookeeper to stop (process ${pid} of ${pidFile} is another program)\n`);
    return ExitCode.ok;
  }
  if (pid !== undefined && !(await endProcess(io, pid))) {
    io.out.write(`STILL RUNNING\n`);
    io.err.write(
      `Process ${pid} has not ended after ${PATIENCE_MS / 1000} s. Its log says more; kill -9 ${pid} ends it.\n`,
    );
    return ExitCode.unexpectedError;
  }
  rmSync(pidFile, { force: true });
  io.out.write('STOPPED\n');
  return ExitCode.ok;
}

async function endProcess(io: CliIo, pid: number): Promise<boolean> {
  try {
    io.processes.kill(pid, 'SIGTERM');
  } catch (error) {
    // Gone already: the pid file was left behind.
    if (codeOf(error) === 'ESRCH') return true;
    throw error;
  }
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
    if (!io.processes.isAlive(pid)) return true;
    await io.processes.after(POLL_MS);
  }
  return !io.processes.isAlive(pid);
}
