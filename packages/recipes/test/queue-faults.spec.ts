import { utf8 } from '@zk/client-api';
import { DistributedPriorityQueue, DistributedQueue, LockingQueue, SimpleDistributedQueue } from '../src/index.js';
import { a, b, pass, server, until, useVirtualRig } from './virtual-rig.js';

/** What becomes of items when replies, requests, connections and sessions are lost. */
const codec = utf8;
const LOCKED = { codec, lockPath: '/locks' };

useVirtualRig();

const FAULTS = ['dropNextReply', 'dropNextRequest'] as const;

async function children(path: string): Promise<readonly string[]> {
  return (await pass(b.getChildren(path, { linearizable: true }))).children;
}

describe.each(FAULTS)('%s', (fault) => {
  it('an item is put once', async () => {
    const queue = new DistributedQueue(a, '/q', { codec });
    for (let i = 0; i < 3; i++) {
      await pass(a.connected());
      const lost = server[fault]('multi', a);
      await pass(queue.put(`${i}`));
      await lost;
    }
    expect(await children('/q')).toHaveLength(3);
    const locking = new LockingQueue(a, '/lq', { codec });
    await pass(locking.put('x'));
    void server[fault]('multi', a);
    await pass(locking.putAll(['y', 'z']));
    expect(await children('/lq/entries')).toHaveLength(3);
  });

  it('an item is neither lost nor doubled when it is taken', async () => {
    const queue = new SimpleDistributedQueue(a, '/q', { codec });
    const other = new SimpleDistributedQueue(b, '/q', { codec });
    for (const item of ['1', '2', '3', '4']) await pass(queue.put(item));
    const seen: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      const lost = server[fault]('multi', a);
      seen.push(await pass(queue.take()));
      await lost;
    }
    expect(seen).toEqual(['1', '2', '3', '4']);
    expect(await pass(other.poll())).toBeUndefined();
  });

  it('an item that is locked is locked once, completed once, and put back once', async () => {
    const queue = new DistributedPriorityQueue(a, '/q', LOCKED);
    await pass(queue.put('first', 1));
    await pass(queue.put('second', 1));
    const first = await pass(queue.take());
    void server[fault]('multi', a);
    await pass(first.complete());
    expect(await children('/q')).toEqual(['queue-1000000010000000001']);

    const locking = server[fault]('create', a);
    const second = await pass(queue.take());
    await locking;
    expect(await children('/locks')).toEqual([second.name]);
    void server[fault]('multi', a);
    await pass(second.requeue());
    expect(await children('/q')).toEqual(['queue-1000000010000000002']);
    expect(await children('/locks')).toEqual([]);
    expect((await pass(queue.take())).item).toBe('second');
  });
});

it('a lock whose reply was lost is found again', async () => {
  const queue = new DistributedQueue(a, '/q', LOCKED);
  await pass(queue.put('item'));
  await pass(a.create('/locks'));
  const lost = server.dropNextReply('create', a);
  const taken = await pass(queue.take());
  await lost;
  expect(taken.item).toBe('item');
  await pass(taken.complete());
  expect(await children('/locks')).toEqual([]);
});

it('a take that is cancelled while it locks leaves no lock behind', async () => {
  const queue = new DistributedQueue(a, '/q', LOCKED);
  await pass(queue.put('item'));
  await pass(a.create('/locks'));
  const stalled = server.stallAtNextReply('create', a);
  const controller = new AbortController();
  const taking = queue.take({ signal: controller.signal }).catch((error: unknown) => error);
  await stalled;
  controller.abort();
  expect(await pass(taking)).toMatchObject({ name: 'AbortError' });
  expect(await children('/locks')).toHaveLength(1);
  server.release(a);
  await until(async () => (await children('/locks')).length === 0);
});

it('a take that is cancelled after a lost reply leaves no lock behind', async () => {
  const queue = new DistributedQueue(a, '/q', LOCKED);
  await pass(queue.put('item'));
  await pass(a.create('/locks'));
  const controller = new AbortController();
  const lost = server.dropNextReply('create', a);
  const taking = queue.take({ signal: controller.signal }).catch((error: unknown) => error);
  await lost;
  await until(() => a.state === 'suspended');
  controller.abort();
  expect(await pass(taking)).toMatchObject({ name: 'AbortError' });
  await until(async () => (await children('/locks')).length === 0);
  expect((await pass(queue.take())).item).toBe('item');
});

it('a take that is cancelled while it removes hands out what it has removed', async () => {
  const queue = new SimpleDistributedQueue(a, '/q', { codec });
  await pass(queue.put('item'));
  const controller = new AbortController();
  const stalled = server.stallAtNextReply('multi', a);
  const taking = queue.take({ signal: controller.signal });
  await stalled;
  controller.abort();
  await server.advance(100);
  server.release(a);
  expect(await pass(taking)).toBe('item');
});

it('a take that is cancelled while it removes says so when the answer never comes', async () => {
  const queue = new SimpleDistributedQueue(a, '/q', { codec });
  await pass(queue.put('item'));
  const stalled = server.stallAtNextReply('multi', a);
  const taking = queue.take({ timeout: 100 }).catch((error: unknown) => error);
  await stalled;
  expect(await pass(taking)).toMatchObject({ name: 'TakeUnknownError', value: ['item'] });
  expect(a.state).toBe('suspended');
});

it('a consumer that is stopped while it removes an item handles it', async () => {
  const queue = new DistributedQueue(a, '/q', { codec });
  await pass(queue.put('item'));
  const stalled = server.stallAtNextReply('multi', a);
  const handled: string[] = [];
  const consumer = queue.consume((item) => void handled.push(item));
  await stalled;
  const stopping = consumer.stop();
  await server.advance(100);
  server.release(a);
  await pass(stopping);
  expect(handled).toEqual(['item']);
});

it('a consumer that is stopped while it removes an item reports it when the answer never comes', async () => {
  const queue = new DistributedQueue(a, '/q', { codec });
  await pass(queue.put('item'));
  const stalled = server.stallAtNextReply('multi', a);
  const consumer = queue.consume(() => undefined);
  const problems: unknown[] = [];
  consumer.problems$.subscribe(({ error }) => problems.push(error));
  await stalled;
  const stopping = consumer.stop();
  server.cut(a);
  await pass(stopping);
  expect(problems).toMatchObject([{ name: 'TakeUnknownError', value: ['item'] }]);
});

it('a take that has seen no item yet says that the queue is closed', async () => {
  await server.refuseConnections();
  server.cut(a);
  await until(() => a.state === 'suspended');
  const queue = new DistributedQueue(a, '/q', { codec });
  const taking = queue.take().catch((error: unknown) => error);
  await pass(queue.close());
  expect(await taking).toMatchObject({ name: 'RecipeClosedError' });
  await server.acceptConnections();
});

it('an item is reported when nobody can tell who has removed it', async () => {
  const queue = new SimpleDistributedQueue(a, '/q', { codec });
  await pass(queue.put('precious'));
  const session = a.session!.id;
  const lost = server.dropNextReply('multi', a);
  const taking = queue.take().catch((error: unknown) => error);
  await lost;
  await server.refuseConnections();
  await until(() => a.session?.id !== session);
  await server.acceptConnections();
  expect(await pass(taking)).toMatchObject({ name: 'TakeUnknownError', value: ['precious'] });
});

it('a put whose fate nobody can tell says so', async () => {
  const queue = new SimpleDistributedQueue(a, '/q', { codec });
  await pass(queue.put('one'));
  const session = a.session!.id;
  const lost = server.dropNextReply('multi', a);
  const putting = queue.put('two', { timeout: '60s' }).catch((error: unknown) => error);
  await lost;
  await server.refuseConnections();
  await until(() => a.session?.id !== session);
  await server.acceptConnections();
  expect(await pass(putting)).toMatchObject({ name: 'OutcomeUnknownError', maybeApplied: true });
});

it('an item whose consumer is silent goes to another, and the silent one knows by its own clock', async () => {
  const queue = new DistributedQueue(a, '/q', LOCKED);
  const other = new DistributedQueue(b, '/q', LOCKED);
  await pass(queue.put('item'));
  const taken = await pass(queue.take());
  let lostFirst: boolean | undefined;
  const waiting = other.take().then((again) => {
    lostFirst = taken.signal.aborted;
    return again;
  });
  await server.refuseConnections();
  server.stall(a);
  await until(() => lostFirst !== undefined);
  expect(lostFirst).toBe(true);
  await pass((await waiting).complete());
  await expect(taken.complete()).rejects.toMatchObject({ name: expect.any(String) as string });
});

it('a completion that waited for a connection is not sent in another session', async () => {
  const queue = new DistributedQueue(a, '/q', LOCKED);
  const other = new DistributedQueue(b, '/q', LOCKED);
  await pass(queue.put('item'));
  const taken = await pass(queue.take());
  const session = a.session!.id;
  await server.refuseConnections();
  server.cut(a);
  await until(() => a.state === 'suspended');
  const completing = taken.complete().catch((error: unknown) => error);
  const again = await pass(other.take());
  await until(() => a.session?.id !== session);
  await server.acceptConnections();
  expect(await pass(completing)).toMatchObject({ name: 'LockLostError', reason: 'sessionLost' });
  await until(() => a.session !== undefined);
  await server.advance('5s');
  expect(await children('/q')).toEqual([again.name]);
  expect(await children('/locks')).toEqual([again.name]);
});

it('everything arrives once through many lost replies and requests', async () => {
  const producer = new DistributedQueue(a, '/q', { codec });
  const consumer = new DistributedQueue(b, '/q', { codec });
  const seen: string[] = [];
  const taking = (async () => {
    while (seen.length < 30) {
      if (seen.length % 3 === 1) void server.dropNextReply('multi', b);
      if (seen.length % 3 === 2) void server.dropNextRequest('multi', b);
      seen.push((await consumer.take()).item);
    }
  })();
  const putting = (async () => {
    for (let i = 0; i < 30; i++) {
      if (i % 3 === 1) void server.dropNextReply('multi', a);
      if (i % 3 === 2) void server.dropNextRequest('multi', a);
      await producer.put(`${i}`, { timeout: '300s' });
    }
  })();
  await pass(Promise.all([taking, putting]));
  server.faults.disarm();
  expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`));
  expect((await children('/q')).filter((name) => name.startsWith('queue-'))).toEqual([]);
});
