import { op } from '@zk/client-api';
import { type Dialect, LockLostError, Mutex } from '../../src/index.js';
import { multiLockSuite } from './multi-locks.js';
import { mutexSuite } from './mutexes.js';
import { readWriteSuite } from './read-write-locks.js';
import { type RecipeRig, RigClients, aborted, eventually, freshPath } from './rig.js';
import { semaphoreMutexSuite, semaphoreSuite } from './semaphores.js';

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
    await using next = await waiting;
    expect([hold.isHeld, next.isHeld]).toEqual([false, true]);
  });
}
