import { type ZkClient, utf8 } from '@zk/client-api';
import type { TestServer } from '@zk/testing';
import {
  ChildrenCache,
  DistributedQueue,
  GroupMembership,
  LeaderLatch,
  NodeCache,
  PersistentNode,
  PersistentTtlNode,
  QueueSharder,
  RecipeClosedError,
  ServiceDiscovery,
  SharedCount,
  TreeCache,
} from '../src/index.js';
import { connectTo, withServer } from './memory-rig.js';

let server: TestServer;
let client: ZkClient;
withServer((opened, its) => ([server, client] = [opened, its]));

interface Closable {
  close(): Promise<void>;
}

/** What is called on a recipe that its owner, or the client's, has closed. */
const lateCalls: [string, (of: ZkClient) => [Closable, () => Promise<unknown>]][] = [
  ['the NodeCache at /x', (of) => startOf(new NodeCache(of, '/x'))],
  ['the ChildrenCache at /x', (of) => startOf(new ChildrenCache(of, '/x'))],
  ['the TreeCache at /x', (of) => startOf(new TreeCache(of, '/x'))],
  ['the PersistentNode at /x', (of) => setOf(new PersistentNode(of, '/x', new Uint8Array()))],
  ['the PersistentNode at /x', (of) => setOf(new PersistentTtlNode(of, '/x', new Uint8Array(), { ttl: '1h' }))],
  ['the LeaderLatch at /x', (of) => callOf(new LeaderLatch(of, '/x'), async (latch) => latch.start())],
  ['the LeaderLatch at /x', (of) => callOf(new LeaderLatch(of, '/x').start(), (latch) => latch.leadership())],
  ['the QueueSharder at /x', (of) => callOf(sharderOf(of), (sharder) => sharder.start())],
  ['the queue at /x', (of) => callOf(new DistributedQueue(of, '/x', { codec: utf8 }), (queue) => queue.take())],
  ['the ServiceDiscovery at /x', (of) => callOf(new ServiceDiscovery(of, '/x'), (all) => all.register({ name: 's' }))],
  ['the GroupMembership at /x', (of) => callOf(new GroupMembership(of, '/x'), (group) => group.join())],
  ['the SharedValue at /x', (of) => callOf(new SharedCount(of, '/x'), (count) => count.start())],
];

function callOf<R extends Closable>(recipe: R, call: (recipe: R) => Promise<unknown>): [R, () => Promise<unknown>] {
  return [recipe, () => call(recipe)];
}

function sharderOf(of: ZkClient): QueueSharder<DistributedQueue<string>> {
  return new QueueSharder(of, '/x', {
    leaderPath: '/y',
    createQueue: (path) => new DistributedQueue(of, path, { codec: utf8 }),
  });
}

function startOf(cache: Closable & { start(): Promise<void> }): [Closable, () => Promise<unknown>] {
  return [cache, () => cache.start()];
}

function setOf(node: Closable & { setData(data: Uint8Array): Promise<void> }): [Closable, () => Promise<unknown>] {
  return [node, () => node.setData(new Uint8Array())];
}

it.each(lateCalls)('%s says that it is closed, and not that the client is', async (what, make) => {
  const [recipe, call] = make(client);
  await recipe.close();
  const error = await call().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RecipeClosedError);
  expect(error).toMatchObject({ name: 'RecipeClosedError', message: `${what} is closed`, path: '/x' });
});

it.each(lateCalls)('%s says that the client is closed where it is', async (_what, make) => {
  const own = await connectTo(server);
  const [recipe, call] = make(own);
  await own.close();
  await recipe.close();
  await expect(call()).rejects.toMatchObject({ name: 'ClientClosedError', path: '/x' });
});

it('a latch that does not stand yet says so to who waits for its leadership', async () => {
  await using latch = new LeaderLatch(client, '/latch');
  await expect(latch.leadership()).rejects.toThrow('the latch at /latch was not started: call start() first');
  expect((await latch.start().leadership()).isHeld).toBe(true);
});
