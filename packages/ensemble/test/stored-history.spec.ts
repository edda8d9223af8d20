import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@zk/contracts';
import type { Zxid } from '@zk/model';
import { FileStorage } from '@zk/storage-file';
import { realClock } from './cluster.js';
import { Life } from './disk-life.js';

const E1 = 0x1_0000_0000n;
const E2 = 0x2_0000_0000n;

/** As Apache ZooKeeper leaves it: what was logged before a state was taken over stays in the log. */
describe('a history with a hole before a snapshot', () => {
  let folder: string;
  let life: Life;

  const begin = (): Promise<Life> => {
    life = new Life(new FileStorage({ dataDir: folder, logger: silentLogger }));
    return life.begin();
  };
  const snapshotOf = async (zxid: Zxid): Promise<void> => {
    await life.write({ kind: 'current-epoch', epoch: 1 });
    const writer = await life.storage.snapshots.create(zxid);
    while (!life.state.dump('file', writer).step(100, realClock));
    await writer.commit();
  };
  const restart = async (): Promise<void> => {
    await life.disk.close();
    await begin();
  };
  /** Changes a byte in the middle of it, where a checksum notices. */
  const damage = (name: string): void => {
    const path = join(folder, 'version-2', name);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 0xff;
    writeFileSync(path, bytes);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zk-history-'));
    await begin();
  });

  afterEach(async () => {
    await life.disk.close();
    rmSync(folder, { recursive: true });
  });

  it('loads, and goes on', async () => {
    life.log(E1 + 1n);
    await snapshotOf(E2);
    life.log(E2 + 1n);
    await restart();
    expect(life.contents).toMatchObject({ lastZxid: E2 + 1n, recent: [{ zxid: E2 + 1n }] });
  });

  it('is read by a learner up to the hole, where that shows, or behind it', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i);
    await snapshotOf(E2);
    for (let i = 1n; i <= 3n; i++) life.log(E2 + i);
    await life.write({ kind: 'current-epoch', epoch: 2 });
    expect(await life.read(E1 + 1n, E1 + 3n)).toBe('100000001 100000002 100000003');
    await expect(life.read(E1 + 1n, E2 + 2n)).rejects.toThrow(
      'transactions may be missing between zxid 0x100000003 and 0x200000001',
    );
    expect(await life.read(E2 + 1n, E2 + 2n)).toBe('200000001 200000002');
  });

  it('is no hole where an epoch ended with a snapshot of its last transaction', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i);
    await snapshotOf(E1 + 3n);
    life.log(E2 + 1n);
    await life.write({ kind: 'current-epoch', epoch: 2 });
    expect(await life.read(E1 + 2n, E2 + 1n)).toBe('100000002 100000003 200000001');
  });

  it('is not read from before the oldest snapshot that was kept', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i);
    await snapshotOf(E1 + 2n);
    await life.storage.purge(1);
    expect(await life.read(E1 + 1n, E1 + 3n)).toBeUndefined();
    expect(await life.read(E1 + 2n, E1 + 3n)).toBe('100000002 100000003');
  });

  it('passes over a damaged snapshot when the log leads beyond it', async () => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i);
    await snapshotOf(E1 + 2n);
    damage('snapshot.100000002');
    await restart();
    expect(life.contents).toMatchObject({ lastZxid: E1 + 3n });
    expect(life.has('/100000003')).toBe(true);
  });

  it.each([1, 3])('leads past damaged snapshots again after a purge to %s', async (retain) => {
    for (let i = 1n; i <= 4n; i++) {
      life.log(E1 + i);
      await snapshotOf(E1 + i);
    }
    for (const i of [2, 3, 4]) damage(`snapshot.10000000${i}`);
    for (let lives = 0; lives < 2; lives++) {
      await restart();
      await life.storage.purge(retain);
      expect(life.contents).toMatchObject({ lastZxid: E1 + 4n });
      expect(life.has('/100000001')).toBe(true);
    }
  });

  it.each([
    ['ends before it', []],
    ['has the next epoch behind it', [E2 + 1n]],
  ])('refuses to start without a damaged snapshot when the log %s', async (_where, behind) => {
    for (let i = 1n; i <= 3n; i++) life.log(E1 + i);
    await snapshotOf(E2);
    for (const zxid of behind) life.log(zxid);
    await life.disk.close();
    damage('snapshot.200000000');
    life = new Life(new FileStorage({ dataDir: folder, logger: silentLogger }));
    await expect(life.begin()).rejects.toThrow('snapshot.200000000');
  });
});
