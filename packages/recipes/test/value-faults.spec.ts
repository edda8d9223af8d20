import { type ZkClient, utf8 } from '@zk/client-api';
import { DistributedAtomicLong, DistributedQueue, SharedCount } from '../src/index.js';
import { decodeItems } from '../src/queues/item-codec.js';
import { interfere } from './interfere.js';
import { a, b, pass, server, until, useVirtualRig } from './virtual-rig.js';

/** What becomes of a number when replies, requests, connections and sessions are lost. */
const PATH = '/count';

useVirtualRig();

/** Another client adds 1, from the same state, at the moment of the loss: both write the same number. */
function beside(client: ZkClient, otherwise: () => Promise<unknown>): ZkClient {
  let isFirst = true;
  return interfere(client, {
    multi: (async (operations: Parameters<ZkClient['multi']>[0], options?: object) => {
      try {
        return await client.multi(operations, options);
      } catch (error) {
        if (isFirst) await otherwise();
        isFirst = false;
        throw error;
      }
    }) as ZkClient['multi'],
  });
}

describe('an increment', () => {
  it('counts once when its reply is lost', async () => {
    const counter = new DistributedAtomicLong(a, PATH);
    for (let expected = 1n; expected <= 3n; expected++) {
      const lost = server.dropNextReply('multi', a);
      expect(await pass(counter.increment())).toMatchObject({ succeeded: true, postValue: expected });
      await lost;
    }
    expect(await pass(counter.get())).toBe(3n);
  });

  it('counts once when its request is lost', async () => {
    const counter = new DistributedAtomicLong(a, PATH);
    for (let expected = 1n; expected <= 3n; expected++) {
      const lost = server.dropNextRequest('multi', a);
      expect(await pass(counter.increment())).toMatchObject({ succeeded: true, postValue: expected });
      await lost;
    }
    expect(await pass(counter.get())).toBe(3n);
  });

  it.each(['dropNextReply', 'dropNextRequest'] as const)(
    'counts once when another client writes the very same number meanwhile: %s',
    async (fault) => {
      await pass(new DistributedAtomicLong(b, PATH).trySet(5n));
      const other = new DistributedAtomicLong(b, PATH);
      // With the request lost, the other one writes the 6 that this one would have written, in the same version.
      const counter = new DistributedAtomicLong(
        beside(a, () => other.increment()),
        PATH,
      );
      void server[fault]('multi', a);
      expect((await pass(counter.increment())).succeeded).toBe(true);
      expect(await pass(other.get({ linearizable: true }))).toBe(7n);
    },
  );

  it('without receipts says that nobody can tell, in that case', async () => {
    await pass(new DistributedAtomicLong(b, PATH, { receipts: false }).trySet(5n));
    const other = new DistributedAtomicLong(b, PATH, { receipts: false });
    const counter = new DistributedAtomicLong(
      beside(a, () => other.increment()),
      PATH,
      { receipts: false },
    );
    void server.dropNextRequest('multi', a);
    await expect(pass(counter.increment())).rejects.toMatchObject({ name: 'OutcomeUnknownError', maybeApplied: true });
    expect(await pass(other.get())).toBe(6n);
  });

  it('without receipts goes again when the znode shows that it was not applied', async () => {
    const counter = new DistributedAtomicLong(a, PATH, { receipts: false });
    await pass(counter.increment());
    void server.dropNextRequest('multi', a);
    expect(await pass(counter.increment())).toMatchObject({ succeeded: true, postValue: 2n });
    expect(await pass(counter.get())).toBe(2n);
  });

  it('goes on in a new session, and counts once', async () => {
    const counter = new DistributedAtomicLong(a, PATH);
    await pass(counter.increment());
    const session = a.session!.id;
    await server.refuseConnections();
    const lost = server.dropNextRequest('multi', a);
    const adding = counter.increment({ timeout: '60s' });
    await lost;
    await until(() => a.state === 'lost' || (a.session !== undefined && a.session.id !== session));
    await server.acceptConnections();
    expect(await pass(adding)).toMatchObject({ succeeded: true, postValue: 2n });
    expect(a.session!.id).not.toBe(session);
    expect(await pass(counter.get())).toBe(2n);
  });

  it('says that nobody can tell when the session went too, and the number is what it would have written', async () => {
    const counter = new DistributedAtomicLong(a, PATH);
    await pass(counter.increment());
    const session = a.session!.id;
    const lost = server.dropNextReply('multi', a);
    const adding = counter.increment({ timeout: '60s' }).catch((error: unknown) => error);
    await lost;
    await server.refuseConnections();
    await until(() => a.session?.id !== session);
    await server.acceptConnections();
    expect(await pass(adding)).toMatchObject({ name: 'OutcomeUnknownError', maybeApplied: true });
    expect(await pass(counter.get())).toBe(2n);
  });

  it('out of time says whether it may have counted', async () => {
    const counter = new DistributedAtomicLong(a, PATH);
    const stalled = server.stallAtNextReply('multi', a);
    const adding = counter.increment({ timeout: '2s' }).catch((error: unknown) => error);
    await stalled;
    await server.advance('2s');
    expect(await pass(adding)).toMatchObject({ name: 'OPERATIONTIMEOUT', timeoutMs: 2_000, maybeApplied: true });
    server.release(a);
    // The next one is not confused by what the one before has left.
    await pass(counter.increment());
    expect(await pass(counter.get())).toBe(2n);
  });

  it('cancelled while its fate is unknown says so', async () => {
    const counter = new DistributedAtomicLong(a, PATH);
    await pass(counter.increment());
    const lost = server.dropNextReply('multi', a);
    const controller = new AbortController();
    const adding = counter.increment({ signal: controller.signal }).catch((error: unknown) => error);
    await lost;
    await server.refuseConnections();
    await until(() => a.state === 'suspended');
    await server.advance(500);
    controller.abort('enough');
    expect(await pass(adding)).toMatchObject({ name: 'AbortError', cause: 'enough', maybeApplied: true });
  });

  it('of many clients, with lost replies and requests all the time, adds up', async () => {
    const counters = [a, b].map((client) => new DistributedAtomicLong(client, PATH));
    let faults = 0;
    const adding = [a, b].map(async (client, index) => {
      for (let i = 0; i < 25; i++) {
        if (i % 3 === 1) void server.dropNextRequest('multi', client).then(() => faults++);
        if (i % 3 === 2) void server.dropNextReply('multi', client).then(() => faults++);
        expect((await counters[index]!.increment({ timeout: '300s' })).succeeded).toBe(true);
      }
    });
    await pass(Promise.all(adding));
    server.faults.disarm();
    expect(await pass(counters[0]!.get({ linearizable: true }))).toBe(50n);
    expect(faults).toBeGreaterThan(30);
  });
});

describe('many writes at a time', () => {
  it('are in order, and leave no more receipts than there are places', async () => {
    const queue = new DistributedQueue(a, '/q', { codec: utf8 });
    const controller = new AbortController();
    const names = Array.from({ length: 300 }, (_, index) => `${index}`);
    const putting = names.map((name) => queue.put(name));
    const cancelled = queue.put('never', { signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError', maybeApplied: false });
    await pass(Promise.all(putting));
    expect((await pass(a.getChildren('/q-receipts'))).children.length).toBeLessThanOrEqual(128);
    const items: string[] = [];
    for (const name of (await pass(a.getChildren('/q'))).children.toSorted()) {
      items.push(...decodeItems((await pass(a.get(`/q/${name}`))).data).map((item) => utf8.decode(item)));
    }
    expect(items).toEqual(names);
  });
});

it('a writer leaves one receipt, however many calls are cancelled', async () => {
  const counter = new DistributedAtomicLong(a, PATH);
  for (let round = 0; round < 5; round++) {
    const controller = new AbortController();
    const stalled = server.stallAtNextReply('multi', a);
    const adding = counter.increment({ signal: controller.signal }).catch((error: unknown) => error);
    await stalled;
    controller.abort();
    expect(await pass(adding)).toMatchObject({ name: 'AbortError', maybeApplied: true });
    server.release(a);
    await pass(a.sync());
  }
  expect((await pass(counter.increment())).succeeded).toBe(true);
  expect((await pass(a.getChildren(PATH))).children).toHaveLength(1);
  await pass(counter.close());
  expect((await pass(a.getChildren(PATH))).children).toEqual([]);
});

describe('a shared value', () => {
  it('tried once is set once, whatever became of the reply', async () => {
    const shared = await pass(new SharedCount(a, PATH, { seed: 1 }).start());
    const other = await pass(new SharedCount(b, PATH).start());
    void server.dropNextReply('multi', a);
    expect(await pass(shared.trySet(2))).toBe(true);
    void server.dropNextRequest('multi', a);
    expect(await pass(shared.trySet(3))).toBe(true);
    expect((await pass(a.get(PATH))).stat.version).toBe(2);
    await until(() => other.value === 3);
  });

  it('is closed at once, also while it starts', async () => {
    await server.refuseConnections();
    server.cut(a);
    await until(() => a.state === 'suspended');
    const shared = new SharedCount(a, PATH);
    const starting = shared.start().catch((error: unknown) => error);
    await pass(shared.close());
    expect(await starting).toMatchObject({ name: 'RecipeClosedError' });
    expect(a.state).toBe('suspended');
    await server.acceptConnections();
    await pass(a.sync());
    expect(await pass(a.exists(PATH))).toBeNull();
  });

  it('is not fresh while there is no connection, and shows what changed meanwhile', async () => {
    const shared = await pass(new SharedCount(a, PATH, { seed: 1 }).start());
    const seen: number[] = [];
    shared.changes$.subscribe(({ value }) => seen.push(value));
    const other = await pass(new SharedCount(b, PATH).start());
    server.stall(a);
    server.cut(a);
    await until(() => !shared.isFresh);
    expect(shared.value).toBe(1);
    await pass(other.set(2));
    await pass(other.set(3));
    server.release();
    await until(() => shared.isFresh && shared.value === 3);
    expect(seen.at(-1)).toBe(3);
    expect(seen).not.toContain(0);
  });

  it('never shows an older value after a newer one', async () => {
    // A reply that was overtaken: what was read before the last write arrives after it.
    const old = { value: 0 };
    const late = interfere(a, {
      get: (async (path: string, options: object) => {
        const read = await a.get(path, options);
        if (old.value++ !== 1) return read;
        return { data: Uint8Array.of(0, 0, 0, 9), stat: { ...read.stat, mzxid: first } };
      }) as ZkClient['get'],
    });
    const { stat } = await pass(a.create(PATH, Uint8Array.of(0, 0, 0, 9)));
    const first = stat.mzxid;
    const shared = await pass(new SharedCount(late, PATH).start());
    const seen: number[] = [];
    shared.changes$.subscribe(({ value }) => seen.push(value));
    await pass(shared.set(10));
    await until(() => old.value > 1);
    await server.advance(100);
    expect(seen).toEqual([9, 10]);
  });
});
