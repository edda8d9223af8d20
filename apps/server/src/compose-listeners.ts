import type { Logger, Transport } from '@zk/contracts';
import type { ClientListener } from '@zk/server';
import { TcpTransport } from '@zk/transport-tcp';
import type { CredentialsOptions, TlsMaterial } from '@zk/transport-tls';
import type { WebSocketTransportOptions } from '@zk/transport-websocket';
import type { ServerConfig, WebSocketConfig } from './config/server-config.js';
import type { StoreConfig, TlsConfig } from './config/tls-config.js';

/** The listeners a configuration asks for. What is not asked for is not loaded. */

/** What clientPort is served by. */
export async function clientPortTransport(config: ServerConfig, logger: Logger): Promise<Transport> {
  const { isClientPortUnified, tls } = config;
  if (isClientPortUnified && tls !== undefined) return tlsTransport(tls, logger, { allowsPlainText: true });
  return new TcpTransport({ logger });
}

export async function furtherListeners(config: ServerConfig, logger: Logger): Promise<readonly ClientListener[]> {
  const listeners: ClientListener[] = [];
  const { secureClientPort, secureClientPortAddress, tls, webSocket } = config;
  if (secureClientPort !== undefined && tls !== undefined) {
    const transport = await tlsTransport(tls, logger);
    listeners.push({ name: 'secure', transport, port: secureClientPort, ...hostOf(secureClientPortAddress) });
  }
  if (webSocket !== undefined) {
    const transport = await webSocketTransport(webSocket, tls, logger);
    listeners.push({ name: 'websocket', transport, port: webSocket.port, ...hostOf(webSocket.address) });
  }
  return listeners;
}

const hostOf = (address: string | undefined): { host?: string } => (address === undefined ? {} : { host: address });

/** TLS as the settings describe it. `verifiesServerNames` concerns connections to others. */
export async function tlsTransport(
  tls: TlsConfig,
  logger: Logger,
  { allowsPlainText = false, verifiesServerNames = true } = {},
): Promise<Transport> {
  const { TlsTransport } = await import('@zk/transport-tls');
  const { maxHandshakes } = tls;
  return new TlsTransport({
    ...credentialsOf(tls),
    ...(maxHandshakes === undefined ? {} : { maxHandshakes }),
    clientCertificates: tls.clientAuth,
    verifiesServerName: verifiesServerNames,
    verifiesClientName: tls.verifiesClientNames,
    allowsReverseLookup: tls.allowsReverseLookup,
    handshakeTimeoutMs: tls.handshakeTimeoutMs,
    allowsPlainText,
    logger,
  });
}

/** Certificates and keys, and what may be spoken with them. */
export function credentialsOf({
  keyStore,
  trustStore,
  cipherSuites,
  protocols,
  reload,
}: TlsConfig): CredentialsOptions {
  return {
    ...(keyStore === undefined ? {} : { identity: materialOf(keyStore) }),
    ...(trustStore === undefined ? {} : { trust: materialOf(trustStore) }),
    ...(cipherSuites === undefined ? {} : { cipherSuites }),
    protocols,
    reload,
  };
}

async function webSocketTransport(
  config: WebSocketConfig,
  tls: TlsConfig | undefined,
  logger: Logger,
): Promise<Transport> {
  const { WebSocketTransport } = await import('@zk/transport-websocket');
  const { path, allowedOrigins, allowsMissingOrigin, isTls } = config;
  const options: WebSocketTransportOptions = {
    path,
    allowedOrigins,
    allowMissingOrigin: allowsMissingOrigin,
    ...(isTls && tls !== undefined ? await webSocketTls(tls, logger) : {}),
    logger,
  };
  return new WebSocketTransport(options);
}

/** The certificate, versions and ciphers of the TLS port, and what takes their place when files change. */
async function webSocketTls(
  tls: TlsConfig,
  logger: Logger,
): Promise<Pick<WebSocketTransportOptions, 'tls' | 'watchTls'>> {
  const { Credentials } = await import('@zk/transport-tls');
  const credentials = new Credentials(credentialsOf(tls), logger);
  return {
    tls: (await credentials.prepared()).options,
    watchTls: (onChange) => credentials.watch(({ options }) => onChange(options)),
  };
}

function materialOf({ file, type, password, passwordFile }: StoreConfig): TlsMaterial {
  return {
    file,
    ...(type === undefined ? {} : { type }),
    ...(password === undefined ? {} : { password }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}
