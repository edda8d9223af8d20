import { DataTree, WatchTable } from '@zk/data-tree';
import { type QuorumPacket, RecordWriter } from '@zk/jute';
import { OpCode, hiOf, int64, loOf } from '@zk/model';
import { EnsembleConfig } from '@zk/quorum';
import { Client, Outbox, RequestPipeline } from '@zk/request-pipeline';
import { SessionTracker } from '@zk/session';
import { type LogEntry, PacketStream, Peer, type PeerInput, type PeerOutput, encodePacket } from '@zk/zab';

/**
 * The request pipeline on top of a leader, over data trees: the leader is the pipeline's Proposer. Packets go through the
 * codec, one after the other; disks are done at once. That faults lose nothing is the simulation's business; here it is
 * about what fits together, and that trees are equal in the end.
 */

const config = EnsembleConfig.parse('server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nversion=0');

const pipelineOptions = {
  minSessionTimeoutMs: 1000,
  maxSessionTimeoutMs: 9000,
  maxTxnBytes: 1_000_000,
  extendedTypes: true,
  digestEnabled: true,
  closeSessionTxnEnabled: true,
  enforceQuota: false,
  skipAcl: false,
  reconfigEnabled: false,
  requiredSchemes: [],
  maxHeldReplyBytes: 1_000_000,
};

class Server {
  readonly peer: Peer;
  readonly tree = new DataTree();
  readonly log: LogEntry[] = [];
  readonly streams = new Map<number, PacketStream>();
  pipeline: RequestPipeline | undefined;
  isUp = true;
  isListening = false;
  isServing = false;

  constructor(
    readonly id: bigint,
    private readonly world: World,
  ) {
    this.peer = new Peer({ id, config, epochs: { accepted: 0, current: 0 }, disk: { lastZxid: 0n, recent: [] } });
  }

  give(input: PeerInput): void {
    if (this.isUp) this.perform(this.peer.step(input, this.world.nowMs));
  }

  perform(outputs: readonly PeerOutput[]): void {
    for (const output of outputs) this.performOne(output);
  }

  private performOne(output: PeerOutput): void {
    const { world } = this;
    switch (output.kind) {
      case 'notify': {
        const { to, notification } = output;
        return world.later(() => world.server(to).give({ kind: 'notification', from: this.id, notification }));
      }
      case 'listen':
        this.isListening = true;
        return;
      case 'dial':
        return world.later(() => world.connect(this, world.server(output.to), output.attempt));
      case 'send': {
        const bytes = Buffer.concat(output.packets.map(encodePacket));
        return world.later(
          () => void world.other(output.link, this).streams.get(output.link)?.push(bytes, 0, bytes.length),
        );
      }
      case 'append':
        this.log.push(output.entry);
        return;
      case 'sync':
        return world.later(() => this.give({ kind: 'durable', zxid: this.log.at(-1)!.zxid }));
      case 'write':
        return world.later(() => this.give({ kind: 'written', ticket: output.ticket }));
      case 'deliver':
        return this.deliver(output.entry);
      case 'serve':
        this.isServing = true;
        if (output.role === 'leader') this.lead(output.zxid);
        return;
      case 'stop-serving':
        this.isServing = false;
        this.pipeline?.abandon(this.world.nowMs);
        this.pipeline = undefined;
        return;
      default:
        return;
    }
  }

  /** The zxids of the new epoch begin behind its start. */
  private lead(zxid: bigint): void {
    const { tree } = this;
    [tree.lastZxidHi, tree.lastZxidLo] = [hiOf(zxid), loOf(zxid)];
    const watches = new WatchTable(tree, (...event) => this.pipeline!.deliver(...event));
    tree.listener = watches;
    const sessions = new SessionTracker({
      tickTimeMs: 1000,
      serverId: Number(this.id),
      startMs: 0,
      onExpire: () => undefined,
    });
    this.pipeline = new RequestPipeline(
      {
        tree,
        watches,
        sessions,
        providers: { get: () => undefined, initialIds: () => [] },
        clock: { wallMs: () => 1_700_000_000_000, monotonicMs: () => this.world.nowMs },
        proposer: {
          propose: (hi, lo, bytes, start, end) => {
            const txn = bytes.slice(start, end);
            // Not from inside of the pipeline: what the leader wants done comes after what the pipeline is doing.
            this.world.later(() => this.give({ kind: 'propose', zxid: int64(hi, lo), txn }));
          },
        },
      },
      pipelineOptions,
    );
  }

  private deliver({ zxid, txn }: LogEntry): void {
    if (this.pipeline !== undefined) this.pipeline.commit(hiOf(zxid), loOf(zxid), this.world.nowMs);
    else this.tree.apply(txn, 0, txn.length);
  }
}

class World {
  nowMs = 0;
  readonly servers = [1n, 2n, 3n].map((id) => new Server(id, this));
  private readonly queue: (() => void)[] = [];
  private readonly links = new Map<number, readonly [Server, Server]>();

  later(run: () => void): void {
    this.queue.push(run);
  }

  server(id: bigint): Server {
    return this.servers[Number(id) - 1]!;
  }

  other(link: number, server: Server): Server {
    const [a, b] = this.links.get(link)!;
    return a === server ? b : a;
  }

  connect(from: Server, to: Server, attempt: number): void {
    if (!to.isUp || !to.isListening) return from.give({ kind: 'dial-failed', attempt });
    const link = this.links.size + 1;
    this.links.set(link, [from, to]);
    for (const server of [from, to]) {
      const onPackets = (packets: readonly QuorumPacket[]): void => server.give({ kind: 'packets', link, packets });
      server.streams.set(link, new PacketStream({ onPackets, onSnapshot: () => undefined }));
    }
    to.give({ kind: 'accepted', link });
    from.give({ kind: 'connected', attempt, link });
  }

  kill(server: Server): void {
    server.isUp = server.isServing = false;
    for (const [link, ends] of this.links) {
      if (!ends.includes(server)) continue;
      const other = this.other(link, server);
      other.give({ kind: 'closed', link });
      other.give({ kind: 'reachable', server: server.id, isReachable: false });
    }
  }

  run(untilMs: number): void {
    for (; this.nowMs < untilMs; this.nowMs += 10) {
      for (const server of this.servers) server.give({ kind: 'tick' });
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) next();
    }
  }

  get leader(): Server {
    return this.servers.find((server) => server.isUp && server.pipeline !== undefined)!;
  }
}

/** A client of the leader, as bytes. */
class TestClient {
  private readonly client: Client;
  private xid = 0;

  constructor(
    private readonly world: World,
    private readonly pipeline: RequestPipeline,
  ) {
    const memory = {
      borrow: (size: number) => new Uint8Array(size),
      giveBack: () => undefined,
      filled: () => undefined,
      borrowedBytes: 0,
    };
    const connection = {
      peer: { remoteAddress: '127.0.0.1' },
      established: () => undefined,
      closeNow: () => undefined,
      closeAfterFlush: () => undefined,
    };
    this.client = new Client(0, new Outbox(memory, connection), connection, []);
    pipeline.add(this.client);
    const hello = new RecordWriter().int32(0).int64(0n).int32(5000).int64(0n).buffer(new Uint8Array(16)).bytes();
    pipeline.connect(this.client, hello, 0, hello.length, world.nowMs);
  }

  create(path: string, flags: number): void {
    const frame = new RecordWriter()
      .int32(++this.xid)
      .int32(OpCode.create)
      .ustring(path)
      .buffer(new Uint8Array([7]));
    frame.int32(1).int32(31).ustring('world').ustring('anyone').int32(flags);
    this.pipeline.submit(this.client, frame.bytes(), 0, frame.length, this.world.nowMs);
  }

  get outstanding(): number {
    return this.client.outstanding;
  }

  get repliedBytes(): number {
    return this.client.outbox.length;
  }
}

const SEQUENTIAL = 2;

it('a leader is a pipeline’s proposer: trees and logs are equal, through a change of leaders', () => {
  const world = new World();
  for (const server of world.servers) server.perform(server.peer.start(0));
  world.run(1000);
  const first = world.leader;
  const client = new TestClient(world, first.pipeline!);
  for (let i = 0; i < 20; i++) client.create('/a-', SEQUENTIAL);
  // Nothing is answered before a quorum has it.
  expect([client.outstanding, client.repliedBytes]).toEqual([21, 0]);
  world.run(2000);
  expect(client.outstanding).toBe(0);
  expect(client.repliedBytes).toBeGreaterThan(0);

  world.kill(first);
  world.run(4000);
  const second = world.leader;
  expect(second.id).not.toBe(first.id);
  const other = new TestClient(world, second.pipeline!);
  for (let i = 0; i < 20; i++) other.create('/a-', SEQUENTIAL);
  world.run(5000);
  expect(other.outstanding).toBe(0);

  const [one, two] = world.servers.filter((server) => server.isUp);
  expect(one!.tree.lastZxidHi).toBe(2);
  expect([one!.tree.digest.hi, one!.tree.digest.lo]).toEqual([two!.tree.digest.hi, two!.tree.digest.lo]);
  expect(one!.log.map((entry) => Buffer.from(entry.txn).toString('hex'))).toEqual(
    two!.log.map((entry) => Buffer.from(entry.txn).toString('hex')),
  );
  // 40 znodes, two sessions: every transaction is in the log, in both epochs.
  expect(one!.log.length).toBe(42);
});
