import { type ZkClient, utf8 } from '@zk/client-api';
import type { TestServer } from '@zk/testing';
import * as recipes from '../src/index.js';
import { connectTo, withServer } from './memory-rig.js';

/** What JavaScript lets callers do. Each is told at once, in words, and leaves nothing behind. */

/** Of no type that a recipe knows. */
const untyped = (value: unknown): never => value as never;

let server: TestServer;
let client: ZkClient;

withServer((...opened) => ([server, client] = opened));

/** Everything that is made of a client, a path and options, and an option that each of them lacks. */
const { LockingQueue, Mutex, PersistentTtlNode, QueueSharder, SharedValue } = recipes;
const makers: Readonly<Record<string, (client: ZkClient, path: string, options: object) => unknown>> = {
  Mutex: (of, path, options) => new Mutex(of, path, options),
  ReadWriteLock: (of, path, options) => new recipes.ReadWriteLock(of, path, options),
  Semaphore: (of, path, options) => new recipes.Semaphore(of, path, 2, options),
  SemaphoreMutex: (of, path, options) => new recipes.SemaphoreMutex(of, path, options),
  MultiLock: (of, path, options) => new recipes.MultiLock(of, [path], options),
  NonBlockingLease: (of, path, options) => new recipes.NonBlockingLease(of, path, untyped(options)),
  MultiNonBlockingLease: (of, path, options) => new recipes.MultiNonBlockingLease(of, path, 2, untyped(options)),
  LeaderElection: (of, path, options) => new recipes.LeaderElection(of, path, options),
  LeaderLatch: (of, path, options) => new recipes.LeaderLatch(of, path, options),
  DistributedBarrier: (of, path, options) => new recipes.DistributedBarrier(of, path, options),
  DistributedDoubleBarrier: (of, path, options) => new recipes.DistributedDoubleBarrier(of, path, 2, options),
  DistributedAtomicLong: (of, path, options) => new recipes.DistributedAtomicLong(of, path, options),
  DistributedAtomicInteger: (of, path, options) => new recipes.DistributedAtomicInteger(of, path, options),
  DistributedAtomicValue: (of, path, options) => new recipes.DistributedAtomicValue(of, path, untyped(options)),
  SharedValue: (of, path, options) => new SharedValue(of, path, untyped(options)),
  SharedCount: (of, path, options) => new recipes.SharedCount(of, path, options),
  UniqueIds: (of, path, options) => new recipes.UniqueIds(of, path, options),
  DistributedQueue: (of, path, options) => new recipes.DistributedQueue(of, path, untyped(options)),
  DistributedPriorityQueue: (of, path, options) => new recipes.DistributedPriorityQueue(of, path, untyped(options)),
  DistributedDelayQueue: (of, path, options) => new recipes.DistributedDelayQueue(of, path, untyped(options)),
  DistributedIdQueue: (of, path, options) => new recipes.DistributedIdQueue(of, path, untyped(options)),
  SimpleDistributedQueue: (of, path, options) => new recipes.SimpleDistributedQueue(of, path, untyped(options)),
  LockingQueue: (of, path, options) => new LockingQueue(of, path, untyped(options)),
  QueueSharder: (of, path, options) => new QueueSharder(of, path, untyped(options)),
  TreeCache: (of, path, options) => new recipes.TreeCache(of, path, options),
  ChildrenCache: (of, path, options) => new recipes.ChildrenCache(of, path, options),
  NodeCache: (of, path, options) => new recipes.NodeCache(of, path, options),
  PersistentNode: (of, path, options) => new recipes.PersistentNode(of, path, new Uint8Array(), options),
  PersistentTtlNode: (of, path, options) => new PersistentTtlNode(of, path, new Uint8Array(), untyped(options)),
  GroupMembership: (of, path, options) => new recipes.GroupMembership(of, path, options),
  ServiceDiscovery: (of, path, options) => new recipes.ServiceDiscovery(of, path, options),
  Configuration: (of, path, options) => new recipes.Configuration(of, path, options),
  SetPartitioner: (of, path, options) => new recipes.SetPartitioner(of, path, ['a'], options),
};

describe.each(Object.entries(makers))('%s', (_name, make) => {
  it('is made of a client and not of the promise of one', () => {
    const connecting = connectTo(server);
    expect(() => make(untyped(connecting), '/x', {})).toThrow(/is made of a client, .*, not of an object \(Promise\)/);
    return connecting.then((connected) => connected.close());
  });

  it('has a path that is one', () => {
    expect(() => make(client, untyped(7), {})).toThrow(/a path is a string, not number|is made of paths/);
    expect(() => make(client, 'x', {})).toThrow(RangeError);
  });

  it('knows its options', () => {
    expect(() => make(client, '/x', untyped(null))).toThrow(/(is|are) an object( with .*)?, not null|needs the option/);
    expect(() => make(client, '/x', { parentz: 'x' })).toThrow(/^"parentz" is no option of (an? |UniqueIds)/);
  });
});

describe('options', () => {
  const codec = utf8;
  it.each<[string, () => unknown, string | RegExp]>([
    [
      'a queue without any',
      () => new recipes.DistributedQueue(client, '/x', untyped(undefined)),
      /with codec, not undef/,
    ],
    [
      'a queue without a codec',
      () => new recipes.DistributedQueue(client, '/x', untyped({})),
      /a queue needs the option c/,
    ],
    [
      'a codec by name',
      () => new recipes.TreeCache(client, '/x', { codec: untyped('utf8') }),
      /a codec, as utf8 or json/,
    ],
    ['an unknown dialect', () => new Mutex(client, '/x', { dialect: untyped('zk') }), /"curator" or "kazoo", not "zk"/],
    ['a slip', () => new Mutex(client, '/x', untyped({ dialekt: 'kazoo' })), 'did you mean "dialect"?'],
    ['an unknown policy', () => new Mutex(client, '/x', { loss: untyped('never') }), /loss of a Mutex is "session" or/],
    ['parents that are true', () => new Mutex(client, '/x', { parents: untyped(true) }), /or "persistent", not true/],
    [
      'an unknown layout',
      () => new recipes.LeaderElection(client, '/x', { layout: untyped('') }),
      /"selector" or "latch"/,
    ],
    ['an unknown order', () => new recipes.MultiLock(client, ['/x'], { order: untyped('any') }), /"sorted" or "given"/],
    ['one lock', () => new recipes.MultiLock(client, untyped('/x')), 'a lock of no locks locks nothing'],
    [
      'a duration without a unit',
      () => new recipes.SetPartitioner(client, '/x', [], { timeBoundary: untyped('30') }),
      '"30"',
    ],
    [
      'a format',
      () => new recipes.DistributedAtomicLong(client, '/x', { format: untyped('text') }),
      /format of a DistributedAtomicLong is/,
    ],
    [
      'a promotion',
      () => new recipes.DistributedAtomicLong(client, '/x', { promotion: untyped({}) }),
      /the option lockPath/,
    ],
    [
      'no time',
      () => new PersistentTtlNode(client, '/x', null, untyped({})),
      'a PersistentTtlNode needs the option ttl',
    ],
    ['a mode', () => new recipes.PersistentNode(client, '/x', null, { mode: untyped('EPHEMERAL') }), /"EPHEMERAL"/],
    ['a seed', () => new SharedValue(client, '/x', untyped({ codec })), 'a SharedValue needs the option seed'],
    ['a sharder', () => new QueueSharder(client, '/x', untyped({ leaderPath: '/y' })), 'needs the option createQueue'],
    [
      'a block',
      () => new recipes.UniqueIds(client, '/x', { blockSize: 0.5 }),
      'blockSize of UniqueIds is an integer from 1 on, not 0.5',
    ],
    [
      'a schema',
      () => new recipes.Configuration(client, '/x', { schema: untyped({}) }),
      /a Standard Schema, as of zod/,
    ],
    [
      'a filter',
      () => new recipes.TreeCache(client, '/x', { filter: untyped(/a/) }),
      /filter of a TreeCache is a function/,
    ],
    [
      'a strategy',
      () => new recipes.ServiceDiscovery(client, '/x').provider('s', { strategy: untyped('x') }),
      /roundRobin/,
    ],
    [
      'no handler',
      () => new LockingQueue(client, '/x', { codec }).consume(untyped(undefined)),
      /the handler of a consumer/,
    ],
    [
      'a consumer',
      () => new LockingQueue(client, '/x', { codec }).consume(() => undefined, { concurrency: 0 }),
      /from 1 on/,
    ],
    [
      'a namespace',
      () => recipes.namespace(client, 'x', { as: untyped('ephemeral') }),
      /as of a namespace is "container"/,
    ],
    ['compression', () => recipes.compressed(client, { provider: untyped('gzip') }), /a provider, as gzip\(\) makes/],
    ['ACLs', () => recipes.withAcls(client, untyped([])), /the provider of ACLs is a function/],
  ])('%s: says what it should be', (_what, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('calls', () => {
  const notAnObject = /options are an object/;
  it.each<[string, () => Promise<unknown>, string | RegExp]>([
    ['a time in place of options', () => new Mutex(client, '/x').acquire(untyped('5s')), notAnObject],
    ['a time in place of options of a try', () => new Mutex(client, '/x').tryAcquire(untyped(5_000)), notAnObject],
    ['null in place of options', () => new Mutex(client, '/x').acquire(untyped(null)), notAnObject],
    ['a time for a lease', () => new recipes.Semaphore(client, '/x', 1).tryAcquire(untyped(5)), notAnObject],
    ['a time for several locks', () => new recipes.MultiLock(client, ['/x']).tryAcquire(untyped(5)), notAnObject],
    ['a time for a term', () => new recipes.LeaderElection(client, '/x').tryCampaign(untyped('5s')), notAnObject],
    [
      'a timeout by another name',
      () => new Mutex(client, '/x').acquire(untyped({ timeoutMs: 5 })),
      'did you mean "timeout"?',
    ],
    [
      'an owner by name',
      () => new Mutex(client, '/x').acquire({ owner: untyped('me') }),
      /owner of a lock is an object, not/,
    ],
    [
      'no task',
      () => new Mutex(client, '/x').run(untyped(undefined)),
      /the task of a lock is a function, not undefined/,
    ],
    ['a step of a counter', () => new recipes.DistributedAtomicLong(client, '/x').increment(untyped(5)), notAnObject],
    ['a priority by place', () => new LockingQueue(client, '/x', { codec: utf8 }).put('a', untyped(5)), notAnObject],
    ['a barrier', () => new recipes.DistributedBarrier(client, '/x').wait(untyped('5s')), notAnObject],
    [
      'a service without a name',
      () => new recipes.ServiceDiscovery(client, '/x').register(untyped({})),
      /the option name/,
    ],
    [
      'a port that is text',
      () => new recipes.ServiceDiscovery(client, '/x').register({ name: 's', port: untyped('80') }),
      /port of/,
    ],
    ['a view', () => recipes.compressed(client).get('/x', untyped(3)), notAnObject],
  ])('%s rejects, and changes nothing', async (_what, call, message) => {
    let result: Promise<unknown> | undefined;
    expect(() => (result = call())).not.toThrow();
    await expect(result).rejects.toThrow(message);
    expect(await client.exists('/x')).toBeNull();
  });
});
