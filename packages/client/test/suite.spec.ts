import { MemoryTransport } from '@zk/transport-memory';
import { createServer, type ZkServer } from '@zk/server';
import { RANDOM, TRANSPORT } from '@zk/contracts';
import { describeClient } from './suite/describe-client.js';

/** The suite against servers of this workspace: in memory, in memory with every read in pieces, and over TCP. */

function serve(transport: MemoryTransport | undefined): {
  readonly start: () => Promise<void>;
  readonly address: () => string;
  readonly stop: () => Promise<void>;
} {
  let server: ZkServer | undefined;
  return {
    async start() {
      const random = { next: () => Math.random() };
      const registrations = transport === undefined ? [] : [[TRANSPORT, transport] as const, [RANDOM, random] as const];
      const options = {
        clientHost: '127.0.0.1',
        clientPort: transport === undefined ? 0 : 2181,
        maxClientConnections: 0,
      };
      server = createServer(options, registrations);
      await server.start();
    },
    address: () => `127.0.0.1:${server!.clientAddress.port}`,
    stop: async () => server?.stop(),
  };
}

describe('in memory', () => {
  const transport = new MemoryTransport();
  const service = serve(transport);
  beforeAll(service.start);
  afterAll(service.stop);
  describeClient('in memory', { connectionString: service.address, transport: () => transport });
});

describe('in memory, in pieces', () => {
  let seed = 1;
  const random = { next: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647 };
  const transport = new MemoryTransport({ chunking: { random, maxBytes: 100 } });
  const service = serve(transport);
  beforeAll(service.start);
  afterAll(service.stop);
  describeClient('in pieces of 1 to 100 bytes', { connectionString: service.address, transport: () => transport });
});

describe('over TCP', () => {
  const service = serve(undefined);
  beforeAll(service.start);
  afterAll(service.stop);
  describeClient('over TCP', { connectionString: service.address });
});
