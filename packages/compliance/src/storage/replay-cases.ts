import assert from 'node:assert/strict';
import { CorruptionError, int64, makeZxid } from '@zk/model';
import type { Zxid } from '@zk/model';
import type { ComplianceCase } from '../compliance-case.js';
import type { StorageHarness } from './harness.js';
import { LOWEST, append, entriesOf, payload, range, start, write } from './log-recorder.js';

const group = 'replay';

/** Writes the zxids, restarts, and opens what a new process would find. */
async function written(harness: StorageHarness, ...zxids: readonly Zxid[]) {
  const recorder = await start(harness.storage);
  await write(harness.storage.log, recorder, ...zxids);
  const storage = await harness.restart();
  await storage.open();
  return storage.log;
}

/** What a new process reads of the log of an older one. */
export const replayCases: readonly ComplianceCase<StorageHarness>[] = [
  {
    group,
    name: 'finds nothing in a new log',
    async run(harness) {
      await harness.storage.open();
      const report = await harness.storage.log.replay(LOWEST, () => assert.fail('there are no entries'));
      assert.deepEqual(report, { entries: 0, lastZxid: undefined, torn: undefined });
    },
  },
  {
    group,
    name: 'hands over every entry, in order and byte for byte',
    async run(harness) {
      const log = await written(harness, ...range(1n, 100));
      const { zxids, payloads } = await entriesOf(log);
      assert.deepEqual(zxids, range(1n, 100));
      zxids.forEach((zxid, i) => assert.deepEqual(payloads[i], payload(zxid)));
    },
  },
  {
    group,
    name: 'reports how many entries it handed over, and the last zxid',
    async run(harness) {
      const log = await written(harness, ...range(1n, 7));
      const report = await log.replay(4n, () => undefined);
      assert.deepEqual(report, { entries: 3, lastZxid: 7n, torn: undefined });
    },
  },
  {
    group,
    name: 'hands over only entries behind the given zxid',
    async run(harness) {
      const log = await written(harness, ...range(1n, 10));
      assert.deepEqual((await entriesOf(log, 0n)).zxids, range(1n, 10));
      assert.deepEqual((await entriesOf(log, 6n)).zxids, range(7n, 4));
    },
  },
  {
    group,
    name: 'knows the last zxid even when it hands over nothing',
    async run(harness) {
      const log = await written(harness, ...range(1n, 10));
      for (const after of [10n, 11n, 5000n, makeZxid(9, 0)]) {
        assert.deepEqual(await log.replay(after, () => assert.fail('nothing is behind it')), {
          entries: 0,
          lastZxid: 10n,
          torn: undefined,
        });
      }
    },
  },
  {
    group,
    name: 'gives the same result each time',
    async run(harness) {
      const log = await written(harness, ...range(1n, 10));
      assert.deepEqual(await entriesOf(log), await entriesOf(log));
    },
  },
  {
    group,
    name: 'joins what several processes have written',
    async run(harness) {
      let { storage } = harness;
      for (const first of [1n, 6n, 11n]) {
        const recorder = await start(storage);
        assert.deepEqual((await entriesOf(storage.log)).zxids, range(1n, Number(first) - 1));
        await write(storage.log, recorder, ...range(first, 5));
        storage = await harness.restart();
      }
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, range(1n, 15));
      assert.deepEqual((await entriesOf(storage.log, 8n)).zxids, range(9n, 7));
    },
  },
  {
    group,
    name: 'takes a new epoch for no gap',
    async run(harness) {
      const zxids = [...range(makeZxid(1, 1), 9), ...range(makeZxid(2, 1), 3), ...range(makeZxid(7, 1), 2)];
      const log = await written(harness, ...zxids);
      assert.deepEqual((await entriesOf(log)).zxids, zxids);
      assert.deepEqual((await entriesOf(log, makeZxid(2, 0))).zxids, zxids.slice(9));
    },
  },
  ...[
    { name: 'within an epoch', zxids: [1n, 2n, 4n] },
    { name: 'at the beginning of an epoch', zxids: [1n, 2n, makeZxid(1, 2)] },
  ].map(({ name, zxids }) => ({
    group,
    name: `refuses a gap ${name}`,
    async run(harness: StorageHarness) {
      const log = await written(harness, ...zxids);
      await assert.rejects(entriesOf(log), CorruptionError);
      assert.deepEqual((await entriesOf(log, zxids[2])).zxids, []);
      const batches = await log.read(1n, zxids[2]!, 1 << 20);
      await assert.rejects(async () => {
        for await (const batch of batches!) assert.ok(batch.every(({ zxid }) => zxid <= 2n));
      }, CorruptionError);
    },
  })),
  {
    group,
    name: 'refuses a log that begins later than what it is to follow',
    async run(harness) {
      const log = await written(harness, ...range(5n, 3));
      assert.deepEqual((await entriesOf(log)).zxids, range(5n, 3));
      assert.deepEqual((await entriesOf(log, 4n)).zxids, range(5n, 3));
      await assert.rejects(entriesOf(log, 3n), CorruptionError);
    },
  },
  ...[
    { name: 'beyond the precision of a double', first: makeZxid(0x20_0000, 0x7fff_fffe) },
    { name: 'with a lower word above 2^31', first: makeZxid(3, 0xffff_fff0) },
    { name: 'with the top bit set', first: makeZxid(0x8000_0001, 1) },
  ].map(({ name, first }) => ({
    group,
    name: `keeps zxids ${name}`,
    async run(harness: StorageHarness) {
      const zxids = range(first, 6);
      const log = await written(harness, ...zxids);
      assert.deepEqual((await entriesOf(log)).zxids, zxids);
      assert.deepEqual((await entriesOf(log, first + 2n)).zxids, zxids.slice(3));
      assert.equal((await log.replay(first + 5n, () => undefined)).lastZxid, first + 5n);
    },
  })),
  {
    group,
    name: 'counts entries and bytes since the last roll, which changes no entry',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      assert.equal(log.entriesSinceRoll, 0);
      assert.equal(log.bytesSinceRoll, 0);
      await write(log, recorder, 1n, 2n);
      assert.equal(log.entriesSinceRoll, 2);
      assert.ok(log.bytesSinceRoll >= 2 * payload(1n).length);
      append(log, 3n);
      log.roll();
      assert.equal(log.entriesSinceRoll, 0);
      assert.equal(log.bytesSinceRoll, 0);
      log.roll();
      append(log, 4n);
      log.roll();
      await write(log, recorder, 5n, 6n);
      assert.equal(log.entriesSinceRoll, 2);
      const storage = await harness.restart();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, range(1n, 6));
      assert.deepEqual((await entriesOf(storage.log, 3n)).zxids, range(4n, 3));
    },
  },
  {
    group,
    name: 'truncates to a zxid, and goes on behind it',
    async run(harness) {
      const first = await start(harness.storage);
      await write(harness.storage.log, first, ...range(makeZxid(1, 1), 4));
      harness.storage.log.roll();
      await write(harness.storage.log, first, ...range(makeZxid(1, 5), 4));
      harness.storage.log.roll();
      await write(harness.storage.log, first, ...range(makeZxid(1, 9), 4));
      let storage = await harness.restart();
      const second = await start(storage);
      await storage.log.truncate(makeZxid(1, 6));
      assert.deepEqual((await entriesOf(storage.log)).zxids, range(makeZxid(1, 1), 6));
      const ahead = range(makeZxid(2, 1), 3);
      await write(storage.log, second, ...ahead);
      await storage.log.truncate(ahead[1]!);
      storage = await harness.restart();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, [...range(makeZxid(1, 1), 6), ...ahead.slice(0, 2)]);
    },
  },
  {
    group,
    name: 'truncates to its last zxid without a change',
    async run(harness) {
      const log = await written(harness, ...range(1n, 5));
      await log.truncate(5n);
      assert.deepEqual((await entriesOf(log)).zxids, range(1n, 5));
    },
  },
  {
    group,
    name: 'refuses to truncate to a zxid it does not have, and changes nothing',
    async run(harness) {
      const zxids = [...range(makeZxid(1, 1), 3), makeZxid(3, 1)];
      const log = await written(harness, ...zxids);
      for (const absent of [makeZxid(1, 0), makeZxid(1, 4), makeZxid(2, 1), makeZxid(3, 2), int64(-1, 0)]) {
        await assert.rejects(log.truncate(absent), Error);
      }
      assert.deepEqual((await entriesOf(log)).zxids, zxids);
    },
  },
];
