import { createClient } from '@zk/client';
import type { ZkClient } from '@zk/client-api';
import { FaultyTransport } from '@zk/testing';
import { TcpTransport } from '@zk/transport-tcp';
import type { RecipeRig } from './suite/rig.js';

/** The suites on a server that somebody else runs, ours or Apache's: faults happen on the way, and by the protocol. */
export function tcpRig(name: string, servers: string): RecipeRig {
  const ways = new Map<ZkClient, FaultyTransport>();
  return {
    name,
    createClient: async (options) => {
      const transport = new FaultyTransport(new TcpTransport());
      const client = createClient(servers, { transport, sessionTimeout: '6s', ...options });
      ways.set(client, transport);
      await client.connected();
      return client;
    },
    faults: {
      cut: (client) => void ways.get(client)?.cut(),
      // Whoever knows id and password can end a session from elsewhere.
      expireSession: async (client) => {
        const { id, password } = client.session!;
        const thief = createClient(servers, { session: { id, password }, renewSession: false });
        await thief.connected();
        await thief.close();
      },
    },
  };
}
