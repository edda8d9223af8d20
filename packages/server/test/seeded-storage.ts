import { DataTree, SnapshotEncoder } from '@zk/data-tree';
import { RecordWriter, type TxnBody, writeLoggedTxn } from '@zk/jute';
import { ErrorCode, OPEN_ACL_UNSAFE, OpCode, type Zxid, counterOf, hiOf, loOf } from '@zk/model';
import { MemoryStorage } from '@zk/storage-memory';

export interface SeedTxn {
  readonly zxid: Zxid;
  readonly session?: bigint;
  readonly body: TxnBody;
}

/** The transaction that creates a persistent znode. */
export function seedCreate(path: string, parentCVersion: number, data: Uint8Array | null = null): TxnBody {
  return { kind: 'create', path, data, acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion };
}

function encoded({ zxid, session = 0n, body }: SeedTxn): Uint8Array {
  const writer = new RecordWriter();
  const type = OpCode[body.kind];
  writeLoggedTxn(writer, { header: { clientId: session, cxid: 0, zxid, time: 1_000n, type }, body });
  return writer.bytes();
}

/** A snapshot of a tree without znodes: what a log that begins later than its epoch follows. */
async function writeEmptySnapshot(storage: MemoryStorage, zxid: Zxid): Promise<void> {
  const tree = new DataTree();
  const nothing = encoded({ zxid, body: { kind: 'error', err: ErrorCode.NONODE } });
  tree.apply(nothing, 0, nothing.length);
  const writer = await storage.snapshots.create(zxid);
  const encoder = new SnapshotEncoder(tree, [], writer);
  while (!encoder.step(1, { monotonicMs: () => 0, wallMs: () => 0 }));
  await writer.commit();
}

/** A storage whose log holds these transactions, as another server left it. */
export async function seededStorage(txns: readonly SeedTxn[]): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.open();
  const unexpected = (): void => {
    throw new Error('the memory failed');
  };
  storage.log.listen({
    onDurable: () => undefined,
    onFailure: unexpected,
    onRecovered: unexpected,
    onFatal: unexpected,
  });
  const [first] = txns;
  if (first !== undefined && counterOf(first.zxid) !== 1) await writeEmptySnapshot(storage, first.zxid - 1n);
  for (const txn of txns) {
    const bytes = encoded(txn);
    storage.log.append(hiOf(txn.zxid), loOf(txn.zxid), bytes, 0, bytes.length);
  }
  storage.log.sync();
  await storage.close();
  return storage;
}
