import { type CallOptions, type OptionRules, requireOptions, rules } from '@zk/client-api';
import { WebSocketTransport, type WebSocketTransportOptions } from '@zk/transport-websocket';
import { type Platform, makeClient, noLookUp, whenConnected } from './create-client.js';
import { commonRules, connectRules } from './option-rules.js';
import type { CommonOptions } from './options.js';
import type { ZooKeeperClient } from './zookeeper-client.js';

export * from './exports.js';

/** The same client where there are no sockets: connections are WebSockets, and names are the browser's business. */
export interface ClientOptions extends CommonOptions {
  readonly webSocket?: WebSocketTransportOptions | undefined;
}

const clientRules: OptionRules<ClientOptions> = { ...commonRules, webSocket: rules.object };

/** As in Node. */
export function createClient(servers: string, options: ClientOptions = {}): ZooKeeperClient {
  return makeClient(servers, options, platformOf(requireOptions('a client', options, clientRules)));
}

/** As in Node. */
export async function connect(servers: string, options: ClientOptions & CallOptions = {}): Promise<ZooKeeperClient> {
  requireOptions('a client', options, { ...clientRules, ...connectRules });
  return whenConnected(makeClient(servers, options, platformOf(options)), options);
}

function platformOf(options: ClientOptions): Platform {
  return { createTransport: () => new WebSocketTransport(options.webSocket), resolve: noLookUp };
}
