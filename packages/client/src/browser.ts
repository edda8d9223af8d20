import type { CallOptions } from '@zk/client-api';
import { WebSocketTransport, type WebSocketTransportOptions } from '@zk/transport-websocket';
import { makeClient, noLookUp, whenConnected } from './create-client.js';
import type { CommonOptions } from './options.js';
import type { ZooKeeperClient } from './zookeeper-client.js';

export * from './exports.js';

/** The same client where there are no sockets: connections are WebSockets, and names are the browser's business. */
export interface ClientOptions extends CommonOptions {
  readonly webSocket?: WebSocketTransportOptions;
}

/** As in Node. */
export function createClient(servers: string, options: ClientOptions = {}): ZooKeeperClient {
  return makeClient(servers, options, {
    createTransport: () => new WebSocketTransport(options.webSocket),
    resolve: noLookUp,
  });
}

/** As in Node. */
export async function connect(servers: string, options: ClientOptions & CallOptions = {}): Promise<ZooKeeperClient> {
  return whenConnected(createClient(servers, options), options);
}
