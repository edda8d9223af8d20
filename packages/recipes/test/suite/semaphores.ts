import type { ZkClient } from '@zk/client-api';
import { AcquireTimeoutError, type Dialect, Semaphore, SemaphoreMutex } from '../../src/index.js';
import { type RigClients, childrenOf, eventually, freshPath } from './rig.js';

/** A semaphore. */
export function semaphoreSuite(clients: RigClients, dialect: Dialect): void {
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

  it("lets those who want several have them one after the other: they do not wait for each other's", async () => {
    const { one, two } = await open(2);
    const takeAndRelease = async (semaphore: Semaphore): Promise<number> => {
      await using leases = await semaphore.acquireMany(2);
      return leases.holds.length;
    };
    expect(await Promise.all([one, two, one, two].map(takeAndRelease))).toEqual([2, 2, 2, 2]);
  });

  it('takes its nodes away when it is cancelled', async () => {
    const { client, path, one, two } = await open(1);
    await using lease = await one.acquire();
    // Who waits for a lease has the inner lock.
    const innerLock = dialect === 'curator' ? `${path}/locks` : `${path}-__lock__`;
    const lockNodes = async (): Promise<number> => (await childrenOf(client, innerLock)).length;
    await eventually(async () => (await lockNodes()) === 0);
    const controller = new AbortController();
    const waiting = two.acquire({ signal: controller.signal });
    await eventually(async () => (await lockNodes()) === 1);
    if (dialect === 'curator') await eventually(async () => (await one.participants()).length === 2);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await eventually(async () => (await one.participants()).length === 1 && (await lockNodes()) === 0);
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

/** A mutex made of a semaphore. */
export function semaphoreMutexSuite(clients: RigClients): void {
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
