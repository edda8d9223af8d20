import { LOGGER, type Logger, STORAGE, TRANSPORT, silentLogger } from '@zk/contracts';
import { MemoryStorage } from '@zk/storage-memory';
import { RawClient } from '@zk/test-client';
import { MemoryTransport } from '@zk/transport-memory';
import { type Registration, type ServerOptions, type ZkServer, createServer } from '../src/index.js';

/** Remembers what was logged as an error: nothing should be, unless a test provokes it. */
export class ErrorLog {
  readonly errors: string[] = [];
  readonly logger: Logger = {
    ...silentLogger,
    error: (fields, message) => this.errors.push(`${message} ${String(fields['err'] ?? '')}`),
    fatal: (fields, message) => this.errors.push(`${message} ${String(fields['err'] ?? '')}`),
    child: () => this.logger,
  };
}

/** A server in memory, and clients of it that are closed with it. */
export class Harness {
  readonly transport = new MemoryTransport();
  readonly log = new ErrorLog();
  server!: ZkServer;

  constructor(
    readonly storage: MemoryStorage = new MemoryStorage(),
    private readonly options: Partial<ServerOptions> = {},
    private readonly registrations: readonly Registration[] = [],
  ) {}

  async start(): Promise<this> {
    this.server = createServer({ clientPort: 0, fourLetterWords: ['*'], ...this.options }, [
      [TRANSPORT, this.transport],
      [STORAGE, this.storage],
      [LOGGER, this.log.logger],
      ...this.registrations,
    ]);
    await this.server.start();
    return this;
  }

  connect(options: Partial<Parameters<typeof RawClient.connect>[1]> = {}): Promise<RawClient> {
    return RawClient.connect(this.transport, { ...this.server.clientAddress, timeoutMs: 10_000, ...options });
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }
}
