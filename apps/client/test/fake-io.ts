import { PassThrough, Readable } from 'node:stream';
import { type ClientOptions, createClient } from '@zk/client';
import type { Transport } from '@zk/contracts';
import type { ChildEnd, ChildRun, CliIo, CliOutput, EndSignal, ProcessHost, ServerAddress } from '../src/cli/io.js';

export interface FakeIoOptions {
  readonly argv: readonly string[];
  /** Default: TCP. */
  readonly transport?: Transport;
  readonly input?: string | Readable;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly isTerminal?: boolean;
  readonly answers?: (word: string, server: ServerAddress) => string;
}

/** A program that was started, as a test sees it. */
export interface FakeChild {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly killed: string[];
  end(end: ChildEnd): void;
}

/** Stands in for the terminal, the signals and other programs, and remembers what was done to them. */
export class FakeIo implements CliIo {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory = '';
  readonly out: CliOutput;
  readonly err: CliOutput;
  readonly input: CliIo['input'];
  readonly children: FakeChild[] = [];
  readonly exits: number[] = [];
  stdout = '';
  stderr = '';
  nowMs = Date.UTC(2026, 0, 3, 10, 0, 0);
  private readonly signalListeners = new Set<(signal: EndSignal) => void>();
  private readonly waiters: (() => void)[] = [];

  constructor(private readonly options: FakeIoOptions) {
    this.argv = options.argv;
    this.environment = options.environment ?? {};
    this.out = this.output('stdout');
    this.err = this.output('stderr');
    const { input = '' } = options;
    this.input = { stream: typeof input === 'string' ? Readable.from([input]) : input, isTerminal: false };
  }

  get isListening(): boolean {
    return this.signalListeners.size > 0;
  }

  signal(signal: EndSignal): void {
    for (const listener of this.signalListeners) listener(signal);
  }

  /** Resolves when the condition holds; looked at whenever something was written or started. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** JSON documents on standard output. */
  get documents(): readonly Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  readonly createClient = (servers: string, options: ClientOptions): ReturnType<CliIo['createClient']> =>
    createClient(servers, {
      ...options,
      ...(this.options.transport === undefined ? {} : { transport: this.options.transport }),
    });

  readonly processes: ProcessHost = {
    onSignal: (listener) => {
      this.signalListeners.add(listener);
      return () => this.signalListeners.delete(listener);
    },
    exitNow: (code) => void this.exits.push(code),
    run: (command, environment): ChildRun => {
      let end: (end: ChildEnd) => void = () => undefined;
      const ended = new Promise<ChildEnd>((resolve) => (end = resolve));
      const killed: string[] = [];
      this.children.push({ command, environment, killed, end });
      this.wake();
      return {
        ended,
        kill: (signal) => {
          killed.push(signal);
          this.wake();
        },
      };
    },
  };

  readonly ask = async (word: string, server: ServerAddress): Promise<string> => {
    if (this.options.answers === undefined) throw new Error('connect ECONNREFUSED');
    return this.options.answers(word, server);
  };

  readonly now = (): number => this.nowMs;

  private output(name: 'stdout' | 'stderr'): CliOutput {
    return {
      write: (text) => {
        this[name] += text;
        this.wake();
      },
      flushed: () => Promise.resolve(),
      isTerminal: this.options.isTerminal === true,
      stream: new PassThrough().resume(),
    };
  }

  private wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
