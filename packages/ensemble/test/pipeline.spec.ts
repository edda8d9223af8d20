import { WatchTable } from '@zk/data-tree';
import { RecordWriter } from '@zk/jute';
import { ErrorCode, OpCode, type Zxid, hiOf, loOf } from '@zk/model';
import { Client, Outbox, RequestPipeline } from '@zk/request-pipeline';
import { SessionTracker } from '@zk/session';
import { MemoryStorage } from '@zk/storage-memory';
import { MemoryTransport } from '@zk/transport-memory';
import { Member, configOf, leaderOf, nextTurn, quickly, realClock } from './cluster.js';
import { TreeState } from './tree-state.js';

/** The state of a server whose requests go through a pipeline while it leads. */
class PipelinedState extends TreeState {
  pipeline: RequestPipeline | undefined;

  override apply(txn: Uint8Array, zxid = 0n, cause: 'commit' | 'recovery' = 'recovery'): void {
    if (this.pipeline !== undefined && cause === 'commit') this.pipeline.commit(hiOf(zxid), loOf(zxid), 0);
    else super.apply(txn);
  }

  stopLeading(): void {
    this.pipeline?.abandon(3);
    this.pipeline = undefined;
  }

  /** @param last what `serve` said */
  lead(member: Member, last: Zxid): RequestPipeline {
    const { tree } = this;
    [tree.lastZxidHi, tree.lastZxidLo] = [hiOf(last), loOf(last)];
    const watches = new WatchTable(tree, (...event) => this.pipeline!.deliver(...event));
    tree.listener = watches;
    this.pipeline = new RequestPipeline(
      {
        tree,
        watches,
        sessions: new SessionTracker({ tickTimeMs: 1000, serverId: member.id, startMs: 0, onExpire: () => undefined }),
        providers: { get: () => undefined, initialIds: () => [] },
        clock: realClock,
        proposer: member.peer!.proposer,
      },
      {
        minSessionTimeoutMs: 1000,
        maxSessionTimeoutMs: 9000,
        maxTxnBytes: 1_000_000,
        extendedTypes: false,
        digestEnabled: true,
        closeSessionTxnEnabled: true,
        enforceQuota: false,
        skipAcl: false,
        reconfigEnabled: false,
        requiredSchemes: [],
        maxHeldReplyBytes: 1_000_000,
      },
    );
    return this.pipeline;
  }
}

const nothing = (): void => undefined;
const memory = { borrow: (size: number) => new Uint8Array(size), giveBack: nothing, filled: nothing, borrowedBytes: 0 };
const connection = {
  peer: { remoteAddress: '127.0.0.1' },
  established: () => undefined,
  closeNow: () => undefined,
  closeAfterFlush: () => undefined,
};

function setRoot(xid: number, text: string): Uint8Array {
  const data = new TextEncoder().encode(text);
  return new RecordWriter().int32(xid).int32(OpCode.setData).ustring('/').buffer(data).int32(-1).bytes();
}

it('A client of the leader is answered when a quorum has its write, and not before; lost writes are refused.', async () => {
  const [transport, config] = [new MemoryTransport(), configOf(3)];
  const members = [1, 2, 3].map((id) => {
    return new Member(id, transport, config, new MemoryStorage(), quickly, () => new PipelinedState());
  });
  await Promise.all(members.map((member) => member.start()));
  const leader = await leaderOf(members);
  const others = members.filter((member) => member !== leader);
  leader.onStopServing = () => (leader.state as PipelinedState).stopLeading();
  const pipeline = (leader.state as PipelinedState).lead(leader, 0x1_0000_0000n);

  const client = new Client(0, new Outbox(memory, connection), connection, []);
  pipeline.add(client);
  const hello = new RecordWriter().int32(0).int64(0n).int32(5000).int64(0n).buffer(new Uint8Array(16)).bytes();
  pipeline.connect(client, hello, 0, hello.length, 0);
  while (client.outbox.length === 0) await nextTurn();
  client.outbox.clear();
  const write = setRoot(1, 'hello');
  pipeline.submit(client, write, 0, write.length, 1);
  while (client.outstanding > 0) await nextTurn();
  expect(client.outbox.length).toBeGreaterThan(0);
  for (const other of others) {
    await other.applied(0x1_0000_0002n);
    expect(other.data('/')).toBe('hello');
    expect(other.state.sessions.size).toBe(1);
    expect(other.state.tree.digest).toEqual(leader.state.tree.digest);
  }

  client.outbox.clear();
  for (const { storage } of others) storage.holdSyncs();
  const lost = setRoot(2, 'never heard of');
  pipeline.submit(client, lost, 0, lost.length, 2);
  await leader.until(() => leader.peer!.status()!.peer.durable === '100000003');
  expect([client.outstanding, client.outbox.length]).toEqual([1, 0]);
  for (const other of others) await other.crash();
  await leader.until(() => leader.peer!.role.phase === 'election');
  // It is in the log, and may become everybody's; that it did, nobody may say now.
  expect(leader.data('/')).toBe('never heard of');
  expect(client.outstanding).toBe(0);
  const reply = client.outbox.bytes.subarray(0, client.outbox.length);
  expect(Buffer.from(reply).readInt32BE(16)).toBe(ErrorCode.SYSTEMERROR);
  await leader.stop();
});
