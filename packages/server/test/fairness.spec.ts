import { MemoryTransport } from '@zk/transport-memory';
import { Harness } from './harness.js';

/** What one client asks for does not keep the others waiting for longer than a few replies take. */
describe('a client that asks for much at once', () => {
  const LARGE = 'x'.repeat(100_000);
  let harness: Harness;

  beforeEach(async () => {
    // As kernels do, the way there takes megabytes before it is full.
    const transport = new MemoryTransport({ highWaterMarkBytes: 16 * 1024 * 1024 });
    harness = await new Harness({ transport }).start();
    const writer = await harness.connect();
    await writer.create('/large', LARGE);
    await writer.create('/small', 'y');
    await writer.close();
  });

  afterEach(() => harness.stop());

  it('lets the others go first after some of the replies, and gets all of them in the end', async () => {
    const greedy = await harness.connect();
    const other = await harness.connect();
    const order: string[] = [];
    const large = Array.from({ length: 40 }, async () => {
      const { data } = await greedy.getData('/large');
      order.push('large');
      return data?.length;
    });
    const small = other.getData('/small').then(() => order.push('small'));
    expect(new Set(await Promise.all(large))).toEqual(new Set([LARGE.length]));
    await small;
    expect(order.indexOf('small')).toBeLessThan(10);
  });
});
