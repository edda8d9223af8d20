import type { ZkClient } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { COMMANDS } from '../src/commands/registry.js';
import { complete } from '../src/shell/complete.js';

let server: TestServer;
let client: ZkClient;

beforeAll(async () => {
  server = await createTestServer();
  client = await server.connect();
  for (const path of ['/app/alpha/one', '/app/alpine', '/app/two words', '/beta']) {
    await client.create(path, null, { parents: 'persistent' });
  }
});

afterAll(() => server.close());

describe('complete', () => {
  it.each([
    ['getAllC', ['getAllChildrenNumber '], 'getAllC'],
    ['get', ['get ', 'getAcl ', 'getAllChildrenNumber ', 'getEphemerals '], 'get'],
    ['quux /', [], '/'],
    ['ls ', ['/'], ''],
    ['ls /', ['/app', '/beta', '/zookeeper'], '/'],
    ['ls /b', ['/beta '], '/b'],
    ['ls /app/al', ['/app/alpha', '/app/alpine'], '/app/al'],
    ['ls /app/alpha', ['/app/alpha/'], '/app/alpha'],
    ['ls /app/alpha/', ['/app/alpha/one '], '/app/alpha/'],
    ['ls /app/t', ['"/app/two words" '], '/app/t'],
    ['ls "/app/tw', ['"/app/two words" '], '"/app/tw'],
    ['ls /missing/', [], '/missing/'],
    ['ls -', ['-s ', '--stat ', '-w ', '--watch ', '-R ', '--recursive ', '--json ', '--help '], '-'],
    ['get --he', ['--hex ', '--help '], '--he'],
    ['set /beta /', [], '/'],
    ['set -v 3 /be', ['/beta '], '/be'],
    ['delete /beta /be', ['/beta '], '/be'],
    ['addWatch -m PERSISTENT_', ['PERSISTENT_RECURSIVE '], 'PERSISTENT_'],
    ['printwatches o', ['on ', 'off '], 'o'],
    ['help exp', ['export '], 'exp'],
    ['connect /', [], '/'],
  ])('offers for %j', async (line, candidates, replaced) => {
    expect(await complete(line, COMMANDS, client)).toEqual([candidates, replaced]);
  });

  it('offers no paths without a connection', async () => {
    expect(await complete('ls /', COMMANDS, undefined)).toEqual([[], '/']);
  });
});
