// An ES module that uses the published packages.
import { connect, utf8 } from '@zk/client';
import { Mutex } from '@zk/recipes';
import { createTestServer } from '@zk/testing';
import assert from 'node:assert/strict';

for (const [name, options] of [
  ['in memory', {}],
  ['over TCP', { tcp: true }],
]) {
  const server = await createTestServer(options);
  const client = await connect(`${server.connectionString}/esm`, { transport: server.transport });
  await client.create('/app', name, { codec: utf8, parents: 'container' });
  assert.equal((await client.get('/app', { codec: utf8 })).data, name);
  await assert.rejects(client.get('/none'), { name: 'NONODE' });
  const hold = await new Mutex(client, '/lock').acquire();
  assert.equal(typeof hold.token, 'bigint');
  await hold.release();
  await client.close();
  await server.close();
}
