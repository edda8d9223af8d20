import { type TestServer, createTestServer } from '@zk/testing';
import { rigOf } from './memory-rig.js';
import { describeBarriers } from './suite/barriers.js';

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());

describeBarriers(rigOf('a server in memory', () => server));
