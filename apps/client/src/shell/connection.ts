import type { ConnectionState, ZkClient } from '@zk/client-api';
import type { ClientOptions } from '@zk/client';
import { type LogFields, type Logger, silentLogger } from '@zk/contracts';
import type { CliIo } from '../cli/io.js';
import { CommandError, ExitCode } from '../cli/exit-codes.js';

/** States as zkCli names them in its prompt. */
const PROMPT_STATES: Readonly<Record<ConnectionState, string>> = {
  connecting: 'CONNECTING',
  connected: 'CONNECTED',
  reconnected: 'CONNECTED',
  suspended: 'CONNECTING',
  readOnly: 'CONNECTEDREADONLY',
  lost: 'CONNECTING',
  authFailed: 'AUTH_FAILED',
  closed: 'CLOSED',
};

/** States as zkCli names them in an event. */
const EVENT_STATES: Partial<Record<ConnectionState, string>> = {
  connected: 'SyncConnected',
  reconnected: 'SyncConnected',
  suspended: 'Disconnected',
  readOnly: 'ConnectedReadOnly',
  lost: 'Expired',
  authFailed: 'AuthFailed',
  closed: 'Closed',
};

export interface Servers {
  /** As given by the user. */
  readonly text: string;
  readonly options: ClientOptions;
}

/** The client that the shell uses at the moment; `connect` replaces it, `close` ends it. */
export class Connection {
  private current: ZkClient | undefined;
  private servers: string;
  /** What went wrong last, in the client's words: `connected` tells only that time is over. */
  private trouble: string | undefined;
  private subscription: { unsubscribe(): void } | undefined;

  constructor(
    private readonly io: Pick<CliIo, 'createClient'>,
    private readonly target: Servers,
    /** Called with the name of each state, as zkCli has it. */
    private readonly onState: (eventState: string) => void,
  ) {
    this.servers = target.text;
  }

  /** As the prompt shows it. */
  get host(): string {
    return this.servers;
  }

  get promptState(): string {
    return this.current === undefined ? 'CLOSED' : PROMPT_STATES[this.current.state];
  }

  /** Whether there is a client that can still do something. */
  get isAlive(): boolean {
    return this.current !== undefined && !isFinal(this.current.state);
  }

  /** @throws CommandError when it was closed */
  get client(): ZkClient {
    if (this.current === undefined || !this.isAlive) throw new CommandError('Not connected', ExitCode.connection);
    return this.current;
  }

  get options(): ClientOptions {
    return this.target.options;
  }

  /** Begins to connect, to the same servers unless others are named. */
  open(servers = this.servers): void {
    this.servers = servers;
    this.trouble = undefined;
    const client = this.io.createClient(servers, { logger: this.listener(), ...this.target.options });
    this.current = client;
    let last: string | undefined;
    this.subscription = client.state$.subscribe((state) => {
      const name = EVENT_STATES[state];
      if (name !== undefined && name !== last) this.onState(name);
      last = name ?? last;
    });
  }

  /** @throws CommandError that says with whom no connection came about, and why */
  async ready(signal: AbortSignal, timeoutMs: number): Promise<void> {
    const client = this.client;
    // The present state decides in the common case, so that no request pays for this.
    if (client.state === 'connected' || client.state === 'reconnected' || client.state === 'readOnly') return;
    try {
      await client.connected({ signal, timeout: timeoutMs });
    } catch (error) {
      if (signal.aborted) throw new CommandError(`No connection to ${this.servers}: interrupted`, ExitCode.interrupted);
      if (!(error instanceof Error)) throw error;
      if (error.name === 'AUTHFAILED') throw error;
      const reason = this.trouble ?? `no answer within ${timeoutMs} ms`;
      throw new CommandError(`No connection to ${this.servers}: ${reason}`, ExitCode.connection, { cause: error });
    }
  }

  private listener(): Logger {
    const keep = ({ err }: LogFields): void => {
      if (err instanceof Error) this.trouble = err.message;
    };
    const logger: Logger = { ...silentLogger, info: keep, warn: keep, error: keep, child: () => logger };
    return logger;
  }

  async close(): Promise<void> {
    const client = this.current;
    this.current = undefined;
    await client?.close();
    this.subscription?.unsubscribe();
    this.subscription = undefined;
  }
}

function isFinal(state: ConnectionState): boolean {
  return state === 'closed' || state === 'authFailed';
}
