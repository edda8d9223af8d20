import { type ZkClient, op } from '@zk/client-api';
import { type Hold, LeaderElection, LockLostError, MultiLock, Mutex, Semaphore } from '../src/index.js';
import { interfere } from './interfere.js';
import { aborted } from './suite/rig.js';
import { SESSION_MS, a, b, pass, server, until, useVirtualRig, wayOfA } from './virtual-rig.js';

/**
 * The failures that other clients are known for, each brought about by a fault. A comment at the guard in the source
 * names the test here that fails without it.
 */
const PATH = '/locks/job';

useVirtualRig();

async function names(path = PATH): Promise<readonly string[]> {
  return (await pass(a.getChildren(path, { linearizable: true }))).children;
}

describe('one contender per acquire', () => {
  it('also when the reply of its create is lost', async () => {
    const lost = server.dropNextReply('create', a);
    const hold = await pass(new Mutex(a, PATH).acquire());
    await lost;
    expect(await names()).toEqual([hold.path.slice(PATH.length + 1)]);
    expect(hold.sessionId).toBe(a.session!.id);
  });

  it('takes no node of a session before', async () => {
    // What a search after a lost reply may come upon: a node with our prefix that the server has yet to remove.
    let calls = 0;
    const haunted = interfere(a, {
      create: (async (path: string, data: Uint8Array, options: object) => {
        const created = await a.create(path, data, options);
        const stat = { ...created.stat, ephemeralOwner: created.stat.ephemeralOwner ^ 1n };
        return calls++ === 0 ? { ...created, stat } : created;
      }) as ZkClient['create'],
    });
    const hold = await pass(new Mutex(haunted, PATH).acquire());
    expect(calls).toBe(2);
    await until(async () => (await names()).length === 1);
    expect(hold.path.endsWith((await names())[0]!)).toBe(true);
  });

  it('is granted only while its session certainly lives', async () => {
    const created: string[] = [];
    const late = interfere(a, {
      create: (async (path: string, data: Uint8Array, options: object) => {
        const result = await a.create(path, data, options);
        created.push(result.path);
        return result;
      }) as ZkClient['create'],
      // The deadline passes while the list is on its way, and no timer has run since.
      getChildren: async (path, options) => {
        const result = await a.getChildren(path, options);
        if (created.length === 1) server.time!.jump(SESSION_MS * 2);
        return result;
      },
    });
    const hold = await pass(new Mutex(late, PATH).acquire());
    expect(created).toHaveLength(2);
    expect(hold.path).toBe(created[1]);
    hold.assertHeld();
  });
});

describe('no contender is left behind', () => {
  it('when the create is cancelled while its reply is on the way', async () => {
    await pass(a.create(PATH, null, { parents: 'container' }));
    const stalled = server.stallAtNextReply('create', a);
    const controller = new AbortController();
    const acquiring = new Mutex(a, PATH).acquire({ signal: controller.signal });
    await stalled;
    controller.abort('enough');
    await expect(acquiring).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' });
    expect((await pass(b.getChildren(PATH))).children).toHaveLength(1);
    server.release(a);
    await until(async () => (await names()).length === 0);
  });

  it('when the time is over while there is no connection', async () => {
    const hold = await pass(new Mutex(b, PATH).acquire());
    const acquiring = new Mutex(a, PATH).acquire({ timeout: '2s' }).catch((error: unknown) => error);
    await until(async () => (await pass(b.getChildren(PATH))).children.length === 2);
    await server.refuseConnections();
    server.cut(a);
    await server.advance('2s');
    expect(await acquiring).toMatchObject({ name: 'AcquireTimeoutError', timeoutMs: 2_000 });
    await server.acceptConnections();
    await until(async () => (await names()).length === 1);
    expect(hold.path.endsWith((await names())[0]!)).toBe(true);
    // The session has survived: it was not its end that removed the node.
    expect(a.state).toBe('reconnected');
  });

  it('when a release finds no connection; and it does not wait for one', async () => {
    const hold = await pass(new Mutex(a, PATH).acquire());
    await server.refuseConnections();
    server.cut(a);
    await until(() => a.state === 'suspended');
    await hold.release();
    await server.acceptConnections();
    await until(async () => (await names()).length === 0);
    expect(a.state).toBe('reconnected');
  });

  it('by a try where the lock is taken: it creates nothing', async () => {
    await pass(new Mutex(b, PATH).acquire());
    await pass(new Semaphore(b, '/s', 1).acquire());
    await pass(a.sync('/s'));
    const creates: unknown[] = [];
    server.requests$.subscribe((request) => request.kind === 'create' && creates.push(request));
    expect(await pass(new Mutex(a, PATH).tryAcquire())).toBeNull();
    expect(await pass(new Semaphore(a, '/s', 1).tryAcquire())).toBeNull();
    expect(await pass(new LeaderElection(a, PATH).tryCampaign())).toBeNull();
    expect(creates).toHaveLength(0);
  });

  it('by a semaphore that gets some leases and no more', async () => {
    const lease = await pass(new Semaphore(b, '/s', 3).acquire());
    const taking = new Semaphore(a, '/s', 3).acquireMany(3, { timeout: '2s' }).catch((error: unknown) => error);
    await until(async () => (await names('/s/leases')).length === 4);
    await server.advance('2s');
    expect(await taking).toMatchObject({ name: 'AcquireTimeoutError' });
    await until(async () => (await names('/s/leases')).length === 1);
    expect(await names('/s/locks')).toEqual([]);
    expect(lease.isHeld).toBe(true);
  });

  it('and leases that were lost while waiting for more are taken anew', async () => {
    const lease = await pass(new Semaphore(b, '/s', 2).acquire());
    const taking = new Semaphore(a, '/s', 2).acquireMany(2);
    await until(async () => (await names('/s/leases')).length === 3);
    const session = a.session!.id;
    await pass(server.expireSession(a));
    await until(() => a.session !== undefined && a.session.id !== session);
    await pass(lease.release());
    const leases = await pass(taking);
    leases.assertHeld();
    expect(await names('/s/leases')).toHaveLength(2);
  });

  it('by several locks that are not all to be had, within one limit of time for all', async () => {
    const [x, y] = await pass(Promise.all([new Mutex(b, '/x').acquire(), new Mutex(b, '/y').acquire()]));
    const acquiring = new MultiLock(a, ['/x', '/y']).acquire({ timeout: '10s' }).catch((error: unknown) => error);
    await server.advance('6s');
    await x.release();
    await server.advance('3s');
    expect(await names('/x')).toHaveLength(1);
    await server.advance('1s');
    expect(await acquiring).toMatchObject({ name: 'AcquireTimeoutError', timeoutMs: 10_000, path: '/x,/y' });
    await until(async () => (await names('/x')).length === 0 && (await names('/y')).length === 1);
    expect(y.isHeld).toBe(true);
  });
});

describe('a waiter', () => {
  it('looks again after a reconnect, whatever became of its watch', async () => {
    const hold = await pass(new Mutex(b, PATH).acquire());
    // As a client whose watches do not survive a connection (kazoo#282).
    const forgetful = interfere(a, {
      getAndWatch: async (path, options) => {
        const watched = await a.getAndWatch(path, options);
        if (path !== hold.path) return watched;
        return { ...watched, value: watched.value, fired: new Promise(() => undefined), cancel: () => undefined };
      },
    });
    const waiting = new Mutex(forgetful, PATH).acquire();
    await until(async () => (await pass(b.getChildren(PATH))).children.length === 2);
    await server.refuseConnections();
    server.cut(a);
    await until(() => a.state === 'suspended');
    await pass(hold.release());
    await server.acceptConnections();
    await server.advance(SESSION_MS / 2);
    await until(() => a.state === 'reconnected');
    (await pass(waiting)).assertHeld();
  });

  it('is the only one that a release wakes', async () => {
    const hold = await pass(new Mutex(b, PATH).acquire());
    const waiting = Array.from({ length: 20 }, () => new Mutex(a, PATH).acquire());
    await until(async () => (await pass(b.getChildren(PATH))).children.length === 21);
    await server.time!.settle();
    const kinds: (string | undefined)[] = [];
    const subscription = server.requests$.subscribe(({ kind }) => kinds.push(kind));
    await pass(hold.release());
    const next = await pass(Promise.race(waiting));
    await server.time!.settle();
    subscription.unsubscribe();
    expect(kinds).toEqual(['delete', 'getChildren']);
    await pass(next.release());
    for (const each of waiting.slice(1)) await pass(each.then((granted) => granted.release()));
  });

  it('acquires when the server was restarted meanwhile', async () => {
    const hold = await pass(new Mutex(b, PATH).acquire());
    const waiting = new Mutex(a, PATH).acquire();
    await until(async () => (await pass(b.getChildren(PATH))).children.length === 2);
    await server.restart();
    await until(() => b.state === 'reconnected' && a.state === 'reconnected');
    await pass(hold.release());
    (await pass(waiting)).assertHeld();
  });
});

it('hangs any number of locks on one session and one signal without a warning', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error): void => void warnings.push(warning);
  process.on('warning', hear);
  const { signal } = new AbortController();
  const acquire = (_: unknown, i: number): Promise<Hold> => new Mutex(a, `/many/${i}`).acquire({ signal });
  const holds = await pass(Promise.all(Array.from({ length: 50 }, acquire)));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', hear);
  expect(warnings).toEqual([]);
  await pass(server.expireSession(a));
  await pass(aborted(holds[49]!.signal));
  expect(holds.every((hold) => hold.signal.aborted)).toBe(true);
});

it('leaves no watch behind, however an acquire or a hold ends', async () => {
  const max = { path: '/limit', initial: 2 };
  for (let round = 0; round < 5; round++) {
    const held = await pass(new Mutex(b, PATH).acquire());
    const lease = await pass(new Semaphore(b, '/s', max).acquire());
    const controller = new AbortController();
    const given = [
      new Mutex(a, PATH).acquire({ timeout: '1s' }),
      new Mutex(a, PATH).acquire({ signal: controller.signal }),
      new Mutex(a, PATH).tryAcquire(),
      new Semaphore(a, '/s', max).acquireMany(2, { timeout: '1s' }),
      new Semaphore(a, '/s', max).acquireMany(2, { signal: controller.signal }),
      new LeaderElection(a, PATH).campaign({ timeout: '1s' }),
    ].map((each) => each.catch((error: unknown) => error));
    const watching = new LeaderElection(a, PATH).observe().subscribe();
    await server.advance('500ms');
    controller.abort();
    await server.advance('1s');
    for (const each of given) expect((await each) ?? new Error('taken')).toBeInstanceOf(Error);
    watching.unsubscribe();
    await pass(Promise.all([held.release(), lease.release()]));
    await pass(new Mutex(a, PATH).run(() => undefined));
  }
  await server.advance('1s');
  expect(server.server.database.watches.watchCount).toBe(0);
  expect(await names()).toEqual([]);
});

describe('a holder', () => {
  /** Whether both ever claim to hold at one moment. */
  async function watchBoth(first: Hold, second: () => Hold | undefined, ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 50) {
      await server.advance(50);
      if (first.isHeld && second()?.isHeld === true) throw new Error(`two holders after ${at} ms`);
    }
  }

  it.each(['both', 'toClient', 'toServer'] as const)(
    'is told no later than the next one holds, on a connection that is dead without a word: %s',
    async (direction) => {
      const hold = await pass(new Mutex(a, PATH).acquire());
      let next: Hold | undefined;
      void new Mutex(b, PATH).acquire().then((granted) => (next = granted));
      await until(async () => (await pass(b.getChildren(PATH))).children.length === 2);
      // New connections lead nowhere either.
      wayOfA.stall(undefined, direction);
      while (!hold.signal.aborted) await watchBoth(hold, () => next, 50);
      expect(hold.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'sessionLost' });
      expect(next).toBeUndefined();
      await watchBoth(hold, () => next, SESSION_MS * 2);
      expect(next?.isHeld).toBe(true);
      expect(next!.token > hold.token).toBe(true);
    },
  );

  it('knows on the clock alone that the session may be over, before any timer', async () => {
    const hold = await pass(new Mutex(a, PATH).acquire());
    hold.assertHeld();
    server.time!.jump(SESSION_MS + 1);
    expect(hold.signal.aborted).toBe(false);
    expect(hold.isHeld).toBe(false);
    expect(() => hold.assertHeld()).toThrow(LockLostError);
    expect(hold.signal.aborted).toBe(true);
    await expect(hold.guardedMulti([op.create('/result')])).rejects.toThrow(LockLostError);
    expect(await pass(b.exists('/result'))).toBeNull();
  });

  it('cannot write behind the back of the next one, though it has not heard of its loss', async () => {
    const hold = await pass(new Mutex(a, PATH).acquire());
    server.stall(a, 'toClient');
    await pass(b.delete(hold.path));
    expect(hold.isHeld).toBe(true);
    const writing = hold.guardedMulti([op.create('/result')]).catch((error: unknown) => error);
    await server.advance(100);
    server.release(a);
    expect(await pass(writing)).toMatchObject({ name: 'LockLostError' });
    expect(await pass(b.exists('/result'))).toBeNull();
  });

  it('ends with the connection where that is the policy', async () => {
    const hold = await pass(new Mutex(a, PATH, { loss: 'connection' }).acquire());
    const patient = await pass(new Mutex(a, '/other').acquire());
    server.cut(a);
    expect(await aborted(hold.signal)).toMatchObject({ reason: 'connectionLost' });
    expect(patient.isHeld).toBe(true);
    await until(() => a.state === 'reconnected');
    expect([hold.isHeld, patient.isHeld]).toEqual([false, true]);
  });

  it('is told when its client is closed', async () => {
    const hold = await pass(new Mutex(a, PATH).acquire());
    await pass(a.close());
    expect(hold.signal.reason).toMatchObject({ reason: 'clientClosed' });
    await hold.release();
  });

  it('that has lost the lock does not enter it again before it has let go', async () => {
    const owner = {};
    const mutex = new Mutex(a, PATH);
    const hold = await pass(mutex.acquire({ owner }));
    await pass(server.expireSession(a));
    await pass(aborted(hold.signal));
    await expect(pass(mutex.acquire({ owner }))).rejects.toThrow(LockLostError);
    await pass(hold.release());
    (await pass(mutex.acquire({ owner }))).assertHeld();
  });

  it('that gave up with the connection does not enter it again before it has let go, though its node is there', async () => {
    const owner = {};
    const mutex = new Mutex(a, PATH, { loss: 'connection' });
    const hold = await pass(mutex.acquire({ owner }));
    server.cut(a);
    await until(() => a.state === 'reconnected');
    await expect(pass(mutex.acquire({ owner }))).rejects.toMatchObject({ reason: 'connectionLost' });
    await pass(hold.release());
    (await pass(mutex.acquire({ owner }))).assertHeld();
  });
});
