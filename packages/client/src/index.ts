import type { CallOptions } from '@zk/client-api';
import { TcpTransport } from '@zk/transport-tcp';
import { TlsTransport, type TlsTransportOptions } from '@zk/transport-tls';
import { lookup } from 'node:dns/promises';
import { makeClient, whenConnected } from './create-client.js';
import { diagnosticsTracer } from './diagnostics-tracer.js';
import type { CommonOptions, Resolver } from './options.js';
import type { ZooKeeperClient } from './zookeeper-client.js';

export * from './exports.js';
export { REQUEST_CHANNEL } from './diagnostics-tracer.js';

export interface ClientOptions extends CommonOptions {
  /** Connect over TLS, with these certificates; `{}` trusts whom Node trusts, and shows no certificate. */
  readonly tls?: TlsOptions;
}

/** The client's side of {@link TlsTransportOptions}. */
export type TlsOptions = Pick<
  TlsTransportOptions,
  | 'identity'
  | 'trust'
  | 'protocols'
  | 'cipherSuites'
  | 'reload'
  | 'reloadIntervalMs'
  | 'verifiesServerName'
  | 'handshakeTimeoutMs'
>;

/** Anew at each attempt: what a name stood for at the start says nothing about now. */
const systemLookUp: Resolver = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * A client that connects in the background, and keeps at it until it is closed.
 * @throws TypeError or RangeError for a connection string or options that make no sense
 */
export function createClient(servers: string, options: ClientOptions = {}): ZooKeeperClient {
  const { tls } = options;
  return makeClient(servers, options, {
    createTransport: () => (tls === undefined ? new TcpTransport() : new TlsTransport(tls)),
    resolve: systemLookUp,
    tracer: diagnosticsTracer,
  });
}

/**
 * A client that is connected. `timeout` (default: the `requestTimeout`) and `signal` are for the connecting only.
 * @throws ConnectionLossError that tells what was tried, when no server granted a session in time; AuthFailedError
 */
export async function connect(servers: string, options: ClientOptions & CallOptions = {}): Promise<ZooKeeperClient> {
  return whenConnected(createClient(servers, options), options);
}
