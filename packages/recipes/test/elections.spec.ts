import { type TestServer, createTestServer } from '@zk/testing';
import { rigOf } from './memory-rig.js';
import { describeElections } from './suite/elections.js';

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());

describeElections(rigOf('a server in memory', () => server));
