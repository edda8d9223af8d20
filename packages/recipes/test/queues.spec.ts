import { type TestServer, createTestServer } from '@zk/testing';
import { rigOf } from './memory-rig.js';
import { describeQueues } from './suite/queues.js';

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());

describeQueues(rigOf('a server in memory', () => server));
