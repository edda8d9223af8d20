import { type TestServer, createTestServer } from '@zk/testing';
import { rigOf } from './memory-rig.js';
import { describeCaches } from './suite/caches.js';

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());

describeCaches(rigOf('a server in memory', () => server));
