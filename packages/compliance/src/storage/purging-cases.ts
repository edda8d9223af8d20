import assert from 'node:assert/strict';
import type { Storage } from '@zk/contracts';
import type { ComplianceCase } from '../compliance-case.js';
import type { StorageHarness } from './harness.js';
import { entriesOf, range, start, write } from './log-recorder.js';
import { bytesOf, content, takeSnapshot, zxidsOf } from './snapshot-content.js';

const cases: readonly Omit<ComplianceCase<StorageHarness>, 'group'>[] = [
  {
    name: 'keeps the newest snapshots and every entry behind the oldest of them',
    async run(harness) {
      const { storage } = harness;
      const recorder = await start(storage);
      for (let first = 1n; first <= 41n; first += 10n) {
        await takeSnapshot(storage, first - 1n);
        storage.log.roll();
        await write(storage.log, recorder, ...range(first, 10));
      }
      assert.ok((await storage.purge(3)).length > 0);
      assert.deepEqual(await zxidsOf(storage), [40n, 30n, 20n]);
      assert.deepEqual(await storage.purge(3), []);
      await write(storage.log, recorder, 51n);
      const next = await harness.restart();
      await next.open();
      assert.deepEqual((await entriesOf(next.log, 20n)).zxids, range(21n, 31));
    },
  },
  {
    name: 'keeps entries that a snapshot taken in the middle of a file still needs',
    async run(harness) {
      const { storage } = harness;
      const recorder = await start(storage);
      await write(storage.log, recorder, ...range(1n, 5));
      storage.log.roll();
      await write(storage.log, recorder, ...range(6n, 5));
      await takeSnapshot(storage, 8n);
      await storage.purge(1);
      const next = await harness.restart();
      await next.open();
      assert.deepEqual((await entriesOf(next.log, 8n)).zxids, [9n, 10n]);
    },
  },
  {
    name: 'removes nothing without a snapshot',
    async run(harness) {
      const recorder = await start(harness.storage);
      await write(harness.storage.log, recorder, 1n, 2n);
      assert.deepEqual(await harness.storage.purge(3), []);
      assert.deepEqual((await entriesOf(harness.storage.log)).zxids, [1n, 2n]);
    },
  },
  {
    name: 'refuses to retain fewer than one',
    async run(harness) {
      await harness.storage.open();
      await takeSnapshot(harness.storage, 1n);
      for (const retain of [0, -1, 1.5, Number.NaN]) await assert.rejects(harness.storage.purge(retain), RangeError);
    },
  },
  {
    name: 'removes nothing before a snapshot has been read whole or committed',
    async run(harness) {
      await history(harness.storage);
      const storage = await harness.restart();
      await storage.open();
      const [newest] = await storage.snapshots.list();
      assert.deepEqual(await storage.purge(1), []);
      for await (const piece of storage.snapshots.read(newest!)) {
        assert.ok(piece.length > 0);
        break;
      }
      assert.deepEqual(await storage.purge(1), []);
      await bytesOf(storage, newest!);
      assert.ok((await storage.purge(1)).length > 0);
      assert.deepEqual(await zxidsOf(storage), [40n]);
    },
  },
  {
    name: 'keeps the snapshot that was read last and everything behind it, though newer ones look whole',
    async run(harness) {
      await history(harness.storage);
      const storage = await harness.restart();
      await storage.open();
      const infos = await storage.snapshots.list();
      for (const info of infos.slice(0, 4)) await bytesOf(storage, info);
      assert.deepEqual(await storage.purge(3), []);
      await storage.purge(1);
      assert.deepEqual(await zxidsOf(storage), [40n, 30n, 20n, 10n]);
      assert.deepEqual((await entriesOf(storage.log, 10n)).zxids, range(11n, 40));
    },
  },
  {
    name: 'counts a snapshot that was committed with those that could be read, and not with those that could not',
    async run(harness) {
      await history(harness.storage);
      const storage = await harness.restart();
      await storage.open();
      for (const info of (await storage.snapshots.list()).slice(0, 4)) await bytesOf(storage, info);
      await takeSnapshot(storage, 50n);
      await storage.purge(2);
      assert.deepEqual(await zxidsOf(storage), [50n, 40n, 30n, 20n, 10n]);
      await storage.purge(1);
      assert.deepEqual(await zxidsOf(storage), [50n]);
    },
  },
  {
    name: 'does not count snapshots that are newer than the one committed last',
    async run(harness) {
      const { storage } = harness;
      await history(storage);
      await takeSnapshot(storage, 5n);
      await storage.purge(3);
      assert.ok((await zxidsOf(storage)).includes(5n));
      await storage.snapshots.removeAfter(5n);
      assert.deepEqual(await zxidsOf(storage), [5n, 0n]);
    },
  },
  {
    name: 'removes nothing once the snapshot to rely on is gone, until another one is read',
    async run(harness) {
      const { storage } = harness;
      await history(storage);
      await storage.snapshots.removeAfter(30n);
      assert.deepEqual(await storage.purge(1), []);
      await bytesOf(storage, (await storage.snapshots.list())[0]!);
      await storage.purge(1);
      assert.deepEqual(await zxidsOf(storage), [30n]);
    },
  },
  {
    name: 'keeps a snapshot that is committed meanwhile, and fails nothing that is removed meanwhile',
    async run(harness) {
      const { storage } = harness;
      await history(storage);
      const writer = await storage.snapshots.create(5n);
      writer.write(content(1000));
      writer.seal();
      await Promise.all([
        storage.purge(1),
        writer.commit(),
        storage.purge(1),
        storage.log.truncate(45n),
        storage.snapshots.removeAfter(5n),
        storage.purge(1),
        storage.log.clear(),
      ]);
      assert.deepEqual(await zxidsOf(storage), [5n]);
    },
  },
];

/** Ten entries behind each of five snapshots. */
async function history(storage: Storage): Promise<void> {
  const recorder = await start(storage);
  for (let first = 1n; first <= 41n; first += 10n) {
    await takeSnapshot(storage, first - 1n);
    storage.log.roll();
    await write(storage.log, recorder, ...range(first, 10));
  }
}

/** What a purge removes, and what it leaves. */
export const purgingCases: readonly ComplianceCase<StorageHarness>[] = cases.map((one) => ({ group: 'purge', ...one }));
