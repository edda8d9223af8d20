import { silentLogger } from '@zk/contracts';
import { RecordWriter } from '@zk/jute';
import { OpCode } from '@zk/model';
import { MemoryStorage } from '@zk/storage-memory';
import { VirtualTime } from '@zk/testing';
import { Database } from '../src/database.js';

/** A transaction that leaves the tree as it is: a session of 10 s, with the digest that the leader foretold. */
function createSession(zxid: bigint, digest: bigint): Uint8Array {
  const writer = new RecordWriter(64);
  writer.int64(7n).int32(0).int64(zxid).int64(0n).int32(OpCode.createSession);
  return writer.int32(10_000).int32(2).int64(digest).bytes();
}

describe('the digests that a database remembers', () => {
  it.each([
    ['that agree with what was foretold', true],
    ['but not while its tree, from the snapshot of another server, is ahead of the zxid in places', false],
  ])('are those of its tree %s', (_, agrees) => {
    const options = { extendedTypesEnabled: false, digestEnabled: true, hashSeed: 1 };
    const database = new Database(new MemoryStorage(), options, new VirtualTime(), silentLogger, () => undefined);
    const { tree, digests } = database;
    tree.setLoaded(0, 127, undefined);
    const digest = (BigInt(tree.digest.hi) << 32n) | BigInt(tree.digest.lo >>> 0);
    const txn = createSession(128n, agrees ? digest : digest + 1n);
    tree.apply(txn, 0, txn.length, null);
    database.applied();
    expect(digests.entries()).toEqual(agrees ? [{ zxid: 128n, digest }] : []);
  });
});
