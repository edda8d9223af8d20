import { type Connection, silentLogger } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';
import { type Notification, encodeInitialMessage, encodeNotification } from '@zk/zab';
import { ElectionNetwork } from '../src/election-network.js';
import { fixedRandom, nextTurn, realScheduler } from './cluster.js';

const vote = (leader: bigint, round = 1n): Notification => ({
  state: 'looking',
  leader,
  zxid: 0x1_0000_0007n,
  round,
  peerEpoch: 1n,
  version: 2,
  config: 'version=0',
});

const portOf = (server: bigint): number => 3880 + Number(server);

/** The election network of one server, listening, and what it hears. */
class Node {
  readonly heard: { readonly from: bigint; readonly leader: bigint; readonly round: bigint }[] = [];
  readonly reachable: string[] = [];
  readonly network: ElectionNetwork;
  private listener: { close(): Promise<void> } | undefined;

  constructor(
    readonly transport: MemoryTransport,
    readonly id: bigint,
    private readonly known: readonly bigint[] = [1n, 2n, 3n],
  ) {
    this.network = new ElectionNetwork(
      transport,
      realScheduler,
      fixedRandom,
      silentLogger,
      {
        addressesOf: (server) => (this.known.includes(server) ? [{ host: '127.0.0.1', port: portOf(server) }] : []),
        notified: (from, { leader, round }) => void this.heard.push({ from, leader, round }),
        reachable: (server, isReachable) => void this.reachable.push(`${server} ${isReachable}`),
      },
      { id, dialling: { timeoutMs: 5000 }, isMultiAddress: false, reachabilityTimeoutMs: 0, handshakeTimeoutMs: 50 },
    );
  }

  async listen(): Promise<this> {
    this.listener = await this.transport.listen({ port: portOf(this.id) }, (c) => this.network.accept(c));
    return this;
  }

  async hears(round: bigint, from: bigint): Promise<void> {
    while (!this.heard.some((message) => message.round === round && message.from === from)) await nextTurn();
  }

  async stop(): Promise<void> {
    this.network.stop();
    await this.listener?.close();
  }
}

interface Raw {
  readonly connection: Connection;
  readonly received: number[];
  readonly closed: Promise<void>;
}

function dialRaw(transport: MemoryTransport, server: bigint): Promise<Raw> {
  const received: number[] = [];
  return new Promise((resolve, reject) => {
    let onClose = (): void => undefined;
    const closed = new Promise<void>((done) => (onClose = done));
    transport
      .dial({ host: '127.0.0.1', port: portOf(server) }, () => ({
        onData: (bytes, start, end) => void received.push(...bytes.subarray(start, end)),
        onDrain: () => undefined,
        onClose: () => onClose(),
      }))
      .then((connection) => resolve({ connection, received, closed }), reject);
  });
}

function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.of(0, 0, message.length >> 8, message.length & 0xff, ...message);
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

describe('the connections of elections', () => {
  const nodes: Node[] = [];
  const add = async (transport: MemoryTransport, id: bigint): Promise<Node> => {
    const node = await new Node(transport, id).listen();
    nodes.push(node);
    return node;
  };

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
  });

  for (const [dialler, target] of [
    [3n, 1n],
    [1n, 3n],
  ] as const) {
    it(`one connection serves both when ${dialler} speaks first to ${target}`, async () => {
      const transport = new MemoryTransport();
      const [a, b] = [await add(transport, dialler), await add(transport, target)];
      a.network.send(target, vote(2n, 7n));
      await b.hears(7n, dialler);
      b.network.send(dialler, vote(3n, 8n));
      await a.hears(8n, target);
      await turns(10);
      expect([a.network.connected, b.network.connected]).toEqual([[target], [dialler]]);
      expect(transport.openEndCount).toBe(2);
    });
  }

  it('both speak at once, and still one connection is left', async () => {
    const transport = new MemoryTransport();
    const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
    one.network.send(3n, vote(1n, 5n));
    three.network.send(1n, vote(3n, 5n));
    await Promise.all([one.hears(5n, 3n), three.hears(5n, 1n)]);
    await turns(10);
    expect(transport.openEndCount).toBe(2);
  });

  it('the newest message replaces those that could not leave', async () => {
    const transport = new MemoryTransport();
    const three = await add(transport, 3n);
    three.network.send(1n, vote(3n, 1n));
    three.network.send(1n, vote(3n, 2n));
    while (three.reachable.length === 0) await nextTurn();
    expect(three.reachable).toEqual(['1 false']);
    three.network.send(1n, vote(3n, 3n));
    const one = await add(transport, 1n);
    await one.hears(3n, 3n);
    expect(one.heard.map(({ round }) => round)).toEqual([3n]);
    expect(three.reachable).toEqual(['1 false', '1 true']);
  });

  it('a new connection begins with the last message, which the old one may have lost', async () => {
    const transport = new MemoryTransport();
    const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
    three.network.send(1n, vote(3n, 1n));
    await one.hears(1n, 3n);
    expect(transport.cut(portOf(1n))).toBe(1);
    while (one.heard.length < 2) await nextTurn();
    one.network.send(3n, vote(1n, 9n));
    await three.hears(9n, 1n);
    await turns(10);
    expect(three.network.connected).toEqual([1n]);
    expect(one.heard.map(({ round }) => round)).toEqual([1n, 1n]);
  });

  it('messages arrive whole when the network cuts them into pieces', async () => {
    const transport = new MemoryTransport({ chunking: { random: { next: () => 0.3 }, maxBytes: 5 } });
    const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
    for (let round = 1n; round <= 5n; round++) {
      three.network.send(1n, vote(3n, round));
      await one.hears(round, 3n);
    }
    one.network.send(3n, vote(1n, 6n));
    await three.hears(6n, 1n);
    expect(one.heard).toEqual([1n, 2n, 3n, 4n, 5n].map((round) => ({ from: 3n, leader: 3n, round })));
    expect(three.heard).toEqual([{ from: 1n, leader: 1n, round: 6n }]);
  });

  it('a server with a smaller id is hung up on, and called back where it says it is', async () => {
    const transport = new MemoryTransport();
    const three = await add(transport, 3n);
    let heard: Uint8Array | undefined;
    const listener = await transport.listen({ port: 4999 }, () => ({
      onData: (bytes, start, end) => void (heard ??= bytes.slice(start, end)),
      onDrain: () => undefined,
      onClose: () => undefined,
    }));
    const { connection, received, closed } = await dialRaw(transport, 3n);
    const initial = encodeInitialMessage({ server: 1n, addresses: ['127.0.0.1:4999'] });
    connection.write(initial, 0, initial.length);
    await closed;
    expect(received).toEqual([]);
    while (heard === undefined) await nextTurn();
    const expected = encodeInitialMessage({ server: 3n, addresses: ['127.0.0.1:3883'] });
    expect(heard.slice(0, expected.length)).toEqual(expected);
    expect(three.network.connected).toEqual([1n]);
    await listener.close();
  });

  it('a call and a request to be called that cross leave the connection that came of the call', async () => {
    const transport = new MemoryTransport();
    const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
    three.network.send(1n, vote(3n, 7n));
    await one.hears(7n, 3n);
    const late = await dialRaw(transport, 3n);
    const asking = encodeInitialMessage({ server: 1n, addresses: [`127.0.0.1:${portOf(1n)}`] });
    late.connection.write(asking, 0, asking.length);
    await late.closed;
    three.network.send(1n, vote(3n, 8n));
    await one.hears(8n, 3n);
    await turns(20);
    expect(one.reachable).toEqual(['3 true']);
    expect(three.reachable).toEqual(['1 true']);
  });

  it('who is lost is looked for at once, even with nothing to say', async () => {
    const transport = new MemoryTransport();
    const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
    three.network.send(1n, vote(3n, 7n));
    await one.hears(7n, 3n);
    await one.stop();
    while (three.reachable.length < 2) await nextTurn();
    expect(three.reachable).toEqual(['1 true', '1 false']);
  });

  it('the bytes are those of Apache: version, id, address in one piece, then messages with their length', async () => {
    const transport = new MemoryTransport();
    const heard: number[] = [];
    const listener = await transport.listen({ port: portOf(1n) }, () => ({
      onData: (bytes, start, end) => void heard.push(...bytes.subarray(start, end)),
      onDrain: () => undefined,
      onClose: () => undefined,
    }));
    const three = await add(transport, 3n);
    const message = encodeNotification(vote(3n));
    three.network.send(1n, vote(3n));
    while (heard.length < 34 + 4 + message.length) await nextTurn();
    const hex = Buffer.from(heard).toString('hex');
    // As recorded from Apache ZooKeeper 3.9.5, with another id and address.
    expect(hex.slice(0, 68)).toBe('ffffffffffff000000000000000000030000000e' + '3132372e302e302e313a33383833');
    expect(Buffer.from(heard.slice(34)).toString('hex')).toBe(Buffer.from(framed(message)).toString('hex'));
    await listener.close();
  });

  it.each([
    ['a request of a browser', Buffer.from('GET / HTTP/1.1\r\nHost: zk\r\n\r\n')],
    ['a protocol version that does not exist', Buffer.from('fffffffffffe0000'.padEnd(48, '0'), 'hex')],
    ['an address that is none', encodeInitialMessage({ server: 9n, addresses: ['nowhere'] })],
    ['the id of this very server', encodeInitialMessage({ server: 3n, addresses: ['127.0.0.1:1'] })],
    [
      'a message that is too long',
      Buffer.concat([encodeInitialMessage({ server: 9n, addresses: ['h:1'] }), Buffer.from('7fffffff', 'hex')]),
    ],
    [
      'a message of no length',
      Buffer.concat([encodeInitialMessage({ server: 9n, addresses: ['h:1'] }), Buffer.from('00000000', 'hex')]),
    ],
  ])('%s ends its connection and nothing else', async (_what, bytes) => {
    const transport = new MemoryTransport();
    const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
    const { connection, closed } = await dialRaw(transport, 3n);
    connection.write(bytes, 0, bytes.length);
    await closed;
    three.network.send(1n, vote(3n, 4n));
    await one.hears(4n, 3n);
    expect([three.network.connected, three.heard]).toEqual([[1n], []]);
  });

  it('somebody who says nothing is sent away, and those who come meanwhile are served', async () => {
    const transport = new MemoryTransport();
    const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
    const silent = await dialRaw(transport, 1n);
    three.network.send(1n, vote(3n, 4n));
    await one.hears(4n, 3n);
    await silent.closed;
    expect(silent.received).toEqual([]);
    expect(one.network.connected).toEqual([3n]);
  });

  it('what a replaced connection still says is not heard', async () => {
    const transport = new MemoryTransport();
    const one = await add(transport, 1n);
    const initial = encodeInitialMessage({ server: 3n, addresses: ['127.0.0.1:3883'] });
    const [older, newer] = [await dialRaw(transport, 1n), await dialRaw(transport, 1n)];
    older.connection.write(initial, 0, initial.length);
    await turns(3);
    newer.connection.write(initial, 0, initial.length);
    await older.closed;
    const message = framed(encodeNotification(vote(3n, 6n)));
    newer.connection.write(message, 0, message.length);
    await one.hears(6n, 3n);
    expect(one.heard).toHaveLength(1);
    newer.connection.destroy();
  });

  it('servers that do not exist, and ask to be called back, are forgotten', async () => {
    const transport = new MemoryTransport();
    const node = await add(transport, 3n);
    for (let i = 1n; i <= 20n; i++) {
      const initial = encodeInitialMessage({ server: -i, addresses: ['127.0.0.1:9'] });
      const { connection, closed } = await dialRaw(transport, 3n);
      connection.write(initial, 0, initial.length);
      await closed;
    }
    await turns(5);
    expect(node.network.size).toBe(0);
    expect(node.reachable).toHaveLength(20);
  });
});
