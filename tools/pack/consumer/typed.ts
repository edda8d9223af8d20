// A strict TypeScript program that uses the published packages. Copied as .mts, .cts and .ts.
import { type ClientOptions, type ZkClient, connect, json, op } from '@zk/client';
import { Mutex } from '@zk/recipes';
import { type TestServer, createTestServer } from '@zk/testing';
import { deepEqual, equal } from 'node:assert/strict';

interface Config {
  readonly replicas: number;
}

async function main(): Promise<void> {
  const server: TestServer = await createTestServer({ tcp: true });
  const options: ClientOptions = {
    sessionTimeout: '10s',
    auth: undefined,
    logger: undefined,
    limits: { maxQueued: undefined },
  };
  const client: ZkClient = await connect(server.connectionString, options);
  await client.create('/config', { replicas: 3 }, { codec: json<Config>() });
  const { data, stat } = await client.get('/config', { codec: json<Config>() });
  const replicas: number = data.replicas;
  const zxid: bigint = stat.czxid;
  equal(replicas, 3);
  equal(zxid > 0n, true);
  const [created, , set] = await client.multi([op.create('/a'), op.check('/config', 0), op.set('/config', null)]);
  // An option that is undefined is one that was not given, also where the compiler tells the two apart.
  const notGiven = undefined;
  await client.exists('/a', { timeout: notGiven, signal: notGiven, linearizable: notGiven });
  const path: string = created.path;
  const version: number = set.stat.version;
  deepEqual([path, version], ['/a', 1]);
  const hold = await new Mutex(client, '/lock', { dialect: notGiven }).acquire({ timeout: notGiven });
  const token: bigint = hold.token;
  equal(token > zxid, true);
  await hold.release();
  await client.close();
  await server.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
