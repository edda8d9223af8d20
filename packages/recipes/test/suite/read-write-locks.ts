import type { ZkClient } from '@zk/client-api';
import { type Dialect, ReadWriteLock, UpgradeNotAllowedError } from '../../src/index.js';
import { type RigClients, eventually, freshPath } from './rig.js';

/** A read/write lock. */
export function readWriteSuite(clients: RigClients, dialect: Dialect): void {
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
