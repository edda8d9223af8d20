import type { CliIo, NoteSignal, Notice, ProcessHost, SpawnedServer, StopSignal } from '../src/cli/io.js';
import type { RunningServer } from '../src/running-server.js';
import type { ServerConfig } from '../src/config/server-config.js';

/** A server that opens nothing and does as the test says. */
export class FakeServer implements RunningServer {
  readonly clientAddress = { name: 'client', host: '127.0.0.1', port: 2181 };
  readonly addresses = [this.clientAddress];
  readonly failed: Promise<Error>;
  isStarted = false;
  isStopped = false;
  /** Makes {@link failed} resolve. */
  fail: (error: Error) => void = () => undefined;
  startError: Error | undefined;

  constructor(readonly config: ServerConfig) {
    this.failed = new Promise((resolve) => (this.fail = resolve));
  }

  start(): Promise<void> {
    if (this.startError !== undefined) return Promise.reject(this.startError);
    this.isStarted = true;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return Promise.resolve();
  }
}

export interface FakeIoOptions {
  readonly argv: readonly string[];
  readonly workingDirectory: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly isTerminal?: boolean;
  /** What a start of the composed server meets. */
  readonly startError?: Error;
  /** Outcome of a process spawned by `start`; absent: it answers. */
  readonly spawnOutcome?: 'ready' | number;
  readonly spawnPid?: number | undefined;
  /** Processes that exist at first. */
  readonly alive?: readonly number[];
  /** What processes were started with, where that is known. */
  readonly commands?: Readonly<Record<number, readonly string[]>>;
  /** Why the supervisor cannot be told. */
  readonly supervisorObstacle?: string;
  /** Processes that do not care about SIGTERM. */
  readonly stubborn?: readonly number[];
}

/** Stands in for the terminal, the signals and the other processes, and remembers what was done to them. */
export class FakeIo implements CliIo {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  stdout = '';
  stderr = '';
  readonly out;
  readonly err;
  readonly exits: number[] = [];
  readonly spawned: { args: readonly string[]; outputFile: string }[] = [];
  readonly killed: (readonly [number, string])[] = [];
  readonly alive: Set<number>;
  readonly notices: Notice[] = [];
  isDetached = false;
  readyCount = 0;
  nowMs = 12;
  server: FakeServer | undefined;
  private signalListener: ((signal: StopSignal) => void) | undefined;
  private noteListener: ((signal: NoteSignal) => void) | undefined;
  private crashListener: ((error: unknown) => void) | undefined;
  private readonly waiters: (() => void)[] = [];

  constructor(private readonly options: FakeIoOptions) {
    this.argv = options.argv;
    this.environment = options.environment ?? {};
    this.workingDirectory = options.workingDirectory;
    this.alive = new Set(options.alive ?? []);
    const isTerminal = options.isTerminal === true;
    this.out = { write: (text: string) => void (this.stdout += text), isTerminal };
    this.err = { write: (text: string) => void (this.stderr += text), isTerminal };
  }

  readonly composeServer = (config: ServerConfig): Promise<RunningServer> => {
    this.server = new FakeServer(config);
    this.server.startError = this.options.startError;
    return Promise.resolve(this.server);
  };

  /** Resolves when the server has said that it serves. */
  whenReady(): Promise<void> {
    return this.readyCount > 0 ? Promise.resolve() : new Promise((resolve) => this.waiters.push(resolve));
  }

  signal(signal: StopSignal): void {
    this.signalListener?.(signal);
  }

  note(signal: NoteSignal): void {
    this.noteListener?.(signal);
  }

  crash(error: unknown): void {
    this.crashListener?.(error);
  }

  get isListening(): boolean {
    return [this.signalListener, this.noteListener, this.crashListener].some((listener) => listener !== undefined);
  }

  /** Log lines written to standard output as JSON. */
  get logged(): readonly Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  readonly processes: ProcessHost = {
    onSignal: (listener) => {
      this.signalListener = listener;
      return () => (this.signalListener = undefined);
    },
    onNote: (listener) => {
      this.noteListener = listener;
      return () => (this.noteListener = undefined);
    },
    onCrash: (listener) => {
      this.crashListener = listener;
      return () => (this.crashListener = undefined);
    },
    exitNow: (code) => void this.exits.push(code),
    uptimeMs: () => this.nowMs,
    diagnosis: () => ({ rssBytes: 1 }),
    commandOf: (pid) => this.options.commands?.[pid],
    isAlive: (pid) => this.alive.has(pid),
    kill: (pid, signal) => {
      if (!this.alive.has(pid)) throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
      this.killed.push([pid, signal]);
      if (!(this.options.stubborn ?? []).includes(pid)) this.alive.delete(pid);
    },
    commandLine: (args) => ['/usr/bin/node', '/opt/zk/main.js', ...args],
    spawn: (args, outputFile): SpawnedServer => {
      this.spawned.push({ args, outputFile });
      const pid = 'spawnPid' in this.options ? this.options.spawnPid : 4711;
      const outcome = this.options.spawnOutcome ?? 'ready';
      if (pid !== undefined && outcome === 'ready') this.alive.add(pid);
      return { pid, outcome: Promise.resolve(outcome), detach: () => void (this.isDetached = true) };
    },
    announceReady: () => {
      this.readyCount++;
      for (const resolve of this.waiters.splice(0)) resolve();
    },
    notifySupervisor: (notice) => {
      this.notices.push(notice);
      return Promise.resolve(this.options.supervisorObstacle);
    },
    after: () => new Promise((resolve) => setImmediate(resolve)),
  };
}
