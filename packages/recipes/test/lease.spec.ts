import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type ZkClient, utf8 } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { MultiNonBlockingLease, NonBlockingLease } from '../src/index.js';
import { connectTo } from './memory-rig.js';

const MINUTE_MS = 60_000;
const RECORDED_AT_MS = Date.UTC(2030, 0, 2, 3, 4, 5, 678);

let server: TestServer;
let one: ZkClient;
let two: ZkClient;

beforeEach(async () => {
  server = await createTestServer({ clock: 'virtual' });
  server.time!.jumpWallClock(RECORDED_AT_MS - server.time!.wallMs());
  [one, two] = await pass(Promise.all([connectTo(server), connectTo(server)]));
});

afterEach(async () => {
  await pass(Promise.all([one.close(), two.close()]));
  await server.close();
});

function pass<T>(promise: Promise<T>): Promise<T> {
  return server.time!.during(promise);
}

function recorded(node: string): string {
  const file = path.join(__dirname, 'fixtures', 'kazoo', 'kazoo-lease.json');
  const { steps } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly steps: readonly { readonly nodes?: readonly { readonly path: string; readonly text?: string }[] }[];
  };
  return steps.flatMap(({ nodes = [] }) => nodes).find((candidate) => candidate.path === node)!.text!;
}

it('writes what kazoo writes, at the same time for the same holder', async () => {
  const lease = new NonBlockingLease(one, '/k/lease', { duration: 70 * MINUTE_MS, holder: 'hôst' });
  await pass(lease.obtain());
  const { data } = await pass(one.get('/k/lease/lease_holder', { codec: utf8 }));
  expect(data).toBe(recorded('/k/lease/lease_holder'));
});

it('is for one holder until its time is over, and for the same one again and again', async () => {
  const options = { duration: MINUTE_MS };
  const mine = new NonBlockingLease(one, '/lease', { ...options, holder: 'one' });
  const theirs = new NonBlockingLease(two, '/lease', { ...options, holder: 'two' });
  const first = await pass(mine.obtain());
  expect(first).toMatchObject({ holder: 'one', isValid: true });
  expect(await pass(theirs.obtain())).toBeNull();
  const renewed = await pass(mine.obtain());
  expect(renewed!.token > first!.token).toBe(true);
  server.time!.jumpWallClock(MINUTE_MS + 1_000);
  expect(renewed!.isValid).toBe(false);
  const next = await pass(theirs.obtain());
  expect(next!.token > renewed!.token).toBe(true);
  expect(await pass(mine.release())).toBe(false);
  expect(await pass(theirs.release())).toBe(true);
  expect(await pass(mine.obtain())).not.toBeNull();
});

it.each(['{"version": 2, "holder": "x", "end": "2000-01-01T00:00:00"}', 'x', '{"version": 1}', ''])(
  'leaves alone what it does not understand: %s',
  async (text) => {
    await pass(one.create('/lease/lease_holder', text, { codec: utf8, parents: 'persistent' }));
    const lease = new NonBlockingLease(one, '/lease', { duration: MINUTE_MS, holder: 'one' });
    expect(await pass(lease.obtain())).toBeNull();
  },
);

it('is for several holders at several paths', async () => {
  const obtain = (holder: string): Promise<unknown> =>
    pass(new MultiNonBlockingLease(one, '/k/mlease', 2, { duration: 1_000, holder }).obtain());
  expect([await obtain('m1'), await obtain('m2'), await obtain('m3')]).toMatchObject([
    { path: '/k/mlease/0/lease_holder' },
    { path: '/k/mlease/1/lease_holder' },
    null,
  ]);
  const { data } = await pass(one.get('/k/mlease/0/lease_holder', { codec: utf8 }));
  expect(data).toBe(recorded('/k/mlease/0/lease_holder'));
});
