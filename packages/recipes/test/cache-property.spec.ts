import { type ZkClient, utf8 } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import fc from 'fast-check';
import { TreeCache } from '../src/index.js';
import { connectTo } from './memory-rig.js';
import { eventually, freshPath } from './suite/rig.js';
import { followed, readTree } from './suite/trees.js';

// Somebody else changes a tree in any way, while the connection of the cache is cut and its session ended at any moment.
// When all is quiet, the cache is the tree; and its events, applied one by one to what it was at first, give the tree.

type Step =
  | { readonly kind: 'write'; readonly path: string; readonly value: number }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'cut' | 'expire' | 'stall' | 'release' | 'settle' };

const names = fc.constantFrom('a', 'b', 'c');
const paths = fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('write' as const), path: paths, value: fc.nat(99) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('delete' as const), path: paths }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'stall' as const, 'release' as const) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('expire' as const, 'settle' as const) }) },
  ),
  { minLength: 5, maxLength: 60 },
);

describe.each(['auto', 'oneShot'] as const)('any changes and any faults, with watches: %s', (watches) => {
  let server: TestServer;
  let writer: ZkClient;
  beforeAll(async () => {
    server = await createTestServer();
    writer = await connectTo(server);
  });
  afterAll(async () => {
    await writer.close();
    await server.close();
  });

  it('the cache is the tree at last, and its events lead there', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.array(paths, { maxLength: 6 }), async (plan, initial) => {
        const root = freshPath(writer, 'property');
        await write(writer, root, 'root');
        for (const path of initial) await write(writer, root + path, 'initial');
        await using client = await connectTo(server);
        await using cache = new TreeCache(client, root, { watches, concurrency: 4 });
        const replay = followed(cache);
        await cache.start();
        for (const step of plan) await perform(step, root, client);
        server.release(client);
        await write(writer, `${root}/last`, 'last');
        await eventually(() => cache.status === 'current' && cache.has(`${root}/last`));
        const tree = await readTree(writer, root);
        // Quiet is when a look at the server no longer changes anything.
        await eventually(async () => {
          await writer.sync(root);
          return cache.status === 'current' && JSON.stringify([...replay.tree()]) === JSON.stringify([...tree]);
        });
        const cached = [...cache].map(({ path, data, stat }) => [path, `${utf8.decode(data)}@${stat.mzxid}`] as const);
        expect(new Map(cached.sort())).toEqual(tree);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  async function perform(step: Step, root: string, client: ZkClient): Promise<void> {
    if (step.kind === 'write') return write(writer, root + step.path, String(step.value));
    if (step.kind === 'delete') return writer.delete(root + step.path, { recursive: true, ifMissing: 'ignore' });
    if (step.kind === 'cut') return void server.cut(client);
    if (step.kind === 'stall') return server.stall(client);
    if (step.kind === 'release') return server.release(client);
    if (step.kind === 'expire') return expire(client);
    server.release(client);
    await client.connected();
    // A session that was ended a moment ago takes what was under way with it.
    await client.sync(root).catch((error: Error) => expect(error.name).toMatch(/SESSIONEXPIRED|CONNECTIONLOSS/));
  }

  async function expire(client: ZkClient): Promise<void> {
    const { session } = client;
    if (session !== undefined && server.sessionIds.includes(session.id)) await server.expireSession(client);
  }
});

function write(client: ZkClient, path: string, value: string): Promise<void> {
  const data = utf8.encode(value)!;
  return client.create(path, data, { parents: 'persistent', ifExists: 'set' }).then(() => undefined);
}
