import { op } from '@zk/client-api';
import { LockLostError, MultiLock, Mutex } from '../../src/index.js';
import { type RigClients, aborted, eventually, freshPath } from './rig.js';

/** Several locks as one. */
export function multiLockSuite(clients: RigClients): void {
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
    let inside = 0;
    const together: number[] = [];
    const task = async (): Promise<void> => {
      inside++;
      await a.exists(path);
      together.push(inside--);
    };
    const tasks = (lock: MultiLock): Promise<void>[] => Array.from({ length: 5 }, () => lock.run(task));
    await Promise.all([
      ...tasks(new MultiLock(a, [`${path}/x`, `${path}/y`])),
      ...tasks(new MultiLock(b, [`${path}/y`, `${path}/x`])),
    ]);
    expect(together).toEqual(new Array(10).fill(1));
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
