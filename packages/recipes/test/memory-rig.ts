import { connect } from '@zk/client';
import type { ZkClient } from '@zk/client-api';
import type { TestServer } from '@zk/testing';
import type { RecipeRig } from './suite/rig.js';

/** The suites on a server in this process. */
export function rigOf(name: string, server: () => TestServer): RecipeRig {
  return {
    name,
    createClient: (options) => connectTo(server(), options),
    faults: {
      expireSession: (client) => server().expireSession(client),
      cut: (client) => void server().cut(client),
    },
  };
}

export function connectTo(server: TestServer, options: Parameters<typeof connect>[1] = {}): Promise<ZkClient> {
  const { transport, runtime, connectionString } = server;
  return connect(connectionString, { transport, runtime, ...options });
}
