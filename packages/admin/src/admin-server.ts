import type { AddressInfo } from 'node:net';
import { type Logger, silentLogger } from '@zk/contracts';
import type { ZkServer } from '@zk/server';
import { CommandTable } from './commands/index.js';
import { openEntrance } from './http/entrance.js';
import type { Entrance, Handle } from './http/listening.js';
import { Router } from './http/router.js';
import { type AdminOptions, defaultAdminOptions } from './options.js';

/**
 * The admin server of Apache ZooKeeper 3.9 for a {@link ZkServer}: its commands as JSON over HTTP
 * (spec: operations, section 8), and `/livez` and `/readyz` beside them. It may start before the server it speaks of.
 */
export class AdminServer {
  private readonly options: AdminOptions;
  private readonly router: Router;
  private entrance: Entrance | undefined;

  constructor(
    server: ZkServer,
    options: Partial<AdminOptions> = {},
    private readonly logger: Logger = silentLogger,
  ) {
    this.options = { ...defaultAdminOptions, ...options };
    const commands = new CommandTable(this.options, logger);
    this.router = new Router(server, commands, this.options, logger);
  }

  /**
   * Starts to listen.
   * @throws Error with `code` when the address cannot be bound; Error when certificates cannot be read
   */
  async start(): Promise<void> {
    const handle: Handle = (request, response, certificateSubject) => {
      void this.router.handle(request, response, certificateSubject);
    };
    this.entrance = await openEntrance(this.options, handle, this.logger);
  }

  /** Frees the address and cuts every connection. Idempotent. */
  async stop(): Promise<void> {
    const { entrance } = this;
    this.entrance = undefined;
    await entrance?.close();
  }

  /**
   * Where it listens.
   * @throws Error before {@link start} has resolved, and after {@link stop}
   */
  get address(): { readonly host: string; readonly port: number } {
    if (this.entrance === undefined) throw new Error('the admin server is not listening');
    const { address: host, port }: AddressInfo = this.entrance.address;
    return { host, port };
  }
}
