import { MemoryStorage } from './memory-storage.js';

const payload = new Uint8Array(32);

describe('MemoryStorage', () => {
  it('dates a snapshot by the clock that it was given', async () => {
    const storage = new MemoryStorage({ clock: { wallMs: () => 12_345 } });
    await storage.open();
    await (await storage.snapshots.create(7n)).commit();
    expect((await storage.snapshots.list()).map(({ zxid, modifiedMs }) => [zxid, modifiedMs])).toEqual([[7n, 12_345]]);
    await storage.close();
  });

  it('ends a sync when it is called back, and at no other time', async () => {
    const later: (() => void)[] = [];
    const storage = new MemoryStorage({ defer: (callback) => void later.push(callback) });
    await storage.open();
    const durable: number[] = [];
    storage.log.listen({
      onDurable: (_hi, lo) => void durable.push(lo),
      onFailure: () => undefined,
      onRecovered: () => undefined,
      onFatal: () => undefined,
    });
    storage.log.append(0, 1, payload, 0, 32);
    storage.log.sync();
    storage.log.append(0, 2, payload, 0, 32);
    storage.log.sync();
    expect(durable).toEqual([]);
    later.shift()!();
    expect(durable).toEqual([1]);
    later.shift()!();
    expect(durable).toEqual([1, 2]);
    storage.crash();
  });

  it('makes durable what was there when a sync was asked for, and no more', async () => {
    const later: (() => void)[] = [];
    const storage = new MemoryStorage({ defer: (callback) => void later.push(callback) });
    await storage.open();
    storage.log.append(0, 1, payload, 0, 32);
    storage.log.sync();
    storage.log.append(0, 2, payload, 0, 32);
    while (later.length > 0) later.shift()!();
    expect(storage.log.pendingBytes).toBe(32);
    expect(storage.log.syncStats.count).toBe(1);
    storage.crash();
  });

  it('makes nothing durable once it has crashed', async () => {
    const later: (() => void)[] = [];
    const storage = new MemoryStorage({ defer: (callback) => void later.push(callback) });
    await storage.open();
    const heard: string[] = [];
    storage.log.listen({
      onDurable: () => void heard.push('durable'),
      onFailure: () => void heard.push('failure'),
      onRecovered: () => void heard.push('recovered'),
      onFatal: () => void heard.push('fatal'),
    });
    storage.log.append(0, 1, payload, 0, 32);
    storage.log.sync();
    storage.crash();
    for (const callback of later) callback();
    expect(heard).toEqual([]);
  });

  it('forgets calls of an earlier life', async () => {
    const later: (() => void)[] = [];
    const storage = new MemoryStorage({ defer: (callback) => void later.push(callback) });
    await storage.open();
    storage.log.append(0, 1, payload, 0, 32);
    storage.log.sync();
    storage.crash();
    await storage.open();
    for (const callback of later) callback();
    expect((await storage.log.replay(0n, () => undefined)).lastZxid).toBeUndefined();
    storage.crash();
  });

  it('counts what it holds', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    storage.log.append(0, 1, payload, 0, 32);
    const writer = await storage.snapshots.create(0n);
    writer.write(new Uint8Array(10));
    writer.seal();
    await writer.commit();
    expect(await storage.usage()).toEqual({ logBytes: 32, snapshotBytes: 23 });
    expect(storage.location).toEqual({ dataDir: '', dataLogDir: '' });
    await storage.close();
  });

  it.each([0, 1, 2])('keeps %d of two entries that no sync has covered, where a crash leaves as many', async (kept) => {
    const storage = new MemoryStorage();
    await storage.open();
    for (const lo of [1, 2]) storage.log.append(0, lo, payload, 0, 32);
    storage.crash({ keeps: (entries) => Math.min(entries, kept) });
    await storage.open();
    const found: number[] = [];
    await storage.log.replay(-(2n ** 63n), (_hi, lo) => void found.push(lo));
    expect(found).toEqual([1, 2].slice(0, kept));
    await storage.close();
  });
});
