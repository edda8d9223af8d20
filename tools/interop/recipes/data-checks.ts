/** Numbers, queues, services, groups and partitions that our recipes share with Curator's and kazoo's. */
import assert from 'node:assert/strict';
import { utf8 } from '@zk/client';
import {
  DistributedAtomicInteger,
  DistributedAtomicLong,
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  GroupMembership,
  LockingQueue,
  type Queue,
  ServiceDiscovery,
  SetPartitioner,
  SharedCount,
  SimpleDistributedQueue,
} from '@zk/recipes';
import { type Company, check, eventually } from './check.ts';

const codec = utf8;
const TIMES = 25;

export async function dataChecks(company: Company): Promise<void> {
  await numberChecks(company);
  await simpleQueueChecks(company);
  await curatorQueueChecks(company);
  await presenceChecks(company);
}

async function numberChecks(company: Company): Promise<void> {
  const { client, curator, kazoo } = company;
  const addOurs = async (counter: { increment(): Promise<{ readonly succeeded: boolean }> }): Promise<void> => {
    for (let time = 0; time < TIMES; time++) assert.ok((await counter.increment()).succeeded);
  };
  await check(company, 'counter of 32 bits: Curator, kazoo and ours count together', async (path) => {
    const counter = new DistributedAtomicInteger(client, path);
    await counter.initialize(0);
    await Promise.all([
      addOurs(counter),
      curator.on('n', 'count', 'int', path, TIMES),
      kazoo.on('n', 'count', 'curator', path, TIMES),
    ]);
    const seen = [
      `${await counter.get()}`,
      await curator.do('number', 'int', path),
      await kazoo.do('number', 'curator', path),
    ];
    assert.deepEqual(seen, Array(3).fill(`${3 * TIMES}`));
  });
  await check(company, 'counter of 64 bits: Curator and ours count together', async (path) => {
    const counter = new DistributedAtomicLong(client, path);
    await counter.trySet(2n ** 53n);
    await Promise.all([addOurs(counter), curator.on('n', 'count', 'long', path, TIMES)]);
    assert.equal(await counter.get({ linearizable: true }), 2n ** 53n + BigInt(2 * TIMES));
    assert.equal(await curator.do('number', 'long', path), `${2n ** 53n + BigInt(2 * TIMES)}`);
  });
  await check(company, "kazoo's counter: kazoo and ours count together", async (path) => {
    const counter = new DistributedAtomicLong(client, path, { format: 'kazoo' });
    await Promise.all([addOurs(counter), kazoo.on('n', 'count', 'text', path, TIMES)]);
    assert.equal(await counter.get({ linearizable: true }), BigInt(2 * TIMES));
    await counter.trySet(-7n);
    assert.equal(await kazoo.do('number', 'text', path), '-7');
  });
  await check(company, 'shared count: Curator and ours show what the other sets', async (path) => {
    await using count = await new SharedCount(client, path, { seed: 5 }).start();
    assert.equal(await curator.do('shared-start', path, 9), '5');
    assert.equal(await count.trySet(-3), true);
    await eventually('our value there', async () => (await curator.do('shared-get', path)) === '-3');
    await curator.do('shared-set', path, 40);
    await eventually('their value here', () => count.value === 40);
    assert.equal(await curator.do('shared-try', path, 41), 'true');
    await eventually('their value here', () => count.value === 41);
    assert.equal(await kazoo.do('number', 'curator', path), '41');
  });
}

async function simpleQueueChecks(company: Company): Promise<void> {
  const { client, curator, kazoo } = company;
  await check(company, 'simple queue: Curator, kazoo (with the names of Curator) and ours', async (path) => {
    await using queue = new SimpleDistributedQueue(client, path, { codec });
    await queue.put('ours');
    await curator.do('put', 'simple', path, 'java');
    await kazoo.do('put', 'simple', path, 'python', 1);
    await queue.put('more');
    assert.equal(await curator.do('take', 'simple', path, 10_000), 'ours');
    // kazoo puts its priority into the name, in front of the number, so its items come first or last as text decides.
    const rest = [
      await queue.take({ timeout: '10s' }),
      await queue.take({ timeout: '10s' }),
      await kazoo.do('take', 'simple', path, 0),
    ];
    assert.deepEqual([...rest].sort(), ['java', 'more', 'python']);
    assert.equal(await queue.poll(), undefined);
  });
  await check(company, "kazoo's queue, with priorities", async (path) => {
    await using queue = new SimpleDistributedQueue(client, path, { codec, dialect: 'kazoo' });
    await queue.put('late', { priority: 200 });
    await kazoo.do('put', 'queue', path, 'normal');
    await queue.put('soon', { priority: 7 });
    assert.equal(await kazoo.do('take', 'queue', path, 0), 'soon');
    assert.equal(await queue.take({ timeout: '5s' }), 'normal');
    assert.equal(await kazoo.do('take', 'queue', path, 0), 'late');
    assert.equal(await kazoo.do('take', 'queue', path, 0), 'null');
  });
  await check(company, "kazoo's locking queue: what one works on the other does not get", async (path) => {
    await using queue = new LockingQueue(client, path, { codec });
    await queue.put('a');
    await kazoo.do('put', 'locking', path, 'b');
    await queue.put('urgent', { priority: 1 });
    assert.equal(await kazoo.do('take', 'locking', path, 10_000), 'urgent');
    const first = await queue.take({ timeout: '10s' });
    assert.equal(first.item, 'a');
    assert.equal(await kazoo.do('consume', path), 'true');
    assert.equal(await kazoo.do('take', 'locking', path, 10_000), 'b');
    assert.equal(await queue.poll(), undefined);
    await first.release();
    assert.equal(await kazoo.do('give-up', path), 'true');
    assert.equal(await drained(queue, 2), 'a,b');
  });
}

async function drained(queue: Queue<string>, count: number): Promise<string> {
  const items: string[] = [];
  while (items.length < count) {
    const taken = await queue.take({ timeout: '20s' });
    items.push(...taken.items);
    await taken.complete();
  }
  return items.join();
}

/** Curator deletes an item behind its consumption, and gives that up when it is stopped. */
function emptied(queue: DistributedQueue<string>): Promise<void> {
  return eventually('an empty queue', async () => (await queue.count()) === 0);
}

async function curatorQueueChecks(company: Company): Promise<void> {
  const { client, curator } = company;
  const options = (path: string): { codec: typeof codec; lockPath: string } => ({ codec, lockPath: `${path}-locks` });
  const consumedBy = (path: string, expected: string): Promise<void> =>
    eventually(`consumption of ${expected}`, async () => (await curator.do('consumed', path)) === expected);

  await check(
    company,
    'queue: what either puts either consumes, under locks, and what failed comes again',
    async (path) => {
      await using queue = new DistributedQueue(client, path, options(path));
      await curator.do('put', 'fifo', path, 'j1');
      await queue.putAll(['o1', 'o2']);
      await curator.do('put', 'fifo', path, 'j2');
      assert.equal(await drained(queue, 4), 'j1,o1,o2,j2');
      await queue.put('again');
      await curator.do('consume', 'fifo', path, 'true');
      await consumedBy(path, 'again');
      await queue.put('last');
      await consumedBy(path, 'again,last');
      await emptied(queue);
      await curator.do('stop', path);
    },
  );
  await check(company, 'queue: consumers of both share the work, and nothing is done twice', async (path) => {
    await using queue = new DistributedQueue(client, path, options(path));
    const ours: string[] = [];
    const consumer = queue.consume((item) => void ours.push(item));
    await curator.do('consume', 'fifo', path, 'false');
    const items = Array.from({ length: 40 }, (_, index) => `i${index}`);
    for (const item of items) await queue.put(item);
    const theirs = async (): Promise<string[]> => (await curator.do('consumed', path)).split(',').filter(Boolean);
    await eventually('the end of it', async () => ours.length + (await theirs()).length >= items.length);
    await emptied(queue);
    await Promise.all([consumer.stop(), curator.do('stop', path)]);
    assert.deepEqual([...ours, ...(await theirs())].sort(), [...items].sort());
  });
  await check(company, 'priority queue: one order for both', async (path) => {
    await using queue = new DistributedPriorityQueue(client, path, options(path));
    await queue.put('o5', 5);
    await curator.do('put', 'priority', path, 'j-1', -1);
    await queue.put('o0', 0);
    await curator.do('put', 'priority', path, 'j3', 3);
    const first = await queue.take({ timeout: '10s' });
    assert.equal(first.item, 'j-1');
    await first.complete();
    await curator.do('consume', 'priority', path, 'false');
    await consumedBy(path, 'o0,j3,o5');
    await curator.do('stop', path);
  });
  await check(company, 'delay queue: nothing before its time, whoever put it', async (path) => {
    await using queue = new DistributedDelayQueue(client, path, options(path));
    const nowMs = Date.now();
    await queue.put('later', { at: nowMs + 1_500 });
    await curator.do('put', 'delay', path, 'sooner', nowMs + 700);
    assert.equal(await drained(queue, 1), 'sooner');
    assert.ok(Date.now() >= nowMs + 700);
    await curator.do('consume', 'delay', path, 'false');
    await consumedBy(path, 'later');
    assert.ok(Date.now() >= nowMs + 1_500);
    await curator.do('stop', path);
  });
  await check(company, 'id queue: each removes what the other put', async (path) => {
    await using queue = new DistributedIdQueue(client, path, options(path));
    await queue.put('o1', 'x-1');
    await curator.do('put', 'id', path, 'j1', 'y');
    await queue.put('o2', 'z');
    assert.equal(await queue.remove('y'), 1);
    assert.equal(await curator.do('remove', path, 'x-1'), '1');
    await curator.do('consume', 'id', path, 'false');
    await consumedBy(path, 'o2');
    await curator.do('stop', path);
  });
}

async function presenceChecks(company: Company): Promise<void> {
  const { client, curator, kazoo } = company;
  await check(company, 'discovery: Curator and ours find each other', async (path) => {
    await using discovery = new ServiceDiscovery<string>(client, path);
    await discovery.register({ name: 'api', id: 'ours', address: '10.0.0.2', port: 81, payload: 'from here' });
    await curator.do('register', path, 'api', 'java', 80, 'from there');
    const expected = 'java@10.0.0.1:80 from there DYNAMIC,ours@10.0.0.2:81 from here DYNAMIC';
    assert.equal(await curator.do('lookup', path, 'api'), expected);
    const found = await discovery.instances('api');
    const text = found.map((one) => `${one.id}@${one.address}:${one.port} ${one.payload} ${one.serviceType}`).join();
    assert.equal(text, expected);
    const cache = discovery.cache('api');
    await cache.start();
    await curator.do('unregister', path, 'api', 'java');
    await eventually('the end of it', () => cache.instances().length === 1);
    await cache.close();
  });
  await check(company, 'group membership: Curator and ours see each other', async (path) => {
    await using group = new GroupMembership(client, path, { id: 'ours', data: 'here', codec });
    await Promise.all([group.start(), group.join()]);
    await curator.do('join', path, 'java', 'there');
    await eventually('both there', async () => (await curator.do('members', path)) === '{java=there, ours=here}');
    await eventually('both here', () => [...group.members().keys()].sort().join() === 'java,ours');
  });
  await check(company, 'party: kazoo and ours see each other', async (path) => {
    await using group = new GroupMembership(client, path, { id: 'ours', dialect: 'party' });
    await Promise.all([group.start(), group.join()]);
    await kazoo.do('party-join', path, 'python');
    assert.equal(await kazoo.do('party', path), 'ours,python');
    await eventually('both here', () => [...group.members().keys()].sort().join() === 'ours,python');
  });
  await check(company, 'set partitioner: kazoo and ours divide a set, and the rest is taken over', async (path) => {
    const items = ['q1', 'q2', 'q3'];
    const partitioner = new SetPartitioner(client, path, items, {
      identifier: 'w2',
      timeBoundary: '500ms',
      maxReactionTime: '5s',
    });
    const controller = new AbortController();
    let share = 'none';
    const working = (async () => {
      for await (const { items: mine, signal } of partitioner.shares({ signal: controller.signal })) {
        share = mine.join();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        share = 'none';
      }
    })();
    await kazoo.do('partition', path, 'w1', items.join());
    await eventually('a division', async () => share === 'q2' && (await kazoo.do('share', path)) === 'q1,q3', 30_000);
    await kazoo.do('leave-partition', path);
    await eventually('the rest', () => share === 'q1,q2,q3', 30_000);
    controller.abort();
    await working;
  });
}
