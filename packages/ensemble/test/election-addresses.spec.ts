import { type Connection, type ConnectionHandler, silentLogger } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';
import { type Notification, encodeInitialMessage } from '@zk/zab';
import type { HostAndPort } from '../src/dialling.js';
import { ElectionNetwork, type ElectionNetworkOptions } from '../src/election-network.js';
import { fixedRandom, nextTurn, realScheduler } from './cluster.js';

/** Each server has two networks: 10.1.0.N and 10.2.0.N, and on each a port of its own. */
const addressesOf = (server: bigint): HostAndPort[] => [
  { host: `10.1.0.${server}`, port: 1000 + Number(server) },
  { host: `10.2.0.${server}`, port: 2000 + Number(server) },
];

const vote = (round: bigint): Notification => ({
  state: 'looking',
  leader: 1n,
  zxid: 0n,
  round,
  peerEpoch: 0n,
  version: 2,
  config: 'version=0',
});

class Node {
  readonly rounds: bigint[] = [];
  /** Connections of others. */
  accepted = 0;
  readonly network: ElectionNetwork;
  private readonly listeners: { close(): Promise<void> }[] = [];

  constructor(
    private readonly transport: MemoryTransport,
    readonly id: bigint,
    options: Partial<ElectionNetworkOptions> = {},
  ) {
    this.network = new ElectionNetwork(
      {
        // Where a server dials from is not where it listens.
        transport: transport.from(`10.3.0.${id}`),
        scheduler: realScheduler,
        random: fixedRandom,
        logger: silentLogger,
      },
      {
        id,
        dialling: { timeoutMs: 5000 },
        isMultiAddress: true,
        reachabilityTimeoutMs: 20,
        handshakeTimeoutMs: 5000,
        ...options,
      },
      {
        addressesOf,
        notified: (_from, { round }) => void this.rounds.push(round),
        reachable: () => undefined,
      },
    );
  }

  async listen(addresses = addressesOf(this.id)): Promise<this> {
    for (const address of addresses) {
      const accept = (connection: Connection): ConnectionHandler | undefined => {
        this.accepted++;
        return this.network.accept(connection);
      };
      this.listeners.push(await this.transport.listen(address, accept));
    }
    return this;
  }

  async hears(round: bigint): Promise<void> {
    while (!this.rounds.includes(round)) await nextTurn();
  }

  async stop(): Promise<void> {
    this.network.stop();
    for (const listener of this.listeners) await listener.close();
  }
}

describe('elections of servers with several addresses', () => {
  let transport: MemoryTransport;
  let nodes: Node[];
  const add = (id: bigint, options?: Partial<ElectionNetworkOptions>): Node => {
    const node = new Node(transport, id, options);
    nodes.push(node);
    return node;
  };

  beforeEach(() => {
    transport = new MemoryTransport();
    nodes = [];
  });

  afterEach(async () => {
    for (const node of nodes) await node.stop();
  });

  it.each([
    ['all addresses, in the form of Apache’s second version', true, 'ffff0001', '10.1.0.3:1003|10.2.0.3:2003'],
    ['the first address, in the form of the first', false, 'ffff0000', '10.1.0.3:1003'],
  ])('tell each other %s', async (_what, isMultiAddress, version, text) => {
    const heard: number[] = [];
    await transport.listen(addressesOf(1n)[0]!, () => ({
      onData: (bytes, start, end) => void heard.push(...bytes.subarray(start, end)),
      onDrain: () => undefined,
      onClose: () => undefined,
    }));
    add(3n, { isMultiAddress }).network.send(1n, vote(1n));
    while (heard.length < 20 + text.length) await nextTurn();
    const header = `ffffffff${version}${'3'.padStart(16, '0')}${text.length.toString(16).padStart(8, '0')}`;
    expect(Buffer.from(heard.slice(0, 20)).toString('hex')).toBe(header);
    expect(Buffer.from(heard.slice(20, 20 + text.length)).toString()).toBe(text);
  });

  it.each([true, false])(
    'call back at any of the addresses they are told (own setting: %s)',
    async (isMultiAddress) => {
      const three = await add(3n, { isMultiAddress }).listen();
      const called = new Promise<void>((resolve) => {
        void transport.listen({ host: '10.9.0.1', port: 9 }, () => {
          resolve();
          return undefined;
        });
      });
      const asking = encodeInitialMessage({ server: 1n, addresses: ['10.8.0.1:9', '10.9.0.1:9'] }, true);
      const connection = await transport.dial(addressesOf(3n)[0]!, () => ({
        onData: () => undefined,
        onDrain: () => undefined,
        onClose: () => undefined,
      }));
      connection.write(asking, 0, asking.length);
      await called;
      expect(three.network.size).toBe(1);
    },
  );

  it('reach each other when one network of a server is gone', async () => {
    const one = await add(1n).listen([addressesOf(1n)[1]!]);
    const three = await add(3n).listen();
    three.network.send(1n, vote(1n));
    await one.hears(1n);
    one.network.send(3n, vote(2n));
    await three.hears(2n);
    expect([one.rounds, three.rounds]).toEqual([[1n], [2n]]);
  });

  it('leave a network that has gone silent for another one, and say there what was lost', async () => {
    const one = await add(1n).listen();
    const three = await add(3n).listen();
    transport.stall(2001);
    three.network.send(1n, vote(1n));
    await one.hears(1n);
    // The way in use ends without a word; the other one is there again.
    transport.stall(1001);
    transport.release(2001);
    three.network.send(1n, vote(2n));
    await one.hears(2n);
    expect([one.rounds, one.accepted]).toEqual([[1n, 2n], 2]);
  });

  it('leave it to whoever dialled to look whether the other end is there', async () => {
    const one = await add(1n).listen();
    const three = await add(3n).listen();
    three.network.send(1n, vote(1n));
    await one.hears(1n);
    const before = one.accepted;
    for (const round of [2n, 3n, 4n]) {
      one.network.send(3n, vote(round));
      await three.hears(round);
    }
    expect([one.accepted, three.accepted]).toEqual([before, 0]);
    expect(one.network.connected).toEqual([3n]);
  });

  it('do not look whether the other end is there when nobody asked for that', async () => {
    const one = await add(1n).listen([addressesOf(1n)[0]!]);
    const three = await add(3n, { reachabilityTimeoutMs: 0 }).listen();
    for (const round of [1n, 2n, 3n]) {
      three.network.send(1n, vote(round));
      await one.hears(round);
    }
    expect(one.accepted).toBe(1);
  });
});
