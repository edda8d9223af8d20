import { type TestServer, createTestServer } from '@zk/testing';
import { rigOf } from './memory-rig.js';
import { describeLocks } from './suite/locks.js';

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());

describeLocks(rigOf('a server in memory', () => server));
