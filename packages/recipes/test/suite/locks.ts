import { type ZkClient, op, utf8 } from '@zk/client-api';
import {
  AcquireTimeoutError,
  type Dialect,
  LockLostError,
  Mutex,
  MultiLock,
  ReadWriteLock,
  Semaphore,
  SemaphoreMutex,
  UpgradeNotAllowedError,
} from '../../src/index.js';
import { type RecipeRig, RigClients, aborted, eventually, freshPath } from './rig.js';

const DIALECTS: readonly Dialect[] = ['curator', 'kazoo'];

/** What every lock does on any server that speaks the protocol. */
export function describeLocks(rig: RecipeRig): void {
  describe(`locks on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe.each(DIALECTS)('a mutex with the names of %s', (dialect) => mutexSuite(clients, dialect));
    describe.each(DIALECTS)('a read/write lock with the names of %s', (dialect) => readWriteSuite(clients, dialect));
    describe.each(DIALECTS)('a semaphore with the nodes of %s', (dialect) => semaphoreSuite(clients, dialect));
    describe('a mutex made of a semaphore', () => semaphoreMutexSuite(clients));
    describe('several locks as one', () => multiLockSuite(clients));
    if (rig.faults !== undefined) describe('locks under faults', () => faultSuite(clients, rig.faults!));
  });
}

function mutexSuite(clients: RigClients, dialect: Dialect): void {
  it('has one holder at a time, in the order of arrival, with tokens that grow', async () => {
    const [a, b, c] = await Promise.all([clients.open(), clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const held: bigint[] = [];
    const first = await new Mutex(a, path, { dialect }).acquire();
    const waiting: Promise<void>[] = [];
    for (const client of [b, c]) {
      const mutex = new Mutex(client, path, { dialect });
      waiting.push(mutex.run((hold) => void held.push(hold.token)));
      const place = waiting.length + 1;
      await eventually(async () => (await mutex.participants()).length === place);
    }
    expect(held).toEqual([]);
    held.push(first.token);
    await first.release();
    await Promise.all(waiting);
    expect(held).toEqual([...held].sort((x, y) => Number(x - y)));
    expect(new Set(held).size).toBe(3);
  });

  it('leaves no node behind when it is released', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'mutex');
    const mutex = new Mutex(client, path, { dialect });
    {
      await using hold = await mutex.acquire();
      expect(await client.exists(hold.path)).not.toBeNull();
    }
    expect((await client.getChildren(path)).children).toEqual([]);
  });

  it('is tried without waiting, and without a trace where it is taken', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const [ours, theirs] = [new Mutex(a, path, { dialect }), new Mutex(b, path, { dialect })];
    const hold = await ours.tryAcquire();
    expect(hold?.isHeld).toBe(true);
    await b.sync(path);
    expect(await theirs.tryAcquire()).toBeNull();
    await b.sync(path);
    expect((await b.getChildren(path)).stat.cversion).toBe(1);
    await hold!.release();
    await b.sync(path);
    expect(await theirs.tryAcquire()).not.toBeNull();
  });

  it('with no time at all looks once', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const hold = await new Mutex(a, path, { dialect }).acquire({ timeout: 0 });
    await b.sync(path);
    const mutex = new Mutex(b, path, { dialect });
    await expect(mutex.acquire({ timeout: '0s' })).rejects.toMatchObject({ name: 'AcquireTimeoutError', timeoutMs: 0 });
    const controller = new AbortController();
    controller.abort('no');
    await expect(mutex.tryAcquire({ signal: controller.signal })).rejects.toMatchObject({ cause: 'no' });
    hold.assertHeld();
  });

  it('gives up when the time is over, and takes its node away', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    await new Mutex(a, path, { dialect }).acquire();
    const mutex = new Mutex(b, path, { dialect });
    await expect(mutex.acquire({ timeout: 50 })).rejects.toThrow(AcquireTimeoutError);
    expect(await mutex.tryAcquire({ timeout: 50 })).toBeNull();
    await eventually(async () => (await mutex.participants()).length === 1);
  });

  it('gives up when it is cancelled, with the reason, and takes its node away', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    await new Mutex(a, path, { dialect }).acquire();
    const mutex = new Mutex(b, path, { dialect });
    const controller = new AbortController();
    const waiting = mutex.acquire({ signal: controller.signal });
    await eventually(async () => (await mutex.participants()).length === 2);
    controller.abort('no more need');
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', cause: 'no more need', path });
    await eventually(async () => (await mutex.participants()).length === 1);
  });

  it('is reentrant for an owner that says who it is, and for nobody else', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'mutex');
    const mutex = new Mutex(client, path, { dialect });
    const owner = {};
    const outer = await mutex.acquire({ owner });
    const inner = await mutex.acquire({ owner });
    expect(inner.token).toBe(outer.token);
    expect((await mutex.participants()).length).toBe(1);
    expect(await mutex.tryAcquire({ owner: {} })).toBeNull();
    expect(await mutex.tryAcquire()).toBeNull();
    await inner.release();
    expect([inner.isHeld, outer.isHeld]).toEqual([false, true]);
    expect(await mutex.tryAcquire()).toBeNull();
    await outer.release();
    await using again = await mutex.acquire({ owner });
    expect(again.token > outer.token).toBe(true);
  });

  it('acquires once for an owner that asks twice at a time', async () => {
    const client = await clients.open();
    const mutex = new Mutex(client, freshPath(client, 'mutex'), { dialect });
    const owner = {};
    const [a, b] = await Promise.all([mutex.acquire({ owner }), mutex.acquire({ owner })]);
    expect(a.token).toBe(b.token);
    expect((await mutex.participants()).length).toBe(1);
  });

  it('says who holds and who waits', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const identity = { host: 'web-1', pid: 4711 };
    const hold = await new Mutex(a, path, { dialect, identity }).acquire({ purpose: 'nightly report' });
    const mutex = new Mutex(b, path, { dialect, identity: 'web-2' });
    const waiting = mutex.acquire();
    await eventually(async () => (await mutex.participants()).length === 2);
    const [first, second] = await mutex.participants();
    expect(first).toMatchObject({ isHolder: true, token: hold.token, sessionId: a.session!.id, path: hold.path });
    expect(first!.identity).toMatchObject({ ...identity, purpose: 'nightly report' });
    expect(second).toMatchObject({ isHolder: false, identity: { id: 'web-2' }, isRevoked: false });
    await hold.release();
    await (await waiting).release();
  });

  it('can be asked back: the holder is told, and decides', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const hold = await new Mutex(a, path, { dialect, identity: 'a' }).acquire();
    const mutex = new Mutex(b, path, { dialect });
    await b.sync(path);
    expect(await mutex.revoke()).toBe(true);
    await aborted(hold.revocation);
    expect(hold.isHeld).toBe(true);
    expect((await mutex.participants())[0]).toMatchObject({ isHolder: true, isRevoked: true });
    await hold.release();
    await b.sync(path);
    expect(await mutex.revoke()).toBe(false);
  });

  it('tells a holder of a request that came while it waited', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const first = await new Mutex(a, path, { dialect }).acquire();
    const mutex = new Mutex(b, path, { dialect });
    const waiting = mutex.acquire();
    await eventually(async () => (await mutex.participants()).length === 2);
    await mutex.revoke((await mutex.participants())[1]!);
    await first.release();
    await aborted((await waiting).revocation);
  });

  it('lets writes depend on it at the server', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const result = `${path}-result`;
    const hold = await new Mutex(a, path, { dialect }).acquire();
    const [created, set] = await hold.guardedMulti([op.create(result), op.set(result, utf8.encode('1'))]);
    expect([created.path, set.stat.version]).toEqual([result, 1]);
    await expect(hold.guardedMulti([op.check(result), op.create(result)])).rejects.toMatchObject({
      name: 'NODEEXISTS',
      failedIndex: 1,
    });
    // Somebody takes the lock away, and the holder has not heard of it yet.
    await b.sync(path);
    const deletion = b.delete(hold.path);
    const write = hold.guardedMulti([op.set(result, utf8.encode('2'))]).catch((error: unknown) => error);
    await deletion;
    const outcome = await write;
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(LockLostError);
    await expect(hold.guardedMulti([op.set(result, utf8.encode('3'))])).rejects.toThrow(LockLostError);
  });

  it('tells the holder whose node was deleted', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const hold = await new Mutex(a, freshPath(a, 'mutex'), { dialect }).acquire();
    await b.delete(hold.path);
    expect(await aborted(hold.signal)).toMatchObject({ name: 'LockLostError', reason: 'nodeDeleted' });
    expect(() => hold.assertHeld()).toThrow(LockLostError);
  });

  it('takes a new place for a waiter whose node was deleted', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const first = await new Mutex(a, path, { dialect }).acquire();
    const mutex = new Mutex(b, path, { dialect });
    const waiting = mutex.acquire();
    await eventually(async () => (await mutex.participants()).length === 2);
    const place = (await mutex.participants())[1]!.path;
    await a.delete(place);
    await eventually(async () =>
      (await mutex.participants()).some(({ path: p, isHolder }) => !isHolder && p !== place),
    );
    await first.release();
    await (await waiting).release();
  });
}

function readWriteSuite(clients: RigClients, dialect: Dialect): void {
  const open = async (): Promise<{ a: ZkClient; mine: ReadWriteLock; theirs: ReadWriteLock; path: string }> => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'rw');
    return { a, path, mine: new ReadWriteLock(a, path, { dialect }), theirs: new ReadWriteLock(b, path, { dialect }) };
  };

  it('has many readers, and no writer beside them', async () => {
    const { mine, theirs } = await open();
    await using one = await mine.read.acquire();
    await using two = await theirs.read.acquire({ timeout: '10s' });
    expect([one.isHeld, two.isHeld]).toEqual([true, true]);
    expect(await theirs.write.tryAcquire({ timeout: 30 })).toBeNull();
  });

  it('serves in order: a writer that waits holds back the readers behind it', async () => {
    const { mine, theirs } = await open();
    const order: string[] = [];
    const reader = await mine.read.acquire();
    const writing = theirs.write.run(() => void order.push('writer'));
    await eventually(async () => (await mine.participants()).length === 2);
    expect(await mine.read.tryAcquire()).toBeNull();
    const reading = mine.read.run(() => void order.push('reader'));
    await eventually(async () => (await mine.participants()).length === 3);
    expect((await mine.participants()).map(({ isHolder }) => isHolder)).toEqual([true, false, false]);
    await reader.release();
    await Promise.all([writing, reading]);
    expect(order).toEqual(['writer', 'reader']);
  });

  it('turns a writer into a reader without letting go', async () => {
    const { mine, theirs } = await open();
    const writer = await mine.write.acquire();
    const writing = theirs.write.acquire();
    await eventually(async () => (await mine.participants()).length === 2);
    const reader = await writer.downgrade();
    expect([writer.isHeld, reader.isHeld]).toEqual([false, true]);
    expect(reader.token).toBe(writer.token);
    // The writer that queued in between waits for the reader, though its node is older (CURATOR-621).
    const waiting = (await mine.participants()).at(-1)!;
    expect(waiting).toMatchObject({ isHolder: false });
    await reader.release();
    const next = await writing;
    expect(next.token > reader.token).toBe(true);
    await next.release();
  });

  it('gives the read lock to an owner that has the write lock', async () => {
    const { mine } = await open();
    const owner = {};
    const writer = await mine.write.acquire({ owner });
    const reader = await mine.read.acquire({ owner });
    const again = await mine.write.acquire({ owner });
    await writer.release();
    await again.release();
    expect(reader.isHeld).toBe(true);
    await reader.release();
    await using other = await mine.write.acquire({ timeout: '10s' });
    expect(other.isHeld).toBe(true);
  });

  it('refuses at once to let a reader wait for itself', async () => {
    const { mine } = await open();
    const owner = {};
    const reader = await mine.read.acquire({ owner });
    await expect(mine.write.acquire({ owner })).rejects.toThrow(UpgradeNotAllowedError);
    await expect(mine.write.tryAcquire({ owner })).rejects.toThrow(UpgradeNotAllowedError);
    await reader.release();
    const writer = await mine.write.acquire({ owner, timeout: '10s' });
    // A downgrade is for the owner of the write lock, who could not write again either.
    await using downgraded = await writer.downgrade();
    await expect(mine.write.acquire({ owner })).rejects.toThrow(UpgradeNotAllowedError);
    expect(downgraded.isHeld).toBe(true);
  });
}

function semaphoreSuite(clients: RigClients, dialect: Dialect): void {
  const open = async (max: number): Promise<{ client: ZkClient; path: string; one: Semaphore; two: Semaphore }> => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'semaphore');
    return {
      client: b,
      path,
      one: new Semaphore(a, path, max, { dialect }),
      two: new Semaphore(b, path, max, { dialect }),
    };
  };

  it('has so many holders and no more', async () => {
    const { one, two } = await open(2);
    const first = await one.acquire();
    const second = await two.acquire();
    expect(await two.tryAcquire()).toBeNull();
    expect(await two.tryAcquire({ timeout: 40 })).toBeNull();
    await expect(two.acquire({ timeout: 0 })).rejects.toThrow(AcquireTimeoutError);
    const waiting = two.acquire();
    await first.release();
    const third = await waiting;
    expect([first.isHeld, second.isHeld, third.isHeld]).toEqual([false, true, true]);
    await Promise.all([second.release(), third.release()]);
  });

  it('gives several leases at once, or none', async () => {
    const { one, two } = await open(3);
    const first = await one.acquire();
    expect(await two.tryAcquireMany(3, { timeout: 50 })).toBeNull();
    await eventually(async () => (await one.participants()).length === 1);
    const leases = await two.acquireMany(2);
    expect(leases.holds.length).toBe(2);
    expect(await one.tryAcquire()).toBeNull();
    await leases.release();
    await using all = await one.acquireMany(2, { timeout: '10s' });
    expect([all.isHeld, first.isHeld]).toEqual([true, true]);
    await expect(one.acquireMany(4)).rejects.toThrow(RangeError);
  });

  it('takes its nodes away when it is cancelled', async () => {
    const { one, two } = await open(1);
    await using lease = await one.acquire();
    const controller = new AbortController();
    const waiting = two.acquire({ signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await eventually(async () => (await one.participants()).length === 1);
    expect(lease.isHeld).toBe(true);
    await using other = await open(1).then(({ two: fresh }) => fresh.acquire());
    expect(other.isHeld).toBe(true);
  });

  if (dialect === 'kazoo') {
    it('refuses a number that differs from the one it was made with', async () => {
      const { client, path, one } = await open(2);
      await (await one.acquire()).release();
      await client.sync(path);
      await expect(new Semaphore(client, path, 3, { dialect }).acquire()).rejects.toMatchObject({
        name: 'LeaseLimitError',
        found: 2,
      });
    });
    return;
  }

  it('obeys a number in a node that changes', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'semaphore');
    const max = { path: `${path}-max`, initial: 1 };
    const [one, two] = [new Semaphore(a, path, max), new Semaphore(b, path, max)];
    await using first = await one.acquire();
    const waiting = two.acquire();
    await eventually(async () => (await two.participants()).length === 2);
    await a.set(max.path, Uint8Array.of(0, 0, 0, 2));
    await using second = await waiting;
    expect([first.isHeld, second.isHeld]).toEqual([true, true]);
  });
}

function semaphoreMutexSuite(clients: RigClients): void {
  it('has one holder at a time, with tokens that grow', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'semaphore-mutex');
    const first = await new SemaphoreMutex(a, path).acquire();
    const mutex = new SemaphoreMutex(b, path);
    const waiting = mutex.acquire();
    await eventually(async () => (await mutex.participants()).length === 2);
    await first.release();
    const second = await waiting;
    expect(second.token > first.token).toBe(true);
    await second.release();
  });
}

function multiLockSuite(clients: RigClients): void {
  it('holds all or none, and releases all', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'multi');
    const paths = [`${path}/b`, `${path}/a`];
    const both = new MultiLock(a, paths);
    const single = new Mutex(b, `${path}/b`);
    const other = await single.acquire();
    expect(await both.tryAcquire()).toBeNull();
    await expect(both.acquire({ timeout: 0 })).rejects.toMatchObject({ path: both.path, timeoutMs: 0 });
    await expect(both.acquire({ timeout: 50 })).rejects.toMatchObject({ name: 'AcquireTimeoutError', timeoutMs: 50 });
    await eventually(async () => (await new Mutex(b, `${path}/a`).participants()).length === 0);
    await other.release();
    const hold = await both.acquire({ timeout: '10s' });
    await b.sync(path);
    expect(await single.tryAcquire()).toBeNull();
    const [created] = await hold.guardedMulti([op.create(`${path}/result`)]);
    expect(created.path).toBe(`${path}/result`);
    await hold.release();
    await b.sync(path);
    expect(await single.tryAcquire()).not.toBeNull();
  });

  it('does not wait for one who lists the same locks in another order', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'multi');
    const task = (lock: MultiLock): Promise<void[]> =>
      Promise.all(Array.from({ length: 5 }, () => lock.run(() => undefined)));
    await Promise.all([
      task(new MultiLock(a, [`${path}/x`, `${path}/y`])),
      task(new MultiLock(b, [`${path}/y`, `${path}/x`])),
    ]);
  });

  it('is lost as a whole when one of them is, and writes nothing then', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'multi');
    const hold = await new MultiLock(a, [`${path}/x`, `${path}/y`]).acquire();
    await b.delete(hold.holds[1]!.path);
    await aborted(hold.signal);
    await expect(hold.guardedMulti([op.create(`${path}/result`)])).rejects.toThrow(LockLostError);
    await hold.release();
  });
}

function faultSuite(clients: RigClients, faults: NonNullable<RecipeRig['faults']>): void {
  it('tells the holder whose session has expired, and lets another in', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const hold = await new Mutex(a, path).acquire();
    const waiting = new Mutex(b, path).acquire();
    await faults.expireSession(a);
    expect(await aborted(hold.signal)).toMatchObject({ name: 'LockLostError', reason: 'sessionLost' });
    const next = await waiting;
    expect(next.token > hold.token).toBe(true);
    await expect(hold.guardedMulti([op.create(`${path}-x`)])).rejects.toThrow(LockLostError);
  });

  it('keeps the lock through a lost connection', async () => {
    const a = await clients.open();
    const hold = await new Mutex(a, freshPath(a, 'mutex')).acquire();
    faults.cut(a);
    await eventually(() => a.state === 'reconnected');
    hold.assertHeld();
    expect(await a.exists(hold.path)).not.toBeNull();
    await hold.release();
  });

  it('queues again for a waiter whose session has expired', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const hold = await new Mutex(a, path).acquire();
    const mutex = new Mutex(b, path);
    const waiting = mutex.acquire();
    await eventually(async () => (await new Mutex(a, path).participants()).length === 2);
    await faults.expireSession(b);
    await hold.release();
    const next = await waiting;
    expect(next.sessionId).toBe(b.session!.id);
    next.assertHeld();
  });

  it('acquires after a reconnect what came free meanwhile', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const hold = await new Mutex(a, path).acquire();
    const waiting = new Mutex(b, path).acquire();
    await eventually(async () => (await new Mutex(a, path).participants()).length === 2);
    faults.cut(b);
    await hold.release();
    await (await waiting).release();
  });
}
