import { type TestServer, createTestServer } from '@zk/testing';
import { describeCaches } from './suite/caches.js';
import { describeDiscovery } from './suite/discovery.js';
import { describeElections } from './suite/elections.js';
import { describeLocks } from './suite/locks.js';
import { describeNodes } from './suite/nodes.js';
import type { RecipeRig } from './suite/rig.js';
import { tcpRig } from './tcp-rig.js';

/** Another server to run on: `ZK_TEST_SERVERS=host:port`, for example Apache ZooKeeper. */
const given = process.env['ZK_TEST_SERVERS'];

let server: TestServer | undefined;
let rig: RecipeRig;

beforeAll(async () => {
  if (given === undefined) server = await createTestServer({ tcp: true });
  rig = tcpRig('', given ?? server!.connectionString);
});
afterAll(() => server?.close());

/** The address is known only when the server listens, and the suites are described before. */
const late: RecipeRig = {
  name: given ?? 'a server over TCP',
  createClient: (options) => rig.createClient(options),
  faults: { cut: (client) => rig.faults!.cut(client), expireSession: (client) => rig.faults!.expireSession(client) },
};

describeLocks(late);
describeElections(late);
describeCaches(late);
describeNodes(late);
describeDiscovery(late);
