import { type CallOptions, type OptionRules, requireOptions, rules } from '@zk/client-api';
import { TcpTransport } from '@zk/transport-tcp';
import { TlsTransport, type TlsTransportOptions } from '@zk/transport-tls';
import { lookup } from 'node:dns/promises';
import { type Platform, makeClient, whenConnected } from './create-client.js';
import { diagnosticsTracer } from './diagnostics-tracer.js';
import { commonRules, connectRules } from './option-rules.js';
import type { CommonOptions, Resolver } from './options.js';
import type { ZooKeeperClient } from './zookeeper-client.js';

export * from './exports.js';
export { REQUEST_CHANNEL } from './diagnostics-tracer.js';

export interface ClientOptions extends CommonOptions {
  /** Connect over TLS, with these certificates; `{}` trusts whom Node trusts, and shows no certificate. */
  readonly tls?: TlsOptions | undefined;
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

const clientRules: OptionRules<ClientOptions> = { ...commonRules, tls: rules.object };

/**
 * A client that connects in the background, and keeps at it until it is closed.
 * @throws TypeError or RangeError for a connection string or options that make no sense
 */
export function createClient(servers: string, options: ClientOptions = {}): ZooKeeperClient {
  return makeClient(servers, options, platformOf(requireOptions('a client', options, clientRules)));
}

/**
 * A client that is connected. `timeout` (default: the `requestTimeout`) and `signal` are for the connecting only.
 * @throws ConnectionLossError that tells what was tried, when no server granted a session in time; AuthFailedError;
 *   SessionExpiredError when the `session` to attach to is over and `renewSession` is false
 */
export async function connect(servers: string, options: ClientOptions & CallOptions = {}): Promise<ZooKeeperClient> {
  requireOptions('a client', options, { ...clientRules, ...connectRules });
  return whenConnected(makeClient(servers, options, platformOf(options)), options);
}

function platformOf(options: ClientOptions): Platform {
  return {
    createTransport: () => (options.tls === undefined ? new TcpTransport() : new TlsTransport(options.tls)),
    resolve: systemLookUp,
    tracer: diagnosticsTracer,
  };
}
