import { setImmediate } from 'node:timers/promises';
import type { SnapshotWriter } from '@zk/contracts';
import type { FileStorage } from '../src/index.js';
import { DataDir, bytesOf, logFile } from './support.js';

describe('purging files', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());
  const whole = Buffer.from('ZKSN and so on\0\0\0\x01/');

  /** As a start leaves it that has read the newest snapshot. */
  async function loaded(): Promise<FileStorage> {
    const storage = await dir.opened();
    await bytesOf(storage, (await storage.snapshots.list())[0]!);
    return storage;
  }

  it('keeps the newest whole snapshots, the log that goes on behind the oldest, and everything later', async () => {
    for (const zxid of [0, 5, 0x10, 0x1a, 0x20]) dir.write(`snapshot.${zxid.toString(16)}`, whole);
    dir.write('snapshot.12', 'broken, after the oldest kept');
    dir.write('snapshot.3', 'broken, before it');
    for (const zxid of [1n, 6n, 0xen, 0x14n, 0x21n]) dir.write(`log.${zxid.toString(16)}`, logFile(zxid));
    for (const name of ['acceptedEpoch', 'log.bak', 'snapshot.info']) dir.write(name, '1');
    const storage = await loaded();
    const removed = await storage.purge(3);
    expect([...removed].sort()).toEqual(['log.1', 'log.6', 'snapshot.0', 'snapshot.3', 'snapshot.5']);
    expect(dir.names()).toEqual(
      ['.zk-lock', 'acceptedEpoch', 'log.14', 'log.21', 'log.bak', 'log.e'].concat([
        'snapshot.10',
        'snapshot.12',
        'snapshot.1a',
        'snapshot.20',
        'snapshot.info',
      ]),
    );
  });

  it('keeps all logs that begin behind the snapshot when none begins before it', async () => {
    dir.write('snapshot.5', whole);
    for (const zxid of [6n, 9n]) dir.write(`log.${zxid.toString(16)}`, logFile(zxid));
    expect(await (await loaded()).purge(3)).toEqual([]);
  });

  it('removes what was cut from a log together with that log', async () => {
    dir.write('snapshot.10', whole);
    for (const zxid of [1n, 6n, 0x11n]) dir.write(`log.${zxid.toString(16)}`, logFile(zxid));
    for (const name of ['.cut-log.1-70', '.cut-log.6-70', '.cut-log.11-70', '.cut-log.0-16', '.cut-log.1']) {
      dir.write(name, 'x');
    }
    const removed = await (await loaded()).purge(3);
    expect([...removed].sort()).toEqual(['.cut-log.0-16', '.cut-log.1-70', 'log.1']);
    expect(dir.names().filter((name) => name.includes('log'))).toEqual([
      '.cut-log.1',
      '.cut-log.11-70',
      '.cut-log.6-70',
      'log.11',
      'log.6',
    ]);
  });

  it('keeps the snapshot that could be read, and its log, when compressed ones behind it only begin as such', async () => {
    dir.put('reconfig-3.9.5/snapshot.0.gz', 'snapshot.0.gz');
    const packed = dir.read('snapshot.0.gz');
    for (const zxid of [5, 6, 7]) dir.write(`snapshot.${zxid}.gz`, packed.subarray(0, packed.length >> 1));
    for (const zxid of [1n, 6n, 8n]) dir.write(`log.${zxid}`, logFile(zxid));
    const storage = await dir.opened();
    const [newest, ...older] = await storage.snapshots.list();
    for (const damaged of [newest!, ...older.slice(0, 2)]) {
      await expect(bytesOf(storage, damaged)).rejects.toThrow('the gzip stream breaks off');
    }
    await bytesOf(storage, older[2]!);
    expect(await storage.purge(1)).toEqual([]);
  });

  it.each<[string, (storage: FileStorage) => Promise<unknown>]>([
    ['a snapshot is committed', async (storage) => (await writer(storage, 1n)).commit()],
    ['snapshots are removed', (storage) => storage.snapshots.removeAfter(6n)],
    ['the log is cut', (storage) => storage.log.truncate(5n)],
    ['the log is cleared', (storage) => storage.log.clear()],
  ])('decides and removes before or after %s, and not meanwhile', async (_what, change) => {
    for (const zxid of [5, 6, 7]) dir.write(`snapshot.${zxid}`, whole);
    for (const zxid of [4n, 5n, 6n]) dir.write(`log.${zxid}`, logFile(zxid));
    const storage = await loaded();
    const list = storage.snapshots.list.bind(storage.snapshots);
    const order: string[] = [];
    let changing: Promise<unknown> | undefined;
    storage.snapshots.list = async () => {
      const infos = await list();
      changing ??= change(storage).then(() => order.push('changed'));
      for (let turn = 0; turn < 30_000 && order.length === 0; turn++) await setImmediate();
      return infos;
    };
    await storage.purge(3).then(() => order.push('purged'));
    await changing;
    expect(order).toEqual(['purged', 'changed']);
  });

  it('leaves the directory alone once the storage is closed', async () => {
    for (const zxid of [5, 6, 7]) dir.write(`snapshot.${zxid}`, whole);
    const storage = await loaded();
    await storage.close();
    expect(await storage.purge(1)).toEqual([]);
    expect(dir.names()).toEqual(['snapshot.5', 'snapshot.6', 'snapshot.7']);
  });
});

async function writer(storage: FileStorage, zxid: bigint): Promise<SnapshotWriter> {
  const found = await storage.snapshots.create(zxid);
  found.write(new Uint8Array(16));
  found.seal();
  return found;
}
