import { LOGGER, type Logger, STORAGE, TRANSPORT, silentLogger } from '@zk/contracts';
import { MemoryStorage } from '@zk/storage-memory';
import { FrameConnection, RawClient, fourLetterWord } from '@zk/test-client';
import { MemoryTransport } from '@zk/transport-memory';
import { type Registration, type ServerOptions, type ZkServer, createServer } from '../src/index.js';
import { VirtualTime } from './virtual-time.js';

/** Remembers what was logged as an error: nothing should be, unless a test provokes it. */
export class ErrorLog {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly logger: Logger = {
    ...silentLogger,
    warn: (_fields, message) => this.warnings.push(message),
    error: (fields, message) => this.errors.push(`${message} ${String(fields['err'] ?? '')}`),
    fatal: (fields, message) => this.errors.push(`${message} ${String(fields['err'] ?? '')}`),
    child: () => this.logger,
  };
}

export interface HarnessParts {
  readonly storage?: MemoryStorage;
  readonly transport?: MemoryTransport;
  readonly options?: Partial<ServerOptions>;
  readonly registrations?: readonly Registration[];
  /** The time the server lives in; absent: real time. */
  readonly time?: VirtualTime;
}

/** A server in memory, and clients of it that are closed with it. */
export class Harness {
  readonly storage: MemoryStorage;
  readonly transport: MemoryTransport;
  readonly log = new ErrorLog();
  server!: ZkServer;
  private readonly parts: HarnessParts;

  constructor(parts: HarnessParts = {}) {
    this.parts = parts;
    this.storage = parts.storage ?? new MemoryStorage();
    this.transport = parts.transport ?? new MemoryTransport();
  }

  /** With a virtual time of its own, which {@link time} gives. */
  static inVirtualTime(parts: HarnessParts = {}): Harness {
    return new Harness({ ...parts, time: new VirtualTime() });
  }

  get time(): VirtualTime {
    if (this.parts.time === undefined) throw new Error('this server lives in real time');
    return this.parts.time;
  }

  async start(): Promise<this> {
    this.create();
    await this.server.start();
    return this;
  }

  /** The server, not started. */
  create(): this {
    this.server = createServer({ clientPort: 0, fourLetterWords: ['*'], ...this.parts.options }, [
      [TRANSPORT, this.transport],
      [STORAGE, this.storage],
      [LOGGER, this.log.logger],
      ...(this.parts.time?.registrations ?? []),
      ...(this.parts.registrations ?? []),
    ]);
    return this;
  }

  connect(options: Partial<Parameters<typeof RawClient.connect>[1]> = {}): Promise<RawClient> {
    return RawClient.connect(this.transport, { ...this.server.clientAddress, timeoutMs: 10_000, ...options });
  }

  /** Comes back to the session of a client, on a new connection. */
  reattach(client: RawClient, options: Partial<Parameters<typeof RawClient.connect>[1]> = {}): Promise<RawClient> {
    return this.connect({ sessionId: client.sessionId, password: client.password, ...options });
  }

  /** A connection that has said nothing yet. */
  dial(): Promise<FrameConnection> {
    return FrameConnection.dial(this.transport, this.server.clientAddress);
  }

  word(word: string): Promise<string> {
    const { host, port } = this.server.clientAddress;
    return fourLetterWord(this.transport, host, port, word);
  }

  /** Stops it in order. */
  async stop(): Promise<void> {
    if (this.parts.time === undefined) await this.server.stop();
    else await this.parts.time.during(this.server.stop());
  }

  /** Stops it in order, for good. Nothing may have gone wrong in it. */
  async end(): Promise<void> {
    await this.stop();
    expect(this.log.errors).toEqual([]);
  }

  /** Stops it and starts another one on the same storage. */
  async restart(): Promise<this> {
    await this.stop();
    await this.parts.time?.advance(10);
    return this.start();
  }
}
