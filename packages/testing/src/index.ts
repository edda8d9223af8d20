export type { SeenRequest } from './faults/conversation.js';
export type { Direction } from './faults/faulty-connection.js';
export type { FaultTarget, FaultyTransportOptions, SessionTarget } from './faults/faulty-transport.js';
export { FaultyTransport } from './faults/faulty-transport.js';
export type { RequestKind } from './faults/request-kinds.js';
export { seededRandom } from './seeded-random.js';
export type { TestClientOptions, TestServerOptions } from './test-server.js';
export { TestServer, createTestServer } from './test-server.js';
export { VirtualTime } from './virtual-time.js';
