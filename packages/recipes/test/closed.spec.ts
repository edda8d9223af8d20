import type { ZkClient } from '@zk/client-api';
import type { TestServer } from '@zk/testing';
import {
  ChildrenCache,
  LeaderLatch,
  NodeCache,
  PersistentNode,
  PersistentTtlNode,
  RecipeClosedError,
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
];

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
