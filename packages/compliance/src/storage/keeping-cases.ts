import assert from 'node:assert/strict';
import { makeZxid } from '@zk/model';
import type { ComplianceCase } from '../compliance-case.js';
import type { StorageHarness } from './harness.js';
import { append, entriesOf, range, start, write } from './log-recorder.js';
import { bytesOf, content, takeSnapshot, zxidsOf } from './snapshot-content.js';

const snapshotCases: readonly Omit<ComplianceCase<StorageHarness>, 'group'>[] = [
  {
    name: 'lists a snapshot when it is committed, and not before',
    async run(harness) {
      const { storage } = harness;
      await storage.open();
      const writer = await storage.snapshots.create(5n);
      writer.write(content(1000));
      writer.seal();
      assert.deepEqual(await zxidsOf(storage), []);
      const info = await writer.commit();
      assert.equal(info.zxid, 5n);
      assert.deepEqual(await storage.snapshots.list(), [info]);
    },
  },
  {
    name: 'gives back the bytes of all pieces, with seals of Adler-32 over everything before them',
    async run(harness) {
      const { storage } = harness;
      await storage.open();
      const writer = await storage.snapshots.create(0n);
      const sizes = [16, 1, 70_000, 0, 1_200_000, 5];
      for (const size of sizes) writer.write(content(Math.max(size, 16)).slice(0, size));
      writer.seal();
      writer.write(new Uint8Array([1, 2, 3]));
      writer.seal();
      const info = await writer.commit();
      assert.equal(writer.pendingBytes, 0);
      const found = await bytesOf(storage, info);
      const body = Buffer.concat(sizes.map((size) => content(Math.max(size, 16)).subarray(0, size)));
      const first = Buffer.concat([body, sealOf(body), new Uint8Array([1, 2, 3])]);
      assert.equal(Buffer.compare(found, Buffer.concat([first, sealOf(first)])), 0);
    },
  },
  {
    name: 'lists the newest first, by zxid, also after a restart',
    async run(harness) {
      await harness.storage.open();
      for (const zxid of [7n, makeZxid(1, 0), 0n, 0x12n]) await takeSnapshot(harness.storage, zxid);
      assert.deepEqual(await zxidsOf(harness.storage), [makeZxid(1, 0), 0x12n, 7n, 0n]);
      const storage = await harness.restart();
      await storage.open();
      assert.deepEqual(await zxidsOf(storage), [makeZxid(1, 0), 0x12n, 7n, 0n]);
      const [newest] = await storage.snapshots.list();
      assert.ok(newest !== undefined && newest.sizeBytes > 0 && newest.modifiedMs > 0);
      assert.equal((await bytesOf(storage, newest)).length, 1013);
    },
  },
  {
    name: 'keeps nothing of an aborted snapshot, however often it is aborted',
    async run(harness) {
      await harness.storage.open();
      const writer = await harness.storage.snapshots.create(5n);
      writer.write(content(100_000));
      await writer.abort();
      await writer.abort();
      assert.deepEqual(await zxidsOf(harness.storage), []);
      await takeSnapshot(harness.storage, 5n);
      assert.deepEqual(await zxidsOf(harness.storage), [5n]);
    },
  },
  {
    name: 'writes one snapshot at a time, until it is committed or aborted',
    async run(harness) {
      const { snapshots } = harness.storage;
      await harness.storage.open();
      const first = await snapshots.create(5n);
      await assert.rejects(snapshots.create(6n), Error);
      await first.abort();
      const second = await snapshots.create(6n);
      second.write(content(100));
      second.seal();
      await second.commit();
      await takeSnapshot(harness.storage, 7n);
      assert.deepEqual(await zxidsOf(harness.storage), [7n, 6n]);
    },
  },
  {
    name: 'keeps a committed snapshot that is aborted afterwards',
    async run(harness) {
      await harness.storage.open();
      const writer = await harness.storage.snapshots.create(5n);
      writer.write(content(100));
      writer.seal();
      await writer.commit();
      await writer.abort();
      assert.deepEqual(await zxidsOf(harness.storage), [5n]);
    },
  },
  {
    name: 'keeps nothing of a snapshot that a crash interrupted',
    async run(harness) {
      await harness.storage.open();
      await takeSnapshot(harness.storage, 1n);
      const writer = await harness.storage.snapshots.create(9n);
      writer.write(content(100_000));
      writer.seal();
      const storage = await harness.crash();
      await storage.open();
      assert.deepEqual(await zxidsOf(storage), [1n]);
      await writer.abort();
      assert.deepEqual(await zxidsOf(storage), [1n]);
    },
  },
  {
    name: 'removes the snapshots behind a zxid, before a truncation',
    async run(harness) {
      await harness.storage.open();
      for (const zxid of [3n, 7n, 8n, makeZxid(2, 0)]) await takeSnapshot(harness.storage, zxid);
      assert.equal((await harness.storage.snapshots.removeAfter(7n)).length, 2);
      assert.deepEqual(await zxidsOf(harness.storage), [7n, 3n]);
      assert.deepEqual(await harness.storage.snapshots.removeAfter(7n), []);
    },
  },
  {
    name: 'replaces a snapshot of the same zxid',
    async run(harness) {
      await harness.storage.open();
      await takeSnapshot(harness.storage, 1n, 500);
      const info = await takeSnapshot(harness.storage, 1n, 700);
      assert.deepEqual(await zxidsOf(harness.storage), [1n]);
      assert.equal((await bytesOf(harness.storage, info)).length, 713);
    },
  },
];

const stateCases: readonly Omit<ComplianceCase<StorageHarness>, 'group'>[] = [
  {
    name: 'knows no text that was not written',
    async run(harness) {
      await harness.storage.open();
      assert.equal(await harness.storage.state.read('currentEpoch'), undefined);
      await harness.storage.state.remove('currentEpoch');
    },
  },
  {
    name: 'replaces texts, keeps them over a crash, removes them',
    async run(harness) {
      const { state } = harness.storage;
      await harness.storage.open();
      await state.write('acceptedEpoch', '1');
      await state.write('currentEpoch', '1');
      await state.write('acceptedEpoch', '2');
      const storage = await harness.crash();
      await storage.open();
      assert.equal(await storage.state.read('acceptedEpoch'), '2');
      assert.equal(await storage.state.read('currentEpoch'), '1');
      await storage.state.remove('currentEpoch');
      assert.equal(await storage.state.read('currentEpoch'), undefined);
    },
  },
  {
    name: 'performs writes that overlap in the order of the calls',
    async run(harness) {
      const { state } = harness.storage;
      await harness.storage.open();
      await Promise.all(['1', '22', '3', '4', 'five'].map((text) => state.write('currentEpoch', text)));
      assert.equal(await state.read('currentEpoch'), 'five');
    },
  },
];

const lifeCases: readonly Omit<ComplianceCase<StorageHarness>, 'group'>[] = [
  {
    name: 'makes what is pending durable when it is closed',
    async run(harness) {
      await start(harness.storage);
      append(harness.storage.log, 1n, 2n, 3n);
      const storage = await harness.restart();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, [1n, 2n, 3n]);
    },
  },
  {
    name: 'can be closed twice, at once and one after the other, and without having been opened',
    async run(harness) {
      await harness.storage.close();
      const recorder = await start(harness.storage);
      append(harness.storage.log, 1n);
      await Promise.all([harness.storage.close(), harness.storage.close()]);
      await harness.storage.close();
      assert.deepEqual(recorder.events, ['durable 1']);
    },
  },
  {
    name: 'refuses a second open',
    async run(harness) {
      await harness.storage.open();
      await assert.rejects(harness.storage.open(), Error);
    },
  },
  {
    name: 'can be opened again after it was closed',
    async run(harness) {
      const { storage } = harness;
      await write(storage.log, await start(storage), 1n);
      await storage.close();
      const recorder = await start(storage);
      assert.deepEqual((await entriesOf(storage.log)).zxids, [1n]);
      await write(storage.log, recorder, 2n);
      assert.deepEqual((await entriesOf(storage.log)).zxids, [1n, 2n]);
    },
  },
  {
    name: 'takes no append and no sync unless it is open',
    async run(harness) {
      const { log } = harness.storage;
      assert.throws(() => append(log, 1n), Error);
      await start(harness.storage);
      await harness.storage.close();
      assert.throws(() => append(log, 1n), Error);
      assert.throws(() => log.sync(), Error);
    },
  },
  {
    name: 'says how much it holds',
    async run(harness) {
      const { storage } = harness;
      const recorder = await start(storage);
      await write(storage.log, recorder, ...range(1n, 100));
      await takeSnapshot(storage, 100n, 5000);
      const { logBytes, snapshotBytes } = await storage.usage();
      assert.ok(logBytes >= 100 * 72);
      assert.ok(snapshotBytes >= 5000 && snapshotBytes < 6000);
    },
  },
];

/** Snapshots, state, and the life of a storage. */
export const keepingCases: readonly ComplianceCase<StorageHarness>[] = [
  ...snapshotCases.map((one) => ({ group: 'snapshots', ...one })),
  ...stateCases.map((one) => ({ group: 'state', ...one })),
  ...lifeCases.map((one) => ({ group: 'life', ...one })),
];

/** Adler-32 as int64, then the string "/" (spec: disk format, section 4). */
function sealOf(bytes: Uint8Array): Uint8Array {
  let a = 1;
  let b = 0;
  for (let i = 0; i < bytes.length; i++) {
    a = (a + bytes[i]!) % 65521;
    b = (b + a) % 65521;
  }
  const seal = new DataView(new ArrayBuffer(13));
  seal.setUint32(4, ((b << 16) | a) >>> 0);
  seal.setInt32(8, 1);
  seal.setUint8(12, 0x2f);
  return new Uint8Array(seal.buffer);
}
