import { NoAuthError, type ZkClient, json, utf8 } from '@zk/client-api';
import { Perms } from '@zk/model';
import {
  CounterFormatError,
  DistributedAtomicInteger,
  DistributedAtomicLong,
  DistributedAtomicValue,
  SharedCount,
  SharedValue,
  pythonFloatCodec,
} from '../../src/index.js';
import { type RecipeRig, RigClients, childrenOf, eventually, freshPath } from './rig.js';

/** What shared values and counters do on any server that speaks the protocol. */
export function describeValues(rig: RecipeRig): void {
  describe(`values on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe('an atomic number', () => atomicNumberSuite(clients));
    describe('an atomic value', () => atomicValueSuite(clients));
    describe('a shared value', () => sharedValueSuite(clients, rig));
  });
}

function atomicNumberSuite(clients: RigClients): void {
  it('takes a bigint where there are 64 bits, and says so', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'bigint');
    const five = 5 as unknown as bigint;
    await expect(new DistributedAtomicLong(client, path).add(five)).rejects.toThrow('a bigint, as in 5n, not a number');
    await expect(new DistributedAtomicInteger(client, path).add(0.5)).rejects.toThrow(RangeError);
    expect(await client.exists(path)).toBeNull();
  });

  it.each(['curator', 'kazoo'] as const)('counts what many clients add, in the format of %s', async (format) => {
    const open = await Promise.all([clients.open(), clients.open(), clients.open()]);
    const path = `${freshPath(open[0], 'long')}/below/parents`;
    const results = await Promise.all(
      open.flatMap((client) => {
        const counter = new DistributedAtomicLong(client, path, { format });
        return Array.from({ length: 20 }, () => counter.increment());
      }),
    );
    expect(results.every(({ succeeded }) => succeeded)).toBe(true);
    // Nobody got the number of another.
    expect(new Set(results.map(({ postValue }) => postValue)).size).toBe(60);
    expect(await new DistributedAtomicLong(open[1], path, { format }).get()).toBe(60n);
  });

  it('says what it was, what it is, and how hard that was', async () => {
    const client = await clients.open();
    const counter = new DistributedAtomicLong(client, freshPath(client, 'long'));
    expect(await counter.get()).toBe(0n);
    expect(await counter.add(2n ** 62n)).toMatchObject({ succeeded: true, preValue: 0n, postValue: 2n ** 62n });
    const result = await counter.add(2n ** 62n);
    expect(result).toMatchObject({ preValue: 2n ** 62n, postValue: -(2n ** 63n) });
    expect(result.stats).toMatchObject({ optimisticTries: 1, promotedTries: 0, promotedMs: 0 });
    expect(await counter.subtract(1n)).toMatchObject({ postValue: 2n ** 63n - 1n });
    expect(await counter.decrement()).toMatchObject({ postValue: 2n ** 63n - 2n });
  });

  it('promotes those who collide too often to a lock', async () => {
    const open = await Promise.all([clients.open(), clients.open(), clients.open()]);
    const path = freshPath(open[0], 'promoted');
    const results = await Promise.all(
      open.flatMap((client) =>
        Array.from({ length: 6 }, () =>
          new DistributedAtomicInteger(client, path, {
            attempts: 1,
            promotion: { lockPath: `${path}-lock`, attempts: 100 },
          }).increment(),
        ),
      ),
    );
    expect(results.filter(({ succeeded }) => !succeeded)).toEqual([]);
    expect(await new DistributedAtomicInteger(open[0], path).get()).toBe(18);
    expect(results.some(({ stats }) => stats.promotedTries > 0)).toBe(true);
  });

  it('gives up, and says so, when no attempt is left', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'value');
    const [mine, other] = [a, b].map((client) => new DistributedAtomicLong(client, path, { attempts: 2 }));
    const result = await mine!.update(async (value) => {
      await other!.increment();
      return value + 100n;
    });
    expect(result).toMatchObject({ succeeded: false, preValue: 1n, postValue: 101n });
    expect(await mine!.get({ linearizable: true })).toBe(2n);
  });

  it('reads nothing as zero, and refuses what is not a number', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'long');
    await client.create(path, new Uint8Array(), { parents: 'persistent' });
    const counter = new DistributedAtomicLong(client, path);
    expect(await counter.get()).toBe(0n);
    expect((await counter.increment()).postValue).toBe(1n);
    await client.set(path, Uint8Array.of(1, 2, 3));
    await expect(counter.get()).rejects.toThrow(CounterFormatError);
    await expect(counter.increment()).rejects.toThrow(CounterFormatError);
  });

  it('is refused as a single write is', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'refused');
    await client.create(path, null, {
      parents: 'persistent',
      acl: [{ perms: Perms.read, scheme: 'world', id: 'anyone' }],
    });
    const refusal = await new DistributedAtomicLong(client, path).increment().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NoAuthError);
    expect(refusal).toMatchObject({ name: 'NOAUTH', path, maybeApplied: false });
  });

  it('sets, initializes and compares', async () => {
    const client = await clients.open();
    const counter = new DistributedAtomicInteger(client, freshPath(client, 'int'));
    expect((await counter.compareAndSet(0, 1)).succeeded).toBe(false);
    expect(await counter.initialize(7)).toBe(true);
    expect(await counter.initialize(8)).toBe(false);
    expect(await counter.compareAndSet(6, 9)).toMatchObject({ succeeded: false, preValue: 7 });
    expect(await counter.compareAndSet(7, 9)).toMatchObject({ succeeded: true, preValue: 7, postValue: 9 });
    expect(await counter.trySet(-4)).toMatchObject({ succeeded: true, preValue: 9 });
    await counter.forceSet(-5);
    expect(await counter.get()).toBe(-5);
  });

  it('leaves nothing but its znode behind', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'long');
    const counter = new DistributedAtomicLong(client, path);
    await counter.increment();
    expect(await childrenOf(client, path)).toHaveLength(1);
    await counter.close();
    expect(await childrenOf(client, path)).toEqual([]);
    await using plain = new DistributedAtomicLong(client, path, { receipts: false });
    await plain.increment();
    expect(await childrenOf(client, path)).toEqual([]);
  });

  it('does without receipts where it may not create them', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'long');
    const acl = [{ scheme: 'world', id: 'anyone', perms: Perms.read | Perms.write }];
    await client.create(path, null, { acl, parents: 'persistent' });
    const counter = new DistributedAtomicLong(client, path);
    await Promise.all([counter.increment(), counter.increment()]);
    expect(await counter.get()).toBe(2n);
    expect(await childrenOf(client, path)).toEqual([]);
  });

  it('can be cancelled, and runs out of time', async () => {
    const client = await clients.open();
    const counter = new DistributedAtomicLong(client, freshPath(client, 'long'));
    await expect(counter.increment({ signal: AbortSignal.abort('no') })).rejects.toMatchObject({
      name: 'AbortError',
      cause: 'no',
      maybeApplied: false,
    });
    const never = (): Promise<bigint> => new Promise(() => undefined);
    const blocked = counter.update(never).catch(() => undefined);
    await expect(counter.increment({ timeout: 20 })).rejects.toMatchObject({
      name: 'OPERATIONTIMEOUT',
      maybeApplied: false,
    });
    void blocked;
  });
}

function atomicValueSuite(clients: RigClients): void {
  it('changes anything that has a codec', async () => {
    const client = await clients.open();
    const value = new DistributedAtomicValue(client, freshPath(client, 'value'), {
      codec: json<{ count: number }>(),
      initial: { count: 5 },
    });
    expect(await value.get()).toEqual({ count: 5 });
    expect((await value.update(({ count }) => ({ count: count + 1 }))).postValue).toEqual({ count: 6 });
    expect(await value.get()).toEqual({ count: 6 });
  });

  it("counts fractions as kazoo's Counter does", async () => {
    const client = await clients.open();
    const path = freshPath(client, 'float');
    const value = new DistributedAtomicValue(client, path, { codec: pythonFloatCodec, initial: 1 });
    await value.update((number) => number + 1);
    expect((await client.get(path, { codec: utf8 })).data).toBe('2.0');
    await value.update((number) => number - 0.5);
    expect((await client.get(path, { codec: utf8 })).data).toBe('1.5');
  });
}

function sharedValueSuite(clients: RigClients, rig: RecipeRig): void {
  async function pair(): Promise<[ZkClient, ZkClient, SharedCount, SharedCount]> {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'count');
    const first = await new SharedCount(a, path, { seed: 7 }).start();
    return [a, b, first, await new SharedCount(b, path).start()];
  }

  it('starts with the seed, or with what is there', async () => {
    const [, , first, second] = await pair();
    expect([first.value, second.value]).toEqual([7, 7]);
    expect(first.versioned).toMatchObject({ value: 7, version: 0 });
  });

  it('shows everybody what one of them sets', async () => {
    const [, , first, second] = await pair();
    const seen: number[] = [];
    second.changes$.subscribe(({ value }) => seen.push(value));
    await first.set(-2);
    expect(first.value).toBe(-2);
    await eventually(() => second.value === -2);
    expect(seen).toEqual([7, -2]);
    expect(second.isFresh).toBe(true);
  });

  it('is set by one of two who try it from the same state', async () => {
    const [, , first, second] = await pair();
    const results = await Promise.all([first.trySet(1), second.trySet(2)]);
    expect([...results].sort()).toEqual([false, true]);
    const winner = results[0] ? 1 : 2;
    await eventually(() => first.value === winner && second.value === winner);
    const old = first.versioned;
    await first.set(3);
    expect(await first.trySet(4, { previous: old })).toBe(false);
    expect(await first.trySet(4)).toBe(true);
  });

  it('can be followed in a loop, which ends when it is closed', async () => {
    const [, , first, second] = await pair();
    const seen: number[] = [];
    const loop = (async () => {
      for await (const { value } of second) {
        seen.push(value);
        if (value === 9) await second.close();
      }
    })();
    await eventually(() => seen.length === 1);
    await first.set(8);
    await eventually(() => seen.includes(8));
    await first.set(9);
    await loop;
    expect(seen).toEqual([7, 8, 9]);
  });

  it('keeps the last value when the znode is deleted, and takes up a new one', async () => {
    const [a, b, first, second] = await pair();
    await Promise.all([first.set(8), eventually(() => second.value === 8)]);
    await a.delete(first.path);
    expect(second.value).toBe(8);
    await first.set(10);
    await eventually(() => second.value === 10);
    expect((await b.get(first.path)).stat.version).toBe(0);
  });

  it('reports a value that it cannot read, and keeps the last one', async () => {
    const [a, , first] = await pair();
    const problems: string[] = [];
    first.problems$.subscribe((error) => problems.push(error.name));
    await a.set(first.path, Uint8Array.of(1));
    await eventually(() => problems.length > 0);
    expect(problems).toEqual(['CounterFormatError']);
    expect([first.value, first.isFresh]).toEqual([7, false]);
  });

  it('does not start on what it cannot read, and starts when it can', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'count');
    await client.create(path, Uint8Array.of(1, 2), { parents: 'persistent' });
    const count = new SharedCount(client, path);
    await expect(count.start()).rejects.toThrow(CounterFormatError);
    expect(() => count.versioned).toThrow('has not been started');
    await client.set(path, Uint8Array.of(0, 0, 0, 5));
    expect((await count.start()).value).toBe(5);
    await count.close();
  });

  it('holds anything that has a codec, and closes without a trace', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'shared');
    const shared = await new SharedValue(client, path, { codec: utf8, seed: 'first' }).start();
    expect(await shared.trySet('next')).toBe(true);
    await shared.close();
    await shared.close();
    expect(await childrenOf(client, path)).toEqual([]);
    expect((await client.get(path, { codec: utf8 })).data).toBe('next');
  });

  if (rig.faults === undefined) return;
  const faults = rig.faults;

  it.each(['cut', 'expireSession'] as const)('catches up after: %s', async (fault) => {
    const [, b, first, second] = await pair();
    await faults[fault](b);
    await first.set(70);
    await eventually(() => second.value === 70 && second.isFresh);
    await first.set(71);
    await eventually(() => second.value === 71);
    expect([second.value, second.isFresh]).toEqual([71, true]);
  });
}
