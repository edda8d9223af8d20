import type { ZkClient } from '@zk/client-api';
import { LeaseLimit } from './lease-limit.js';

describe('a limit of leases that is fixed', () => {
  it('gives those who wait nothing that outlives them', async () => {
    // A promise that all acquires of a program share would keep every one of them.
    const seen = await new LeaseLimit({} as ZkClient, 3).watch();
    expect(seen).toMatchObject({ max: 3 });
    expect(seen.changed).toBeUndefined();
  });

  it.each([0, -1, 1.5, NaN, Infinity, undefined, '3'])('is not %p', (count) => {
    expect(() => new LeaseLimit({} as ZkClient, count as number)).toThrow(RangeError);
  });
});
