import { connect } from '@zk/client';
import type { ZkClient } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
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

/** One server, and one client of it, for all tests of a file. */
export function withServer(opened: (server: TestServer, client: ZkClient) => void): void {
  let server: TestServer;
  let client: ZkClient;
  beforeAll(async () => {
    server = await createTestServer();
    client = await connectTo(server);
    opened(server, client);
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });
}
