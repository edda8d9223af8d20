import type { CallOptions, ZkClient } from '@zk/client-api';
import { TcpTransport } from '@zk/transport-tcp';
import { lookup } from 'node:dns/promises';
import { type Platform, makeClient, whenConnected } from './create-client.js';
import type { ClientOptions } from './options.js';
import type { ZooKeeperClient } from './zookeeper-client.js';

export * from './exports.js';

function platform(_options: ClientOptions): Platform {
  return {
    createTransport: () => new TcpTransport(),
    // Anew at each attempt: what a name stood for at the start says nothing about now.
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  };
}

/**
 * A client that connects in the background, and keeps at it until it is closed.
 * @throws TypeError or RangeError for a connection string or options that make no sense
 */
export function createClient(servers: string, options: ClientOptions = {}): ZooKeeperClient {
  return makeClient(servers, options, platform(options));
}

/** A client that is connected. `timeout` (default: the `requestTimeout`) and `signal` are for the connecting only. */
export async function connect(servers: string, options: ClientOptions & CallOptions = {}): Promise<ZkClient> {
  return whenConnected(createClient(servers, options), options);
}
