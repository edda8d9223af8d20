import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { codeOf } from '../errors.js';
import { createFdSink } from '../logging/fd-sink.js';
import { diagnosis } from './diagnosis.js';
import { isHangupIgnored, ownOrigins } from './hangup.js';
import type { CliIo, CliOutput, NoteSignal, ProcessHost, SpawnedServer, StopSignal } from './io.js';
import { notifySystemd } from './supervisor.js';

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];
const NOTE_SIGNALS: readonly NoteSignal[] = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

function output(fd: number, isTerminal: boolean | undefined): CliOutput {
  const sink = createFdSink(fd);
  return { write: (text) => sink.write(text), isTerminal: isTerminal === true };
}

/** Calls the listener for each of the signals. @returns how to stop that */
function listenTo<S extends NodeJS.Signals>(signals: readonly S[], listener: (signal: S) => void): () => void {
  const handlers = signals.map((signal) => [signal, () => listener(signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

const processes: ProcessHost = {
  onSignal(listener) {
    return listenTo(isHangupIgnored(ownOrigins()) ? STOP_SIGNALS : [...STOP_SIGNALS, 'SIGHUP'], listener);
  },
  onNote(listener) {
    return listenTo(isHangupIgnored(ownOrigins()) ? [...NOTE_SIGNALS, 'SIGHUP'] : NOTE_SIGNALS, listener);
  },
  onCrash(listener) {
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
    return () => {
      process.off('uncaughtException', listener);
      process.off('unhandledRejection', listener);
    };
  },
  exitNow: (code) => process.exit(code),
  uptimeMs: () => performance.now(),
  diagnosis,
  isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return codeOf(error) === 'EPERM';
    }
  },
  commandOf(pid) {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    } catch {
      return undefined;
    }
  },
  kill: (pid, signal) => void process.kill(pid, signal),
  commandLine: (args) => [process.execPath, ...process.execArgv, process.argv[1] ?? 'zk-server', ...args],
  spawn: spawnServer,
  announceReady() {
    process.send?.('ready', () => process.disconnect());
  },
  notifySupervisor: (notice) => notifySystemd(process.env, notice),
  after: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
};

function spawnServer(args: readonly string[], outputFile: string): SpawnedServer {
  const [program = process.execPath, ...words] = processes.commandLine(args);
  const fd = openSync(outputFile, 'a');
  const child = spawn(program, words, { detached: true, stdio: ['ignore', fd, fd, 'ipc'] });
  closeSync(fd);
  const outcome = new Promise<'ready' | number>((resolve) => {
    child.once('message', () => resolve('ready'));
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', () => resolve(1));
  });
  return {
    pid: child.pid,
    outcome,
    detach() {
      if (child.connected) child.disconnect();
      child.unref();
    },
  };
}

/** The real thing. */
export function nodeIo(): CliIo {
  return {
    argv: process.argv.slice(2),
    environment: process.env,
    workingDirectory: process.cwd(),
    out: output(1, process.stdout.isTTY),
    err: output(2, process.stderr.isTTY),
    processes,
    // Loaded only by the command that serves.
    composeServer: async (config, logger) => (await import('../compose.js')).composeServer(config, logger),
  };
}
