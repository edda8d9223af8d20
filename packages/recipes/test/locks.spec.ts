import { type TestServer, createTestServer } from '@zk/testing';
import { LeaderLatch, Mutex, Semaphore } from '../src/index.js';
import { connectTo, rigOf } from './memory-rig.js';
import { describeLocks } from './suite/locks.js';

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());

describeLocks(rigOf('a server in memory', () => server));

it('knows its own node by a session id with the top bit set, and beyond 2^53', async () => {
  await using other = await createTestServer({ server: { serverId: 200 } });
  const client = await connectTo(other);
  expect(client.session!.id < -(2n ** 53n)).toBe(true);
  const mutex = new Mutex(client, '/lock');
  await using hold = await mutex.acquire();
  hold.assertHeld();
  expect((await mutex.participants())[0]!.sessionId).toBe(client.session!.id);
  await using lease = await new Semaphore(client, '/semaphore', 1).acquire();
  await using latch = new LeaderLatch(client, '/latch').start();
  const term = await latch.leadership();
  expect([lease.isHeld, term.isHeld, latch.hasLeadership]).toEqual([true, true, true]);
  await client.close();
});
