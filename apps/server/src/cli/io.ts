import type { ComposeServer } from '../running-server.js';

/** Everything the command line touches outside of itself, so that tests can stand in for it. */
export interface CliIo {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly out: CliOutput;
  readonly err: CliOutput;
  readonly processes: ProcessHost;
  readonly composeServer: ComposeServer;
}

export interface CliOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
}

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** A signal that stops nothing: SIGHUP only where the process was started to outlive its terminal. */
export type NoteSignal = 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2' | 'SIGHUP';

/** What systemd knows a service of `Type=notify` by, `READY` and `STOPPING` of sd_notify(3), and a line for people. */
export interface Notice {
  readonly state: 'ready' | 'stopping';
  readonly status: string;
}

/** Signals, other processes and the end of this one. */
export interface ProcessHost {
  /** @returns how to stop listening */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** @returns how to stop listening */
  onNote(listener: (signal: NoteSignal) => void): () => void;
  /** Uncaught exceptions and unhandled rejections. @returns how to stop listening */
  onCrash(listener: (error: unknown) => void): () => void;
  /** Ends this process at once. */
  exitNow(code: number): void;
  /** Milliseconds since this process began. */
  uptimeMs(): number;
  /** Fields for the log: what this process uses. */
  diagnosis(): Record<string, unknown>;
  isAlive(pid: number): boolean;
  /** The words a process was started with; undefined where the system does not tell. */
  commandOf(pid: number): readonly string[] | undefined;
  /** @throws Error with `code`: `ESRCH` no such process, `EPERM` not ours */
  kill(pid: number, signal: StopSignal | 'SIGKILL'): void;
  /** The words that run this program with other arguments. */
  commandLine(args: readonly string[]): readonly string[];
  /** Runs this program in the background, in a session of its own, its output appended to a file. */
  spawn(args: readonly string[], outputFile: string): SpawnedServer;
  /** Tells the process that spawned this one, if any, that the server answers. */
  announceReady(): void;
  /** @returns why the supervisor could not be told; undefined when it was, or there is none that wants to be */
  notifySupervisor(notice: Notice): Promise<string | undefined>;
  after(delayMs: number): Promise<void>;
}

export interface SpawnedServer {
  readonly pid: number | undefined;
  /** `ready`: it answers. A number: it ended with that exit code. Never rejects. */
  readonly outcome: Promise<'ready' | number>;
  /** Lets it live on without this process. */
  detach(): void;
}
