import assert from 'node:assert/strict';
import type { ComplianceCase } from '../compliance-case.js';
import type { StorageHarness } from './harness.js';
import { append, entriesOf, range, start, turns, write } from './log-recorder.js';

const group = 'failure';
const full = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

/** What a log does when its medium gives out. */
export const failureCases: readonly ComplianceCase<StorageHarness>[] = [
  {
    group,
    name: 'reports a refused write once, and drops what was not durable',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, 1n, 2n);
      harness.failWrites(full());
      append(log, 3n);
      log.sync();
      append(log, 4n);
      log.sync();
      await recorder.seen('failure');
      assert.equal(log.pendingBytes, 0);
      append(log, 5n);
      log.sync();
      await turns();
      assert.deepEqual(recorder.events, ['durable 2', 'failure no space left on device']);
      assert.equal(log.pendingBytes, 0);
      const storage = await harness.crash();
      harness.allowWrites();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, [1n, 2n]);
    },
  },
  {
    group,
    name: 'recovers by itself and goes on behind the last durable entry',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, 1n, 2n);
      for (let round = 0n; round < 3n; round++) {
        recorder.events.length = 0;
        harness.failWrites(full());
        append(log, ...range(3n + round, 5));
        log.sync();
        await recorder.seen('failure');
        harness.allowWrites();
        await recorder.seen('recovered');
        // The same zxid again, with nothing of the dropped ones between: the next transaction takes it.
        await write(log, recorder, 3n + round);
      }
      assert.deepEqual(recorder.events, ['failure no space left on device', 'recovered', 'durable 5']);
      const storage = await harness.restart();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, range(1n, 5));
    },
  },
  {
    group,
    name: 'recovers when the very first write was refused',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      harness.failWrites(full());
      append(log, 1n);
      log.sync();
      await recorder.seen('failure');
      harness.allowWrites();
      await recorder.seen('recovered');
      await write(log, recorder, 1n);
      const storage = await harness.restart();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, [1n]);
    },
  },
  {
    group,
    name: 'recovers when the write that began a new file was refused',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, 1n, 2n);
      harness.failWrites(full());
      log.roll();
      append(log, 3n);
      log.roll();
      append(log, 4n);
      log.sync();
      await recorder.seen('failure');
      harness.allowWrites();
      await recorder.seen('recovered');
      await write(log, recorder, 3n);
      const storage = await harness.restart();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, range(1n, 3));
    },
  },
  {
    group,
    name: 'can be closed while it fails',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, 1n);
      harness.failWrites(full());
      append(log, 2n);
      log.sync();
      await recorder.seen('failure');
      const storage = await harness.restart();
      harness.allowWrites();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, [1n]);
      await turns();
      assert.deepEqual(recorder.events, ['durable 1', 'failure no space left on device']);
    },
  },
  {
    group,
    name: 'reports a failed sync as fatal, and nothing after it',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, 1n);
      harness.failNextSync(new Error('input/output error'));
      append(log, 2n);
      log.sync();
      await recorder.seen('fatal');
      append(log, 3n);
      log.sync();
      await turns();
      assert.deepEqual(recorder.events, ['durable 1', 'fatal input/output error']);
      const storage = await harness.restart();
      await storage.open();
      const { zxids } = await entriesOf(storage.log);
      assert.ok(zxids.length >= 1);
      assert.deepEqual(zxids, range(1n, zxids.length));
    },
  },
];
