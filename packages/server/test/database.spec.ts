import { silentLogger } from '@zk/contracts';
import { SnapshotEncoder } from '@zk/data-tree';
import { RecordWriter } from '@zk/jute';
import { OpCode } from '@zk/model';
import { MemoryStorage } from '@zk/storage-memory';
import { VirtualTime } from '@zk/testing';
import { Database } from '../src/database.js';

/** A database with the tree that a leader at zxid 127 has sent. */
function learner(): Database {
  const clock = new VirtualTime();
  const options = { extendedTypesEnabled: false, digestEnabled: true, hashSeed: 1 };
  const database = new Database(new MemoryStorage(), options, clock, silentLogger, () => undefined);
  const decoder = database.newDecoder({ form: 'stream', name: 'of the leader', zxid: 127n });
  const sink = { write: (piece: Uint8Array): void => void decoder.push(piece), seal: (): void => undefined };
  new SnapshotEncoder(database.tree, [], sink, { form: 'stream' }).step(Infinity, clock);
  database.become(decoder.finish());
  return database;
}

/** A transaction that leaves the tree as it is: a session of 10 s, with the digest that the leader foretold. */
function createSession(zxid: bigint, digest: bigint): Uint8Array {
  const writer = new RecordWriter(64);
  writer.int64(7n).int32(0).int64(zxid).int64(0n).int32(OpCode.createSession);
  return writer.int32(10_000).int32(2).int64(digest).bytes();
}

describe('the digests that a learner remembers', () => {
  it.each([
    ['are those of its tree', true],
    ['are none while its tree, which another server sent, is ahead of the zxid in places', false],
  ])('%s', (_, agrees) => {
    const database = learner();
    const { tree, digests } = database;
    const digest = (BigInt(tree.digest.hi) << 32n) | BigInt(tree.digest.lo >>> 0);
    const txn = createSession(128n, agrees ? digest : digest + 1n);
    tree.apply(txn, 0, txn.length, null);
    database.applied();
    expect(digests.entries()).toEqual(agrees ? [{ zxid: 128n, digest }] : []);
  });
});
