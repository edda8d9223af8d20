import { type Logger, STORAGE, TRANSPORT, silentLogger } from '@zk/contracts';
import { LISTENERS, type ServerOptions, type ZkServer, createServer } from '@zk/server';
import { MemoryStorage } from '@zk/storage-memory';
import { RawClient } from '@zk/test-client';
import { MemoryTransport } from '@zk/transport-memory';
import { type AdminOptions, AdminServer } from '../src/index.js';

export const LOCAL = { host: '127.0.0.1', port: 0 } as const;

/** An admin server that is listening, and how to ask it. */
export class Rig {
  private constructor(
    readonly server: ZkServer,
    readonly transport: MemoryTransport,
    readonly admin: AdminServer,
  ) {}

  /** Over a server in memory, which is not started. */
  static async notStarted(
    options: Partial<AdminOptions> = {},
    server: Partial<ServerOptions> = {},
    logger: Logger = silentLogger,
  ): Promise<Rig> {
    const transport = new MemoryTransport();
    const zk = createServer({ clientPort: 0, ...server }, [
      [TRANSPORT, transport],
      [STORAGE, new MemoryStorage()],
      [LISTENERS, [{ name: 'secure', transport, port: 0 }]],
    ]);
    const admin = new AdminServer(zk, { ...LOCAL, ...options }, logger);
    await admin.start();
    return new Rig(zk, transport, admin);
  }

  static async started(...parts: Parameters<typeof Rig.notStarted>): Promise<Rig> {
    const rig = await Rig.notStarted(...parts);
    await rig.server.start();
    return rig;
  }

  /** Over the client port, or that for TLS: the memory between them is the same. */
  client(listener: 'client' | 'secure' = 'client'): Promise<RawClient> {
    const { host, port } = this.server.addresses.find(({ name }) => name === listener)!;
    return RawClient.connect(this.transport, { host, port, timeoutMs: 30_000 });
  }

  get url(): string {
    return `http://127.0.0.1:${this.admin.address.port}`;
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, init);
  }

  async json(command: string): Promise<Readonly<Record<string, unknown>>> {
    return (await (await this.get(`/commands/${command}`)).json()) as Readonly<Record<string, unknown>>;
  }

  async stop(): Promise<void> {
    await this.admin.stop();
    await this.server.stop();
  }
}
