import { describeTransport } from '@zk/compliance';
import { FaultyTransport, seededRandom } from '@zk/testing';
import { MemoryTransport } from '@zk/transport-memory';
import { TcpTransport } from '@zk/transport-tcp';

const create = (inner: MemoryTransport | TcpTransport) => {
  const transport = new FaultyTransport(inner);
  return {
    transport,
    host: '127.0.0.1',
    close: () => expect(transport.connectionCount).toBe(0),
  };
};

describeTransport('FaultyTransport around memory', { create: () => create(new MemoryTransport()) });

describeTransport('FaultyTransport around memory with little room, in pieces', {
  create: () =>
    create(new MemoryTransport({ highWaterMarkBytes: 1_000, chunking: { random: seededRandom(7), maxBytes: 997 } })),
});

describeTransport('FaultyTransport around TCP', { create: () => create(new TcpTransport()) });
