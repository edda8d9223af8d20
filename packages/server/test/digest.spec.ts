import { CreateMode, KeeperError, OPEN_ACL_UNSAFE } from '@zk/model';
import fc from 'fast-check';
import { Harness } from './harness.js';

const names = ['/a', '/b', '/a/x', '/a/y', '/b/z', '/a/x/deep'];
const step = fc.oneof(
  fc.record({
    op: fc.constant('create'),
    path: fc.constantFrom(...names),
    data: fc.string(),
    flags: fc.constantFrom(0, 1, 2),
  }),
  fc.record({ op: fc.constant('delete'), path: fc.constantFrom(...names) }),
  fc.record({ op: fc.constant('set'), path: fc.constantFrom(...names), data: fc.string() }),
  fc.record({ op: fc.constant('multi'), path: fc.constantFrom(...names), data: fc.string() }),
);

describe('the digest predicted for each transaction', () => {
  it('is the digest of the tree after it, whatever was pipelined', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const harness = await new Harness().start();
        const client = await harness.connect();
        const other = await harness.connect();
        const calls: Promise<unknown>[] = [];
        for (const s of steps) {
          if (s.op === 'create') calls.push(client.create(s.path, s.data, { flags: s.flags }));
          else if (s.op === 'delete') calls.push(other.delete(s.path));
          else if (s.op === 'set') calls.push(other.setData(s.path, s.data));
          else {
            calls.push(
              client.multi([
                { op: 'setData', path: s.path, data: new TextEncoder().encode(s.data), version: -1 },
                { op: 'create', path: `${s.path}/m`, data: null, acl: OPEN_ACL_UNSAFE, flags: CreateMode.ephemeral },
                { op: 'check', path: s.path, version: 3 },
              ]),
            );
          }
        }
        const results = await Promise.allSettled(calls);
        expect(results.filter((r) => r.status === 'rejected' && !(r.reason instanceof KeeperError))).toEqual([]);
        await client.close();
        await harness.end();
      }),
      { numRuns: 30 },
    );
  });
});
