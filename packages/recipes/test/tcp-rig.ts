import { createClient } from '@zk/client';
import { SessionExpiredError, type ZkClient } from '@zk/client-api';
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
        // Its owner may have taken it back before it is closed.
        while (await canEnd(servers, { id, password })) continue;
      },
    },
  };
}

/** Attaches to a session and closes it; false when there is no such session any more. */
async function canEnd(
  servers: string,
  session: { readonly id: bigint; readonly password: Uint8Array },
): Promise<boolean> {
  const thief = createClient(servers, { session, renewSession: false });
  try {
    await thief.connected();
    return true;
  } catch (error) {
    if (error instanceof SessionExpiredError) return false;
    throw error;
  } finally {
    await thief.close();
  }
}
