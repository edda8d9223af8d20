// A test of the test runner that Node brings.
import { createTestServer } from '@zk/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';

test('a session is lost when nothing is heard for as long as it lasts', async () => {
  const server = await createTestServer({ clock: 'virtual' });
  const client = await server.connect({ sessionTimeout: '30s' });
  server.stall();
  await server.advance('31s');
  assert.equal(client.state, 'lost');
  await server.close();
});
