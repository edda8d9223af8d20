import { type Connection, silentLogger } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';
import { type LearnerPort, PacketType, encodePacket, packets } from '@zk/zab';
import type { HostAndPort } from '../src/dialling.js';
import { QuorumNetwork } from '../src/quorum-network.js';
import { createTxn, nextTurn, realClock, realScheduler } from './cluster.js';
import { TreeState } from './tree-state.js';

const PORT = 2888;
const OBSERVER_PORT = 2191;
const PORTS = { learners: PORT, observers: OBSERVER_PORT };

/** One end: what it hears, as lines. */
class End {
  readonly heard: string[] = [];
  /** Links on which something went on that takes its time. */
  readonly progressed: number[] = [];
  readonly state = new TreeState();
  readonly network: QuorumNetwork;

  constructor(transport: MemoryTransport, learners = 1 << 20, observers = learners) {
    const at = (port: LearnerPort): HostAndPort => ({ host: '127.0.0.1', port: PORTS[port] });
    this.network = new QuorumNetwork(
      { transport, scheduler: realScheduler, clock: realClock, state: this.state, logger: silentLogger },
      { dialling: { timeoutMs: 5000 }, maxQueuedBytes: { learners, observers }, maxPacketBytes: 2 * 0xfffff },
      {
        addressesOf: (_server, port) => [at(port)],
        listenAddresses: (port) => [at(port)],
        accepted: (link) => void this.heard.push(`accepted ${link}`),
        connected: (attempt, link) => void this.heard.push(`connected ${attempt} as ${link}`),
        dialFailed: (attempt) => void this.heard.push(`failed ${attempt}`),
        closed: (link) => void this.heard.push(`closed ${link}`),
        packets: (_link, packets) => {
          for (const { type, zxid, data } of packets) this.heard.push(`${type} ${zxid} ${data?.length ?? '-'}`);
        },
        snapshotProgress: (link) => void this.progressed.push(link),
        snapshotReceived: (link) => void this.heard.push(`snapshot ${link}`),
      },
    );
  }

  async hears(line: string): Promise<void> {
    while (!this.heard.includes(line)) await nextTurn();
  }
}

describe('the connections between a leader and its learners', () => {
  const ends: End[] = [];
  const add = (transport: MemoryTransport, ...maxQueuedBytes: readonly number[]): End => {
    const end = new End(transport, ...maxQueuedBytes);
    ends.push(end);
    return end;
  };
  const connect = async (transport: MemoryTransport, ...maxQueuedBytes: readonly number[]): Promise<[End, End]> => {
    const [leader, learner] = [add(transport, ...maxQueuedBytes), add(transport)];
    leader.network.listen('learners');
    await nextTurn();
    learner.network.dial(1n, 'learners', 1);
    await Promise.all([leader.hears('accepted 1'), learner.hears('connected 1 as 1')]);
    return [leader, learner];
  };

  afterEach(async () => {
    await Promise.all(ends.splice(0).map(({ network }) => network.stop()));
  });

  it('nobody gets in before there is a leader, and after it has stepped down', async () => {
    const transport = new MemoryTransport();
    const [leader, learner] = [add(transport), add(transport)];
    learner.network.dial(1n, 'learners', 1);
    await learner.hears('failed 1');
    leader.network.listen('learners');
    leader.network.unlisten('learners');
    leader.network.listen('learners');
    await nextTurn();
    learner.network.dial(1n, 'learners', 2);
    await learner.hears('connected 2 as 1');
    leader.network.unlisten('learners');
    await nextTurn();
    learner.network.dial(1n, 'learners', 3);
    await learner.hears('failed 3');
    // Links stay.
    expect([leader.network.linkCount, learner.network.linkCount]).toEqual([1, 1]);
  });

  it.each([1, 3, 7, 64, 65_536])(
    'packets and snapshots keep their order, in pieces of up to %d bytes',
    async (maxBytes) => {
      const transport = new MemoryTransport({ chunking: { random: { next: () => 0.99 }, maxBytes } });
      const [leader, learner] = await connect(transport);
      for (let i = 1n; i <= 50n; i++) leader.state.apply(createTxn(i, `/n${i}`, 'x'.repeat(100)));
      leader.network.send(1, [packets.proposal(7n, new Uint8Array(100))]);
      leader.network.send(1, [packets.start(PacketType.SNAP, 50n)]);
      leader.network.sendSnapshot(1);
      // It is in the snapshot, or comes again behind it: here, it is both.
      leader.state.apply(createTxn(51n, '/later', ''));
      leader.network.send(1, [packets.proposal(51n, createTxn(51n, '/later', ''))]);
      leader.network.send(1, [packets.upToDate]);
      await learner.hears('12 -1 -');
      const size = createTxn(51n, '/later', '').length;
      expect(learner.heard.slice(1)).toEqual(['2 7 100', '15 50 -', 'snapshot 1', `2 51 ${size}`, '12 -1 -']);
      learner.state.apply(createTxn(51n, '/later', ''));
      expect(learner.state.tree.nodeCount).toBe(leader.state.tree.nodeCount);
    },
  );

  it('a snapshot larger than all buffers arrives, while the leader goes on', async () => {
    const transport = new MemoryTransport({ highWaterMarkBytes: 1000 });
    const [leader, learner] = await connect(transport);
    for (let i = 1n; i <= 20n; i++) leader.state.apply(createTxn(i, `/n${i}`, 'x'.repeat(100_000)));
    leader.network.send(1, [packets.start(PacketType.SNAP, 20n)]);
    leader.network.sendSnapshot(1);
    leader.network.send(1, [packets.upToDate]);
    await learner.hears('12 -1 -');
    expect(learner.state.tree.nodeCount).toBe(leader.state.tree.nodeCount);
  });

  it('what was said before a close arrives, and only the other end hears of the close', async () => {
    const [leader, learner] = await connect(new MemoryTransport());
    leader.network.send(1, [packets.commit(5n)]);
    leader.network.close(1, 'enough');
    leader.network.send(1, [packets.commit(6n)]);
    await learner.hears('closed 1');
    expect(learner.heard).toEqual(['connected 1 as 1', '4 5 -', 'closed 1']);
    expect(leader.heard).toEqual(['accepted 1']);
    expect(leader.network.isOpen(1)).toBe(false);
  });

  it('a learner that does not read is given up before its leader runs out of memory', async () => {
    const transport = new MemoryTransport({ highWaterMarkBytes: 1000 });
    const [leader, learner] = await connect(transport, 100_000);
    transport.stall(PORT);
    for (let i = 1n; i <= 200n; i++) {
      leader.network.send(1, [packets.proposal(i, new Uint8Array(1000))]);
      await nextTurn();
    }
    expect(leader.heard).toEqual(['accepted 1', 'closed 1']);
    transport.release(PORT);
    await learner.hears('closed 1');
  });

  it('a learner that takes what has waited for it is heard of, and one that takes nothing is not', async () => {
    const transport = new MemoryTransport({ highWaterMarkBytes: 1000 });
    const [leader, learner] = await connect(transport);
    transport.stall(PORT);
    leader.network.send(1, [packets.proposal(1n, new Uint8Array(5000))]);
    for (let i = 0; i < 10; i++) await nextTurn();
    expect(leader.progressed).toEqual([]);
    transport.release(PORT);
    await learner.hears('2 1 5000');
    while (leader.progressed.length === 0) await nextTurn();
    expect(leader.progressed).toEqual([1]);
  });

  it('observers and learners have a port each, and a bound of their own', async () => {
    const transport = new MemoryTransport({ highWaterMarkBytes: 1000 });
    const [master, observer, learner] = [add(transport, 1 << 20, 2000), add(transport), add(transport)];
    master.network.listen('learners');
    master.network.listen('observers');
    await nextTurn();
    observer.network.dial(1n, 'observers', 1);
    await observer.hears('connected 1 as 1');
    learner.network.dial(1n, 'learners', 1);
    await learner.hears('connected 1 as 1');
    for (const port of [PORT, OBSERVER_PORT]) transport.stall(port);
    for (const link of [1, 2]) {
      for (let i = 1n; i <= 5n; i++) master.network.send(link, [packets.inform(i, new Uint8Array(1000))]);
    }
    await master.hears('closed 1');
    expect([1, 2].map((link) => master.network.isOpen(link))).toEqual([false, true]);
    for (const port of [PORT, OBSERVER_PORT]) transport.release(port);
    master.network.unlisten('learners');
    await nextTurn();
    learner.network.dial(1n, 'learners', 2);
    observer.network.dial(1n, 'observers', 2);
    await Promise.all([learner.hears('failed 2'), observer.hears('connected 2 as 2')]);
  });

  it('a snapshot that is damaged, or cut off, changes nothing', async () => {
    const transport = new MemoryTransport();
    const learner = add(transport);
    learner.state.apply(createTxn(1n, '/mine', ''));
    let leader: Connection | undefined;
    const accept = (connection: Connection) => {
      leader = connection;
      return { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined };
    };
    const listener = await transport.listen({ port: PORT }, accept);
    const start = encodePacket(packets.start(PacketType.SNAP, 9n));
    for (const [index, rest] of ['00000000000000000000000400', 'ffffffff'].entries()) {
      learner.network.dial(1n, 'learners', index);
      await learner.hears(`connected ${index} as ${index + 1}`);
      const bytes = Buffer.concat([start, Buffer.from(rest, 'hex')]);
      leader!.write(bytes, 0, bytes.length);
      leader!.end();
      await learner.hears(`closed ${index + 1}`);
    }
    expect(learner.heard.filter((line) => line.startsWith('snapshot'))).toEqual([]);
    const mine = new TextEncoder().encode('/mine');
    expect(learner.state.tree.find(mine, 0, mine.length)).toBeGreaterThan(0);
    await listener.close();
  });

  it.each([
    ['a snapshot', encodePacket(packets.start(PacketType.SNAP, 9n))],
    ['a request of a browser', Buffer.from('GET / HTTP/1.1\r\nHost: zookeeper\r\n\r\n')],
    ['a length below none', Buffer.from('00000002' + '0'.repeat(16) + 'fffffff0', 'hex')],
  ])('%s from a learner ends its connection', async (_what, bytes) => {
    const transport = new MemoryTransport();
    const leader = add(transport);
    leader.network.listen('learners');
    await nextTurn();
    const connection = await transport.dial({ host: '127.0.0.1', port: PORT }, () => ({
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => undefined,
    }));
    connection.write(bytes, 0, bytes.length);
    await leader.hears('closed 1');
    expect(leader.network.linkCount).toBe(0);
  });
});
