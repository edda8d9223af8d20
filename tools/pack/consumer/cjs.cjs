// A CommonJS module that uses the published packages.
'use strict';
const assert = require('node:assert/strict');
const { connect, utf8 } = require('@zk/client');
const { Mutex } = require('@zk/recipes');
const { createTestServer } = require('@zk/testing');

async function main() {
  const server = await createTestServer({ tcp: true });
  const client = await connect(server.connectionString);
  await client.create('/app', 'hello', { codec: utf8 });
  assert.equal((await client.get('/app', { codec: utf8 })).data, 'hello');
  const hold = await new Mutex(client, '/lock').acquire();
  assert.equal(typeof hold.token, 'bigint');
  await hold.release();
  await client.close();
  await server.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
