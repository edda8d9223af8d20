import type { Readable, Writable } from 'node:stream';
import type { ZkClient } from '@zk/client-api';
import type { ClientOptions } from '@zk/client';

/** Everything the program touches outside of itself, so that tests can stand in for it. */
export interface CliIo {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly out: CliOutput;
  readonly err: CliOutput;
  readonly input: CliInput;
  /** Begins to connect; does not wait. */
  readonly createClient: (servers: string, options: ClientOptions) => ZkClient;
  readonly processes: ProcessHost;
  /** Sends a four-letter word to one server and collects what it answers. */
  readonly ask: (word: string, server: ServerAddress, timeoutMs: number) => Promise<string>;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface CliOutput {
  write(text: string): void;
  /** Resolves when what was written so far has left. */
  flushed(): Promise<void>;
  readonly isTerminal: boolean;
  readonly stream: Writable;
}

export interface CliInput {
  readonly stream: Readable;
  readonly isTerminal: boolean;
}

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface ProcessHost {
  /** @returns how to stop listening */
  onSignal(listener: (signal: EndSignal) => void): () => void;
  /** Ends this process at once. */
  exitNow(code: number): void;
  /** Runs a program with this one's input and outputs. */
  run(command: readonly string[], environment: Readonly<Record<string, string>>): ChildRun;
}

export interface ChildRun {
  /** Resolves with the exit code, or with what kept it from running. Never rejects. */
  readonly ended: Promise<ChildEnd>;
  kill(signal: EndSignal | 'SIGKILL'): void;
}

export type ChildEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string; readonly signalNumber: number }
  | { readonly kind: 'notStarted'; readonly reason: 'missing' | 'notExecutable'; readonly message: string };
