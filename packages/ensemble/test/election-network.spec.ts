import * as fc from 'fast-check';
import type { Connection } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';
import { encodeInitialMessage, encodeNotification } from '@zk/zab';
import { threeServers } from '../../zab/test/driven-peer.js';
import { recorded } from '../../zab/test/recordings.js';
import { nextTurn } from './cluster.js';
import { Node, portOf, vote } from './election-node.js';

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

/** Where a server would listen: what is said there, and the end of the connection. */
async function listenRaw(
  transport: MemoryTransport,
  server: bigint,
): Promise<{ readonly heard: number[]; readonly closed: Promise<void> }> {
  const heard: number[] = [];
  let onClose = (): void => undefined;
  const closed = new Promise<void>((done) => (onClose = done));
  await transport.listen({ port: portOf(server) }, () => ({
    onData: (bytes, start, end) => void heard.push(...bytes.subarray(start, end)),
    onDrain: () => undefined,
    onClose: () => onClose(),
  }));
  return { heard, closed };
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

  it('one connection is left, whoever speaks and however often, and both hear the last word of the other', async () => {
    const order = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 30 });
    const play = async (said: readonly (readonly [boolean, number])[]): Promise<void> => {
      const transport = new MemoryTransport();
      const [one, three] = [await add(transport, 1n), await add(transport, 3n)];
      let round = 0n;
      const say = (isOne: boolean): void => (isOne ? one : three).network.send(isOne ? 3n : 1n, vote(1n, ++round));
      for (const [isOne, pause] of said) {
        say(isOne);
        await turns(pause);
      }
      say(true);
      say(false);
      await Promise.all([three.hears(round - 1n, 1n), one.hears(round, 3n)]);
      await turns(10);
      expect([one.network.connected, three.network.connected]).toEqual([[3n], [1n]]);
      expect(transport.openEndCount).toBe(2);
      expect([one.heard.at(-1)!.round, three.heard.at(-1)!.round]).toEqual([round, round - 1n]);
    };
    await fc.assert(fc.asyncProperty(order, play), { numRuns: 50 });
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
    const expected = encodeInitialMessage({ server: 3n, addresses: ['127.0.0.1:23883'] });
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

  it('who has the greater id says who it is, and its vote, in the bytes of Apache (A-fresh)', async () => {
    const transport = new MemoryTransport();
    const { heard } = await listenRaw(transport, 1n);
    const two = await add(transport, 2n);
    const { bytes } = recorded('A-fresh-3node-3.9.5/01-election-sid2-dials-sid1-dialer');
    two.network.send(1n, { ...vote(2n, 1n), zxid: 0n, peerEpoch: 0n, config: threeServers });
    while (heard.length < bytes.length) await nextTurn();
    expect(Buffer.from(heard)).toEqual(Buffer.from(bytes));
    expect(two.network.connected).toEqual([1n]);
  });

  it('who has the smaller id says who it is, in the bytes of Apache, and hangs up (C-diff)', async () => {
    const transport = new MemoryTransport();
    const { heard, closed } = await listenRaw(transport, 2n);
    const one = await add(transport, 1n);
    one.network.send(2n, vote(1n));
    await closed;
    const { bytes } = recorded('C-diff-3.9.5/02-election-sid1-dials-sid2-dialer');
    expect(Buffer.from(heard)).toEqual(Buffer.from(bytes));
    expect(one.network.connected).toEqual([]);
  });

  it('whoever says what Apache says with a smaller id is hung up on, and called back (C-diff)', async () => {
    const transport = new MemoryTransport();
    const { heard } = await listenRaw(transport, 1n);
    const three = await add(transport, 3n);
    const { connection, closed } = await dialRaw(transport, 3n);
    const { bytes } = recorded('C-diff-3.9.5/03-election-sid1-dials-sid3-dialer');
    connection.write(bytes, 0, bytes.length);
    await closed;
    // What follows on the recorded call is a vote.
    const expected = recorded('C-diff-3.9.5/04-election-sid3-dials-sid1-dialer').bytes.slice(0, bytes.length);
    while (heard.length < expected.length) await nextTurn();
    expect(Buffer.from(heard)).toEqual(Buffer.from(expected));
    expect(three.network.connected).toEqual([1n]);
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
    const initial = encodeInitialMessage({ server: 3n, addresses: ['127.0.0.1:23883'] });
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
