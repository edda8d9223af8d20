import { describeTransport } from '@zk/compliance';
import type { RandomSource } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';

function seeded(seed: number): RandomSource {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    },
  };
}

const addresses = {
  ipv6Host: '::1',
  dualStack: { listenHost: '::', dialHost: '127.0.0.1' },
};
const create = (transport: MemoryTransport) => ({
  transport,
  host: '127.0.0.1',
  close: () => expect(transport.openEndCount).toBe(0),
});

describeTransport('MemoryTransport', { ...addresses, create: () => create(new MemoryTransport()) });

describeTransport('MemoryTransport that splits what it delivers', {
  ...addresses,
  create: () => create(new MemoryTransport({ chunking: { random: seeded(7), maxBytes: 997 } })),
});

describeTransport('MemoryTransport with little room', {
  ...addresses,
  create: () => create(new MemoryTransport({ highWaterMarkBytes: 1_000 })),
});
