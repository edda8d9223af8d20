import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { constants, homedir } from 'node:os';
import type { Writable } from 'node:stream';
import { createClient } from '@zk/client';
import type { ChildEnd, ChildRun, CliIo, CliOutput, EndSignal, ProcessHost, ServerAddress } from './io.js';

const END_SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The real thing. */
export function nodeIo(): CliIo {
  return {
    argv: process.argv.slice(2),
    environment: process.env,
    homeDirectory: homedir(),
    out: outputOn(process.stdout, process.stdout.isTTY),
    err: outputOn(process.stderr, process.stderr.isTTY),
    input: { stream: process.stdin, isTerminal: process.stdin.isTTY === true },
    createClient,
    processes,
    ask,
    now: () => Date.now(),
  };
}

function outputOn(stream: Writable, isTerminal: boolean | undefined): CliOutput {
  let isBroken = false;
  // Whoever read us may have seen enough (`zk-cli ls / | head -1`): what comes after goes nowhere.
  stream.on('error', () => (isBroken = true));
  return {
    write: (text) => {
      if (!isBroken) stream.write(text);
    },
    flushed: () =>
      isBroken || stream.writableLength === 0
        ? Promise.resolve()
        : new Promise((resolve) => stream.write('', () => resolve())),
    isTerminal: isTerminal === true,
    stream,
  };
}

const processes: ProcessHost = {
  onSignal(listener) {
    const handlers = END_SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    return () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
  },
  exitNow: (code) => process.exit(code),
  run: runChild,
};

function runChild(command: readonly string[], environment: Readonly<Record<string, string>>): ChildRun {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({
        kind: 'notStarted',
        reason: error.code === 'ENOENT' ? 'missing' : 'notExecutable',
        message: error.message,
      }),
    );
    child.once('exit', (code, signal) =>
      resolve(
        signal === null
          ? { kind: 'exited', code: code ?? 1 }
          : { kind: 'killed', signal, signalNumber: constants.signals[signal] },
      ),
    );
  });
  return { ended, kill: (signal) => void child.kill(signal) };
}

/** @throws Error when the server cannot be reached, or does not answer in time */
export function ask(word: string, { host, port }: ServerAddress, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect({ host, port });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`${host}:${port} did not answer within ${timeoutMs} ms`)), timeoutMs);
    socket.once('connect', () => socket.write(word));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) fail(new Error(`${host}:${port} answers without end`));
    });
    socket.once('error', fail);
    socket.once('end', () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}
