import { type ZkClient, utf8 } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import {
  DistributedAtomicInteger,
  DistributedAtomicLong,
  DistributedAtomicValue,
  DistributedBarrier,
  DistributedDelayQueue,
  DistributedDoubleBarrier,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  LockingQueue,
  SharedCount,
  SharedValue,
  SimpleDistributedQueue,
  pythonFloatCodec,
} from '../src/index.js';
import { presentLines, recordedLines } from './layouts.js';
import { connectTo } from './memory-rig.js';
import { eventually } from './suite/rig.js';

/**
 * The znodes that our values, barriers and queues leave, beside those that Curator and kazoo left on Apache ZooKeeper 3.8
 * (fixtures). Receipts are switched off: they are ours alone. Where Curator writes the address of its host into a node
 * that nobody reads, ours is empty.
 */
const HOST_ADDRESS = '31302e312e322e33';
const plain = { receipts: false };
const text = { codec: utf8, ...plain };

let server: TestServer;
let one: ZkClient;
let two: ZkClient;

beforeEach(async () => {
  server = await createTestServer();
  [one, two] = await Promise.all([connectTo(server), connectTo(server)]);
});

afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
  await server.close();
});

function line(node: string, kind: string, data: string | null): string {
  const name = node
    .replace(/\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '/<uuid>')
    .replace(/\/[0-9a-f]{32}$/, '/<hex>');
  const isConsumer = name.includes('/taken/');
  return `${name} ${kind} ${isConsumer ? '<hex>' : data === HOST_ADDRESS ? '' : (data ?? '')}`;
}

const recorded = (file: string, step: string): string[] => recordedLines(line, file, step);
const present = (...roots: readonly string[]): Promise<string[]> => presentLines(line, server, one, roots);

const without = (lines: readonly string[], ...starts: readonly string[]): string[] =>
  lines.filter((candidate) => !starts.some((start) => candidate.startsWith(start)));

describe("the nodes of Curator's recipes", () => {
  it('a barrier', async () => {
    const barrier = new DistributedBarrier(one, '/v/barrier/b');
    await barrier.set();
    expect(await present('/v/barrier')).toEqual(recorded('curator-main/barrier', 'barrier set'));
    await barrier.remove();
    expect(await present('/v/barrier')).toEqual(recorded('curator-main/barrier', 'barrier removed'));
  });

  it('a double barrier', async () => {
    const [first, second] = [one, two].map((client) => new DistributedDoubleBarrier(client, '/v/dbl', 2));
    const entering = first!.enter();
    await eventually(async () => (await one.exists('/v/dbl'))?.numChildren === 1);
    expect(await present('/v/dbl')).toEqual(recorded('curator-main/barrier', 'double: first of 2 entered'));
    await Promise.all([entering, second!.enter()]);
    expect(await present('/v/dbl')).toEqual(recorded('curator-main/barrier', 'double: both in'));
    const names = (await one.getChildren('/v/dbl')).children.filter((name) => name !== 'ready').sort();
    const lowestIsFirst = (await one.get(`/v/dbl/${names[0]!}`)).stat.ephemeralOwner === one.session!.id;
    const leaving = lowestIsFirst ? second!.leave() : first!.leave();
    await eventually(async () => (await one.exists('/v/dbl'))?.numChildren === 2);
    expect(await present('/v/dbl')).toEqual(recorded('curator-main/barrier', 'double: one leaving'));
    await Promise.all([leaving, first!.leave(), second!.leave()].map((left) => left.catch(() => undefined)));
    await (lowestIsFirst ? first! : second!).leave();
    await eventually(async () => (await one.exists('/v/dbl'))?.numChildren === 0);
    expect(await present('/v/dbl')).toEqual(recorded('curator-main/barrier', 'double: both left'));
  });

  it('shared values and counters', async () => {
    const count = await new SharedCount(one, '/v/shared/count', { seed: 7, ...plain }).start();
    expect(await present('/v/shared')).toEqual(recorded('curator-main/counters', 'SharedCount seed 7'));
    await count.set(-2);
    expect(await present('/v/shared')).toEqual(recorded('curator-main/counters', 'SharedCount set -2'));
    const value = await new SharedValue(one, '/v/shared/value', { seed: 'seed', ...text }).start();
    expect(await value.trySet('next')).toBe(true);
    expect(await present('/v/shared/value')).toEqual(recorded('curator-main/counters', 'SharedValue'));
  });

  it('atomics', async () => {
    await new DistributedAtomicLong(one, '/v/atomic/long', plain).add(41n);
    await new DistributedAtomicLong(one, '/v/atomic/long', plain).increment();
    await new DistributedAtomicInteger(one, '/v/atomic/int', plain).decrement();
    await new DistributedAtomicValue(one, '/v/atomic/value', text).trySet('val');
    expect(await present('/v/atomic')).toEqual(recorded('curator-main/counters', 'atomic long 42'));
  });

  it('a queue, its locks, and what failed', async () => {
    const options = { ...text, lockPath: '/v/q/plain-locks' };
    const queue = new DistributedQueue(one, '/v/q/plain', options);
    await queue.poll();
    await queue.put('abc');
    await queue.putAll(['a', 'bb', '']);
    const put = recorded('curator-main/queue', 'DistributedQueue: put abc');
    expect(await present('/v/q')).toEqual(without(put, '/v/q/plain-locks '));
    const first = await queue.take();
    const locked = await present('/v/q');
    const ours = (entry: string): string => entry.replace(/(plain-locks\/\S+ ephemeral) .*/, '$1 ');
    expect(locked.map(ours)).toEqual(recorded('curator-main/queue', 'item 1 being processed'));
    await first.requeue();
    await queue.take();
    expect((await present('/v/q')).map(ours)).toEqual(recorded('curator-main/queue', 'consumer threw'));
  });

  it('queues by id, by priority, by time', async () => {
    const ids = new DistributedIdQueue(one, '/v/q/id', text);
    await ids.put('x', 'id-1');
    await ids.put('y', 'a/b|c');
    expect(await present('/v/q/id')).toEqual(recorded('curator-main/queue', 'DistributedIdQueue'));
    const priorities = new DistributedPriorityQueue(one, '/v/q/prio', text);
    for (const priority of [5, -1, 0, 2147483647, -2147483648]) await priorities.put(`p${priority}`, priority);
    expect(await present('/v/q/prio')).toEqual(recorded('curator-main/queue', 'DistributedPriorityQueue'));
    const delays = new DistributedDelayQueue(one, '/v/q/delay', text);
    await delays.put('d1', { at: 1_700_000_000_000 });
    await delays.put('d2', { at: 1 });
    expect(await present('/v/q/delay')).toEqual(recorded('curator-main/queue', 'DistributedDelayQueue'));
  });

  it('a simple queue', async () => {
    const queue = new SimpleDistributedQueue(one, '/v/q/simple', text);
    await queue.put('raw1');
    await queue.put('raw2');
    expect(await present('/v/q/simple')).toEqual(recorded('curator-main/queue', 'SimpleDistributedQueue'));
  });
});

describe("the nodes of kazoo's recipes", () => {
  it('a barrier', async () => {
    await new DistributedBarrier(one, '/k/barrier/b', { parents: 'persistent' }).set();
    expect(await present('/k/barrier')).toEqual(recorded('kazoo/kazoo-barrier', 'Barrier created'));
  });

  it('a double barrier', async () => {
    const [first, second] = [one, two].map(
      (client, index) =>
        new DistributedDoubleBarrier(client, '/k/dbl', 2, { dialect: 'kazoo', identity: `host-${index + 1}` }),
    );
    const entering = first!.enter();
    await eventually(async () => (await one.exists('/k/dbl'))?.numChildren === 1);
    expect(await present('/k/dbl')).toEqual(recorded('kazoo/kazoo-barrier', 'double: one of 2 entered'));
    await Promise.all([entering, second!.enter()]);
    expect(await present('/k/dbl')).toEqual(recorded('kazoo/kazoo-barrier', 'double: both in'));
  });

  it('counters', async () => {
    const options = { format: 'kazoo', ...plain } as const;
    const integer = new DistributedAtomicLong(one, '/k/c/int', options);
    await integer.add(2n);
    await integer.subtract(5n);
    await new DistributedAtomicValue(one, '/k/c/float', { codec: pythonFloatCodec, initial: 1, ...plain }).update(
      (value) => value + 0.5,
    );
    await new DistributedAtomicInteger(one, '/k/c/curator', plain).add(7);
    await new DistributedAtomicInteger(one, '/k/c/neg', plain).add(-1);
    await one.create('/k/c/read-only');
    expect(await present('/k/c')).toEqual(recorded('kazoo/kazoo-counter', 'int +2-5'));
  });

  it('a queue with priorities', async () => {
    const queue = new SimpleDistributedQueue(one, '/k/q/plain', { ...text, dialect: 'kazoo' });
    await queue.put('one');
    await queue.put('two', { priority: 5 });
    await queue.put('three', { priority: 999 });
    expect(await present('/k/q/plain')).toEqual(recorded('kazoo/kazoo-queue', 'Queue put one'));
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['two', 'one', 'three']);
  });

  it('a locking queue', async () => {
    const queue = new LockingQueue(one, '/k/q/locking', text);
    await queue.put('one');
    await queue.putAll(['two', 'three'], { priority: 1 });
    const taken = await queue.take();
    expect(await present('/k/q/locking')).toEqual(recorded('kazoo/kazoo-queue', 'LockingQueue: one(100)'));
    await taken.complete();
    expect(await present('/k/q/locking')).toEqual(recorded('kazoo/kazoo-queue', 'after consume'));
  });
});
