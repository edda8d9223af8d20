import type { AdminTlsOptions } from '@zk/admin';
import type { Logger } from '@zk/contracts';
import type { BoundAddress, ZkServer } from '@zk/server';
import type { ServerAudit } from './audit/server-audit.js';
import { joinAddress } from './cli/banner.js';
import { credentialsOf } from './compose-listeners.js';
import type { AdminConfig } from './config/admin.js';
import type { ServerConfig } from './config/server-config.js';
import type { AdminTlsSettings } from './config/tls-config.js';
import type { RunningServer } from './running-server.js';

/** The endpoints beside the client ports that a configuration asks for. What is not asked for is not loaded. */

/** Where those who watch over a server ask. */
export interface SideEndpoint {
  /** For the log, such as `metrics`. */
  readonly name: string;
  /** @throws Error when the address cannot be bound */
  start(): Promise<{ readonly host: string; readonly port: number }>;
  stop(): Promise<void>;
}

export async function sideEndpoints(
  config: ServerConfig,
  server: ZkServer,
  logger: Logger,
): Promise<readonly SideEndpoint[]> {
  const endpoints: SideEndpoint[] = [];
  if (config.metrics !== undefined) {
    const { MetricsEndpoint } = await import('@zk/prometheus');
    const endpoint = new MetricsEndpoint(server, config.metrics);
    endpoints.push({ name: 'metrics', start: () => endpoint.start(), stop: () => endpoint.stop() });
  }
  if (config.admin !== undefined) endpoints.push(await adminEndpoint(config, config.admin, server, logger));
  return endpoints;
}

async function adminEndpoint(
  { configFile, configText }: ServerConfig,
  { tls, ...admin }: AdminConfig,
  server: ZkServer,
  logger: Logger,
): Promise<SideEndpoint> {
  const [{ AdminServer }, { maskSecrets }] = await Promise.all([
    import('@zk/admin'),
    import('./config/mask-secrets.js'),
  ]);
  const options = {
    ...admin,
    initialConfiguration: configFile === undefined ? null : maskSecrets(configText),
    ...(tls === undefined ? {} : { tls: adminTlsOptions(tls) }),
  };
  const endpoint = new AdminServer(server, options, logger);
  const start = async (): ReturnType<SideEndpoint['start']> => {
    await endpoint.start();
    return endpoint.address;
  };
  return { name: 'admin', start, stop: () => endpoint.stop() };
}

function adminTlsOptions(tls: AdminTlsSettings): AdminTlsOptions {
  const { allowsPlainText, needsClientCertificate, handshakeTimeoutMs } = tls;
  return { ...credentialsOf(tls), allowsPlainText, needsClientCertificate, handshakeTimeoutMs };
}

/**
 * A server with endpoints beside it, and an audit log. An endpoint that cannot be opened is an error in the log, and the
 * server goes on; an audit log that cannot be opened keeps it from starting.
 */
export class AccompaniedServer implements RunningServer {
  constructor(
    private readonly server: ZkServer,
    private readonly endpoints: readonly SideEndpoint[],
    private readonly logger: Logger,
    private readonly audit?: ServerAudit,
  ) {}

  get clientAddress(): BoundAddress {
    return this.server.clientAddress;
  }

  get addresses(): readonly BoundAddress[] {
    return this.server.addresses;
  }

  get failed(): Promise<Error> {
    return this.server.failed;
  }

  async start(): Promise<void> {
    this.audit?.open();
    await this.startServer();
    await Promise.all(this.endpoints.map((endpoint) => this.open(endpoint)));
  }

  private async startServer(): Promise<void> {
    try {
      await this.server.start();
      this.audit?.recordOfServer('serverStart', 'success');
    } catch (error) {
      this.audit?.recordOfServer('serverStart', 'failure');
      this.audit?.close();
      throw error;
    }
  }

  private async open({ name, start }: SideEndpoint): Promise<void> {
    try {
      const { host, port } = await start();
      this.logger.info({ endpoint: name, address: joinAddress(host, port) }, 'endpoint open');
    } catch (error) {
      this.logger.error(
        { endpoint: name, err: error },
        'this endpoint cannot be opened; the server goes on without it',
      );
    }
  }

  async stop(): Promise<void> {
    this.audit?.recordOfServer('serverStop', 'invoked');
    await Promise.all(this.endpoints.map((endpoint) => endpoint.stop()));
    await this.server.stop();
    this.audit?.close();
  }
}
