import assert from 'node:assert/strict';
import { hiOf, loOf } from '@zk/model';
import type { ComplianceCase } from '../compliance-case.js';
import type { StorageHarness } from './harness.js';
import { append, entriesOf, payload, range, start, turns, write } from './log-recorder.js';

const group = 'durability';

/** When an entry counts as durable, and how entries share syncs. */
export const durabilityCases: readonly ComplianceCase<StorageHarness>[] = [
  {
    group,
    name: 'reports an entry as durable only after the sync has ended',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      harness.holdSyncs();
      append(log, 1n);
      log.sync();
      await harness.heldSync();
      await turns();
      assert.deepEqual(recorder.events, []);
      assert.ok(log.pendingBytes > 0);
      harness.releaseSyncs();
      await recorder.durable(1n);
      assert.equal(log.pendingBytes, 0);
    },
  },
  {
    group,
    name: 'reports nothing that no sync was asked for',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      append(log, 1n);
      await turns();
      assert.deepEqual(recorder.events, []);
      log.sync();
      await recorder.durable(1n);
    },
  },
  {
    group,
    name: 'calls no listener inside append and sync',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      for (const zxid of range(1n, 50)) {
        recorder.isInsideLog = true;
        append(log, zxid);
        log.sync();
        recorder.isInsideLog = false;
        await turns(1);
      }
      await recorder.durable(50n);
      assert.equal(recorder.wasCalledInsideLog, false);
    },
  },
  {
    group,
    name: 'makes one batch of what arrives during a sync, and begins it by itself',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      harness.holdSyncs();
      append(log, 1n);
      log.sync();
      await harness.heldSync();
      const before = log.syncStats.count;
      for (const zxid of range(2n, 9)) {
        append(log, zxid);
        log.sync();
      }
      harness.releaseSyncs();
      await recorder.durable(10n);
      assert.deepEqual(recorder.events, ['durable 1', 'durable a']);
      assert.equal(log.syncStats.count - before, 2);
      const { count, sum, min, max } = log.syncStats.batches;
      assert.deepEqual({ count, sum, min, max }, { count: 2, sum: 10, min: 1, max: 9 });
    },
  },
  {
    group,
    name: 'tells how long syncs have taken',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      for (const zxid of range(1n, 20)) {
        append(log, zxid);
        log.sync();
        await recorder.durable(zxid);
      }
      const { count, totalMs, minMs, medianMs, maxMs } = log.syncStats;
      assert.ok(count >= 20, `${count} syncs`);
      assert.ok(minMs <= medianMs && medianMs <= maxMs, `${minMs} <= ${medianMs} <= ${maxMs} ms`);
      assert.ok(totalMs >= maxMs && totalMs >= count * minMs, `${totalMs} ms in all`);
    },
  },
  {
    group,
    name: 'reports batches in the order of their zxids',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      for (let burst = 0n; burst < 40n; burst++) {
        append(log, ...range(burst * 25n + 1n, 25));
        log.sync();
        await turns(1);
      }
      await recorder.durable(1000n);
      const reported = recorder.events.map((event) => Number.parseInt(event.slice('durable '.length), 16));
      assert.deepEqual(
        reported,
        [...new Set(reported)].sort((a, b) => a - b),
      );
    },
  },
  {
    group,
    name: 'does nothing on a sync when nothing is pending',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      log.sync();
      await turns();
      await write(log, recorder, 1n);
      log.sync();
      log.sync();
      await turns();
      assert.deepEqual(recorder.events, ['durable 1']);
    },
  },
  {
    group,
    name: 'takes a copy: the buffer of an append may be used again at once',
    async run(harness) {
      const recorder = await start(harness.storage);
      const buffer = new Uint8Array(200);
      for (const zxid of range(1n, 20)) {
        const bytes = payload(zxid);
        buffer.set(bytes, 100);
        harness.storage.log.append(hiOf(zxid), loOf(zxid), buffer, 100, 100 + bytes.length);
        buffer.fill(0xee);
      }
      harness.storage.log.sync();
      await recorder.durable(20n);
      const storage = await harness.restart();
      await storage.open();
      const { zxids, payloads } = await entriesOf(storage.log);
      assert.deepEqual(zxids, range(1n, 20));
      zxids.forEach((zxid, i) => assert.deepEqual(payloads[i], payload(zxid)));
    },
  },
  {
    group,
    name: 'takes entries larger than a megabyte and batches larger than any buffer',
    async run(harness) {
      const recorder = await start(harness.storage);
      const { log } = harness.storage;
      const sizes = [1_500_000, 10, 0, 2_000_000, ...Array.from({ length: 60 }, () => 65_500), 1];
      sizes.forEach((size, i) => {
        const bytes = payload(BigInt(i + 1), size);
        log.append(0, i + 1, bytes, 0, bytes.length);
      });
      log.sync();
      await recorder.durable(BigInt(sizes.length));
      const storage = await harness.restart();
      await storage.open();
      const { payloads } = await entriesOf(storage.log);
      assert.equal(payloads.length, sizes.length);
      sizes.forEach((size, i) => assert.equal(Buffer.compare(payloads[i]!, payload(BigInt(i + 1), size)), 0));
    },
  },
  {
    group,
    name: 'keeps after a crash all that was durable, and of the rest at most a beginning',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, 1n, 2n, 3n);
      harness.holdSyncs();
      append(log, 4n, 5n);
      log.sync();
      await harness.heldSync();
      append(log, 6n);
      const storage = await harness.crash();
      harness.releaseSyncs();
      await storage.open();
      const { zxids } = await entriesOf(storage.log);
      assert.ok(zxids.length >= 3);
      assert.deepEqual(zxids, range(1n, zxids.length));
    },
  },
];
