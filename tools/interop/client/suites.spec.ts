/** Every suite of the client and of the recipes, against the server named in the environment. */
import { connect } from '@zk/client';
import { SessionExpiredError, type ZkClient } from '@zk/client-api';
import { FaultyTransport } from '@zk/testing';
import { TcpTransport } from '@zk/transport-tcp';
import { describeClient } from '../../../packages/client/test/suite/describe-client.js';
import { describeBarriers } from '../../../packages/recipes/test/suite/barriers.js';
import { describeCaches } from '../../../packages/recipes/test/suite/caches.js';
import { describeDiscovery } from '../../../packages/recipes/test/suite/discovery.js';
import { describeElections } from '../../../packages/recipes/test/suite/elections.js';
import { describeLocks } from '../../../packages/recipes/test/suite/locks.js';
import { describeNodes } from '../../../packages/recipes/test/suite/nodes.js';
import { describePartitions } from '../../../packages/recipes/test/suite/partitions.js';
import { describeQueues } from '../../../packages/recipes/test/suite/queues.js';
import type { RecipeRig } from '../../../packages/recipes/test/suite/rig.js';
import { describeValues } from '../../../packages/recipes/test/suite/values.js';

const { ZK_SUITE_SERVER: address = '127.0.0.1:2181', ZK_SUITE_NAME: name = address } = process.env;

// One of several servers, which lose their leader meanwhile: a test that this interrupts is tried again.
const attempts = Number(process.env['ZK_INTEROP_ATTEMPTS'] ?? 1);
if (attempts > 1) jest.retryTimes(attempts - 1, { waitBeforeRetry: 3_000 });

/** Each client on a transport of its own, so that its connections can be cut. */
const transports = new WeakMap<ZkClient, FaultyTransport>();

const rig: RecipeRig = {
  name,
  async createClient(options = {}) {
    const transport = new FaultyTransport(new TcpTransport());
    const client = await connect(address, { transport, ...options });
    transports.set(client, transport);
    return client;
  },
  faults: {
    // Whoever knows the password may end a session; its owner may have taken it back by then.
    async expireSession(client) {
      const { id, password } = client.session!;
      while (await canEnd({ id, password })) continue;
    },
    cut(client) {
      transports.get(client)!.cut();
    },
  },
};

/** Attaches to a session and closes it; false when there is no such session any more. */
async function canEnd(session: { readonly id: bigint; readonly password: Uint8Array }): Promise<boolean> {
  try {
    const other = await connect(address, { session, renewSession: false });
    await other.close();
    return true;
  } catch (error) {
    if (error instanceof SessionExpiredError) return false;
    throw error;
  }
}

describeClient(name, { connectionString: () => address });
for (const describeRecipes of [
  describeLocks,
  describeElections,
  describeBarriers,
  describeValues,
  describeQueues,
  describeCaches,
  describeNodes,
  describeDiscovery,
  describePartitions,
]) {
  describeRecipes(rig);
}
