import { createTestServer } from '@zk/testing';
import { PersistentNode, type PersistentNodeState } from '../src/index.js';
import { connectTo } from './memory-rig.js';

it('a persistent node tells of its state when it is another one', async () => {
  const server = await createTestServer();
  const client = await connectTo(server);
  await client.create('/in-the-way', null, { mode: 'ephemeral' });
  const states: PersistentNodeState[] = [];
  const node = new PersistentNode(client, '/in-the-way', new Uint8Array(), { ifForeign: 'replace' });
  node.state$.subscribe((state) => states.push(state));
  await node.start().waitForInitialCreate();
  await node.close();
  expect(states).toEqual(['new', 'absent', 'present', 'closed']);
  expect('next' in node.state$).toBe(false);
  await client.close();
  await server.close();
});
