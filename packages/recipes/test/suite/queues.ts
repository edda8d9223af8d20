import { type ZkClient, utf8 as codec } from '@zk/client-api';
import {
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  LockingQueue,
  SimpleDistributedQueue,
} from '../../src/index.js';
import { drain } from './drain.js';
import { consumerSuite } from './queue-consumers.js';
import { type RecipeRig, RigClients, type RigFaults, aborted, childrenOf, eventually, freshPath } from './rig.js';
import { sharderSuite } from './sharder.js';
import { simpleSuite } from './simple-queues.js';

/** What queues do on any server that speaks the protocol. */
export function describeQueues(rig: RecipeRig): void {
  describe(`queues on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe.each(['curator', 'kazoo'] as const)('a simple queue in the format of %s', (dialect) =>
      simpleSuite(clients, dialect),
    );
    describe.each([true, false])('a queue (with locks: %s)', (isLocked) => orderSuite(clients, isLocked));
    describe('a queue with locks', () => lockSuite(clients));
    describe('a locking queue', () => lockingQueueSuite(clients));
    describe('a consumer', () => consumerSuite(clients));
    describe('a sharder', () => sharderSuite(clients, rig.faults));
    if (rig.faults !== undefined) {
      const { faults } = rig;
      describe('queues under faults', () => faultSuite(clients, faults));
    }
  });
}

function orderSuite(clients: RigClients, isLocked: boolean): void {
  async function open(): Promise<{
    client: ZkClient;
    path: string;
    options: { codec: typeof codec; lockPath?: string };
  }> {
    const client = await clients.open();
    const path = freshPath(client, 'queue');
    return { client, path, options: isLocked ? { codec, lockPath: `${path}-locks` } : { codec } };
  }

  it('is first in, first out; several items may share a znode', async () => {
    const { client, path, options } = await open();
    await using queue = new DistributedQueue(client, path, options);
    await queue.put('a');
    await queue.putAll(['b', '', 'c']);
    await queue.putAll([]);
    await queue.put('d');
    expect(await queue.count()).toBe(4);
    expect(await drain(queue)).toEqual(['a', 'b', '', 'c', 'd']);
    expect(await queue.count()).toBe(0);
  });

  it('serves smaller priorities first, and equals in the order of arrival', async () => {
    const { client, path, options } = await open();
    await using queue = new DistributedPriorityQueue(client, path, options);
    for (const priority of [5, -1, 0, 2147483647, -2147483648, 5]) await queue.put(`p${priority}`, priority);
    expect(await drain(queue)).toEqual(['p-2147483648', 'p-1', 'p0', 'p5', 'p5', 'p2147483647']);
    await expect(queue.put('x', 0.5)).rejects.toThrow(RangeError);
    // One that comes later and has to go first does, also when the list was read before.
    for (const priority of [3, 2]) await queue.put(`p${priority}`, priority);
    const first = await queue.take();
    await queue.put('p1', 1);
    const second = await queue.take();
    expect([first.item, second.item]).toEqual(['p2', 'p1']);
    await Promise.all([first.complete(), second.complete()]);
  });

  it('holds items back until they are due', async () => {
    const { client, path, options } = await open();
    await using queue = new DistributedDelayQueue(client, path, options);
    await queue.put('in an hour', { after: '1h' });
    await queue.put('soon', { after: 60 });
    await queue.put('long ago', { at: 1 });
    expect((await (await queue.take()).complete(), await queue.poll())).toBeUndefined();
    const taken = await queue.take();
    expect(taken.item).toBe('soon');
    await taken.complete();
    await expect(queue.take({ timeout: 30 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT' });
    expect(await queue.count()).toBe(1);
  });

  it('removes items by their id', async () => {
    const { client, path, options } = await open();
    await using queue = new DistributedIdQueue(client, path, options);
    for (const [item, id] of [
      ['1', 'x'],
      ['2', 'a/b|c'],
      ['3', 'x'],
      ['4', 'y'],
    ] as const) {
      await queue.put(item, id);
    }
    expect(await queue.find('x')).toHaveLength(2);
    expect(await queue.remove('x')).toBe(2);
    expect(await queue.remove('x')).toBe(0);
    expect(await drain(queue)).toEqual(['2', '4']);
  });

  it('makes a put wait while it is full', async () => {
    const { client, path, options } = await open();
    await using queue = new DistributedQueue(client, path, { ...options, maxItems: 2 });
    await queue.put('a');
    await queue.put('b');
    await expect(queue.put('c', { timeout: 30 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT' });
    let isPut = false;
    const putting = queue.put('d').then(() => (isPut = true));
    const taken = await queue.take();
    if (isLocked) expect(isPut).toBe(false);
    await taken.complete();
    await putting;
    expect(await drain(queue)).toEqual(['b', 'd']);
  });

  it('puts an item back at the end, or gives it up where it is', async () => {
    const { client, path, options } = await open();
    await using queue = new DistributedPriorityQueue(client, path, options);
    await queue.put('a', 1);
    await queue.put('b', 1);
    await queue.put('c', 2);
    await (await queue.take()).requeue();
    expect(await drain(queue)).toEqual(['b', 'a', 'c']);
    await queue.put('a', 1);
    await queue.put('b', 1);
    {
      await using taken = await queue.take();
      expect(taken.item).toBe('a');
    }
    await eventually(async () => (await childrenOf(client, `${path}-locks`)).length === 0);
    expect(await drain(queue)).toEqual(isLocked ? ['a', 'b'] : ['b', 'a']);
  });

  it('leaves alone what it cannot read, and goes on with the next', async () => {
    const { client, path, options } = await open();
    await using queue = new DistributedQueue(client, path, options);
    await client.create(`${path}/queue-`, Uint8Array.of(9, 9, 9, 9, 9), {
      mode: 'persistentSequential',
      parents: 'persistent',
    });
    await queue.put('fine');
    await expect(queue.take()).rejects.toMatchObject({ name: 'UnreadableItemError' });
    expect((await queue.take()).item).toBe('fine');
    expect((await childrenOf(client, path)).some((name) => name.endsWith('0000000000'))).toBe(true);
  });
}

function lockSuite(clients: RigClients): void {
  it('hands an item that is worked on to nobody else, until it is given up', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'queue');
    const options = { codec, lockPath: `${path}-locks` };
    await using left = new DistributedQueue(a, path, options);
    await using right = new DistributedQueue(b, path, options);
    await left.put('item');
    const taken = await left.take();
    expect(await right.poll()).toBeUndefined();
    const waiting = right.take();
    await taken.release();
    const again = await waiting;
    expect([again.item, again.name]).toEqual(['item', taken.name]);
    await again.complete();
    await expect(again.complete()).rejects.toMatchObject({ name: 'LockLostError', reason: 'released' });
    expect(await childrenOf(a, path)).toEqual([]);
    expect(await childrenOf(a, options.lockPath)).toEqual([]);
  });

  it('is not used with its own path for the locks', async () => {
    const client = await clients.open();
    expect(() => new DistributedQueue(client, '/q', { codec, lockPath: '/q' })).toThrow(RangeError);
  });
}

function lockingQueueSuite(clients: RigClients): void {
  it('puts together, takes in order, and keeps what was not completed', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'locking');
    await using left = new LockingQueue(a, path, { codec });
    await using right = new LockingQueue(b, path, { codec });
    await left.put('one');
    await left.putAll(['two', 'three'], { priority: 1 });
    const two = await left.take();
    const three = await right.take();
    expect([two.item, three.item, two.name]).toEqual(['two', 'three', 'entry-001-0000000001']);
    await two.complete();
    await three.release();
    expect(await drain(right)).toEqual(['three', 'one']);
    expect(await childrenOf(a, `${path}/taken`)).toEqual([]);
  });
}

function faultSuite(clients: RigClients, faults: RigFaults): void {
  it('an item survives the crash of its consumer', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'queue');
    const options = { codec, lockPath: `${path}-locks` };
    await using crashing = new DistributedQueue(a, path, options);
    await using other = new DistributedQueue(b, path, options);
    await crashing.put('precious');
    const taken = await crashing.take();
    const waiting = other.take();
    await faults.expireSession(a);
    expect(await aborted(taken.signal)).toBeInstanceOf(Error);
    const again = await waiting;
    expect(again.item).toBe('precious');
    await expect(taken.complete()).rejects.toMatchObject({ name: expect.any(String) as string });
    expect(again.signal.aborted).toBe(false);
    expect(await b.exists(`${options.lockPath}/${again.name}`)).not.toBeNull();
    await again.complete();
    expect(await other.count()).toBe(0);
  });

  it('an item is not completed by a consumer that lost it', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'queue');
    await using queue = new DistributedQueue(a, path, { codec, lockPath: `${path}-locks` });
    await queue.put('precious');
    const taken = await queue.take();
    await faults.expireSession(a);
    await aborted(taken.signal);
    await eventually(() => a.session !== undefined && a.state === 'connected');
    await expect(taken.complete()).rejects.toThrow();
    await expect(taken.requeue()).rejects.toThrow();
    expect(await childrenOf(b, path)).toHaveLength(1);
  });

  it.each(['cut', 'expireSession'] as const)('a waiting take gets what comes after: %s', async (fault) => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'simple');
    await using left = new SimpleDistributedQueue(a, path, { codec });
    await using right = new SimpleDistributedQueue(b, path, { codec });
    const waiting = right.take();
    await left.put('one');
    expect(await waiting).toBe('one');
    const second = right.take();
    await faults[fault](b);
    await left.put('two');
    expect(await second).toBe('two');
  });
}
