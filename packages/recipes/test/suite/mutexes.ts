import { type ZkClient, op, utf8 } from '@zk/client-api';
import { AcquireTimeoutError, type Dialect, LockLostError, type LockHold, Mutex } from '../../src/index.js';
import { type RigClients, aborted, childrenOf, eventually, freshPath } from './rig.js';

/** A mutex. */
export function mutexSuite(clients: RigClients, dialect: Dialect): void {
  /** One holds the lock, another waits for it. */
  const contended = async (): Promise<{ a: ZkClient; first: LockHold; mutex: Mutex; waiting: Promise<LockHold> }> => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'mutex');
    const first = await new Mutex(a, path, { dialect }).acquire();
    const mutex = new Mutex(b, path, { dialect });
    const waiting = mutex.acquire();
    await eventually(async () => (await mutex.participants()).length === 2);
    return { a, first, mutex, waiting };
  };

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
    expect(await childrenOf(client, path)).toEqual([]);
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
    const { first, mutex, waiting } = await contended();
    await mutex.revoke((await mutex.participants())[1]!);
    await first.release();
    const hold = await waiting;
    await aborted(hold.revocation);
    expect([hold.isHeld, first.revocation.aborted]).toEqual([true, false]);
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
    const { a, first, mutex, waiting } = await contended();
    const place = (await mutex.participants())[1]!.path;
    await a.delete(place);
    await eventually(async () =>
      (await mutex.participants()).some(({ path: p, isHolder }) => !isHolder && p !== place),
    );
    await first.release();
    await using hold = await waiting;
    expect(hold.path).not.toBe(place);
    expect(await mutex.participants()).toMatchObject([{ path: hold.path, isHolder: true }]);
  });
}
