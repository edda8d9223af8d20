import assert from 'node:assert/strict';
import type { LoggedTxn, TxnLog } from '@zk/contracts';
import { counterOf, epochOf, hiOf, loOf, makeZxid } from '@zk/model';
import type { Zxid } from '@zk/model';
import type { ComplianceCase } from '../compliance-case.js';
import type { StorageHarness } from './harness.js';
import { append, entriesOf, payload, range, start, turns, write } from './log-recorder.js';

const group = 'reading while it is written';

async function batchesOf(
  log: TxnLog,
  after: Zxid,
  upTo: Zxid,
  maxBytes = Infinity,
): Promise<(readonly LoggedTxn[])[] | undefined> {
  const reading = await log.read(after, upTo, maxBytes);
  if (reading === undefined) return undefined;
  const batches: (readonly LoggedTxn[])[] = [];
  for await (const batch of reading) batches.push(batch);
  return batches;
}

async function zxidsOf(log: TxnLog, after: Zxid, upTo: Zxid, maxBytes?: number): Promise<Zxid[] | undefined> {
  return (await batchesOf(log, after, upTo, maxBytes))?.flat().map(({ zxid }) => zxid);
}

/** Three files: 1:3 to 1:6; 1:7, 1:8, 2:1, 2:2; 2:3 to 2:6. */
async function threeFiles(harness: StorageHarness): Promise<Zxid[]> {
  const { storage } = harness;
  const recorder = await start(storage);
  const first = range(makeZxid(1, 3), 4);
  const second = [...range(makeZxid(1, 7), 2), ...range(makeZxid(2, 1), 2)];
  const third = range(makeZxid(2, 3), 4);
  await write(storage.log, recorder, ...first);
  storage.log.roll();
  await write(storage.log, recorder, ...second);
  storage.log.roll();
  await write(storage.log, recorder, ...third);
  return [...first, ...second, ...third];
}

const rangeCases = (
  [
    ['from an entry to another', [1, 4], [1, 5], '1:4 1:5'],
    ['across files and epochs', [1, 5], [2, 4], '1:5 1:6 1:7 1:8 2:1 2:2 2:3 2:4'],
    ['from the first entry of all to the last', [1, 3], [2, 6], '1:3 1:4 1:5 1:6 1:7 1:8 2:1 2:2 2:3 2:4 2:5 2:6'],
    ['from the first entry of a file', [1, 7], [1, 8], '1:7 1:8'],
    ['from the last entry of a file', [1, 6], [1, 7], '1:6 1:7'],
    ['from before the start of an epoch', [2, 0], [2, 1], '1:8 2:1'],
    ['from before an entry that was never there', [1, 99], [2, 2], '1:8 2:1 2:2'],
    ['to the end, when more is asked for', [2, 5], [7, 7], '2:5 2:6'],
    ['the last entry alone, behind which nothing is', [2, 9], [7, 7], '2:6'],
    ['one entry alone', [1, 8], [1, 8], '1:8'],
    ['nothing from before the first entry', [1, 2], [2, 6], undefined],
    ['nothing from before the first epoch', [0, 0], [2, 6], undefined],
  ] as const
).map(([name, after, upTo, expected]) => ({
  name: `hands over ${name}`,
  async run(harness: StorageHarness) {
    await threeFiles(harness);
    const [from, to] = [makeZxid(after[0], after[1]), makeZxid(upTo[0], upTo[1])];
    const zxids = await zxidsOf(harness.storage.log, from, to);
    assert.equal(zxids?.map((zxid) => `${epochOf(zxid)}:${counterOf(zxid)}`).join(' '), expected);
  },
}));

const contentCases: readonly Omit<ComplianceCase<StorageHarness>, 'group'>[] = [
  {
    name: 'has nothing to read in a new log',
    async run(harness) {
      await start(harness.storage);
      assert.equal(await zxidsOf(harness.storage.log, 5n, 9n), undefined);
    },
  },
  {
    name: 'hands over bytes that stay as they are, in batches of bounded size',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      const sizes = [10, 1_500_000, 0, ...Array.from({ length: 5000 }, () => 100), 400_000, 3];
      sizes.forEach((size, i) => {
        const bytes = payload(BigInt(i + 1), size);
        log.append(0, i + 1, bytes, 0, bytes.length);
      });
      log.sync();
      await recorder.durable(BigInt(sizes.length));
      const batches = (await batchesOf(log, 1n, BigInt(sizes.length)))!;
      const entries = batches.flat();
      assert.equal(entries.length, sizes.length);
      entries.forEach(({ txn }, i) => assert.equal(Buffer.compare(txn, payload(BigInt(i + 1), sizes[i]!)), 0));
      assert.ok(batches.length > 8 && batches.every((batch) => batch.length <= 1000));
    },
  },
  {
    name: 'refuses to read more than was allowed',
    async run(harness) {
      const recorder = await start(harness.storage);
      await write(harness.storage.log, recorder, ...range(1n, 100));
      assert.equal(await zxidsOf(harness.storage.log, 1n, 100n, 1000), undefined);
      assert.deepEqual(await zxidsOf(harness.storage.log, 1n, 100n, 100_000), range(1n, 100));
    },
  },
  {
    name: 'reads what an earlier process has written, and goes on with its own',
    async run(harness) {
      await write(harness.storage.log, await start(harness.storage), ...range(1n, 5));
      const storage = await harness.restart();
      await write(storage.log, await start(storage), ...range(6n, 5));
      assert.deepEqual(await zxidsOf(storage.log, 3n, 8n), range(3n, 6));
    },
  },
  {
    name: 'reads nothing unless it is open',
    async run(harness) {
      await assert.rejects(harness.storage.log.read(1n, 2n, Infinity), Error);
    },
  },
];

const concurrentCases: readonly Omit<ComplianceCase<StorageHarness>, 'group'>[] = [
  {
    name: 'hands over no entry before it is durable',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, 1n, 2n);
      harness.holdSyncs();
      append(log, 3n);
      log.sync();
      await harness.heldSync();
      append(log, 4n);
      assert.deepEqual(await zxidsOf(log, 1n, 9n), [1n, 2n]);
      assert.deepEqual(await zxidsOf(log, 3n, 9n), [2n]);
      harness.releaseSyncs();
      await recorder.durable(3n);
      log.sync();
      await recorder.durable(4n);
      assert.deepEqual(await zxidsOf(log, 1n, 9n), range(1n, 4));
    },
  },
  {
    name: 'misses nothing and repeats nothing while entries are appended and files begin',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, ...range(1n, 3000));
      let written = 3000n;
      let reached = 0n;
      // As for a learner that is brought up to date: what came meanwhile is read next.
      for (let round = 0; round < 6; round++) {
        for await (const batch of (await log.read(reached === 0n ? 1n : reached, written, Infinity))!) {
          const fresh = batch.filter(({ zxid }) => zxid > reached);
          assert.deepEqual(
            fresh.map(({ zxid }) => zxid),
            range(reached + 1n, fresh.length),
          );
          reached += BigInt(fresh.length);
          if (round > 3) continue;
          append(log, ...range(written + 1n, 20));
          written += 20n;
          log.sync();
          if (written % 60n === 0n) log.roll();
          await turns(1);
        }
        await recorder.durable(written);
      }
      assert.equal(reached, written);
    },
  },
  {
    name: 'can be read by several at once, and be left alone in the middle',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, ...range(1n, 4000));
      for await (const batch of (await log.read(1n, 4000n, Infinity))!) {
        assert.equal(batch[0]!.zxid, 1n);
        break;
      }
      const found = await Promise.all([1n, 1000n, 3990n].map((after) => zxidsOf(log, after, 4000n)));
      assert.deepEqual(
        found.map((zxids) => zxids!.length),
        [4000, 3001, 11],
      );
    },
  },
  ...(['truncate', 'clear'] as const).map((how) => ({
    name: `fails when the log is cut meanwhile, by ${how}`,
    async run(harness: StorageHarness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      await write(log, recorder, ...range(1n, 4000));
      const reading = (await log.read(1n, 4000n, Infinity))![Symbol.asyncIterator]();
      await reading.next();
      if (how === 'clear') await log.clear();
      else await log.truncate(10n);
      await assert.rejects(async () => {
        while ((await reading.next()).done !== true);
      }, Error);
    },
  })),
];

const clearCases: readonly Omit<ComplianceCase<StorageHarness>, 'group'>[] = [
  {
    name: 'removes every entry, and begins with any other',
    async run(harness) {
      await threeFiles(harness);
      await harness.storage.log.clear();
      assert.deepEqual((await entriesOf(harness.storage.log)).zxids, []);
      let storage = await harness.restart();
      const recorder = await start(storage);
      assert.deepEqual((await entriesOf(storage.log)).zxids, []);
      await write(storage.log, recorder, 5n, 6n);
      await storage.log.clear();
      assert.equal(storage.log.entriesSinceRoll, 0);
      recorder.events.length = 0;
      await write(storage.log, recorder, ...range(makeZxid(9, 1), 3));
      storage = await harness.restart();
      await storage.open();
      assert.deepEqual((await entriesOf(storage.log)).zxids, range(makeZxid(9, 1), 3));
    },
  },
  {
    name: 'is content with an empty log, and keeps snapshots',
    async run(harness) {
      const { storage } = harness;
      await start(storage);
      const writer = await storage.snapshots.create(5n);
      writer.write(Uint8Array.from([0x5a, 0x4b, 0x53, 0x4e, ...payload(5n)]));
      writer.seal();
      await writer.commit();
      await storage.log.clear();
      assert.deepEqual(
        (await storage.snapshots.list()).map(({ zxid }) => zxid),
        [5n],
      );
    },
  },
  {
    name: 'is refused while an entry is not durable',
    async run(harness) {
      const { log } = harness.storage;
      const recorder = await start(harness.storage);
      harness.holdSyncs();
      const bytes = payload(1n);
      log.append(hiOf(1n), loOf(1n), bytes, 0, bytes.length);
      log.sync();
      await harness.heldSync();
      await assert.rejects(log.clear(), Error);
      harness.releaseSyncs();
      await recorder.durable(1n);
      await log.clear();
      assert.deepEqual((await entriesOf(log)).zxids, []);
    },
  },
];

/** Reading the log beside its writer, and clearing it. */
export const readingCases: readonly ComplianceCase<StorageHarness>[] = [
  ...[...rangeCases, ...contentCases, ...concurrentCases].map((one) => ({ group, ...one })),
  ...clearCases.map((one) => ({ group: 'clearing', ...one })),
];
