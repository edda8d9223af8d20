import type { Connection, ConnectionHandler } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';

/** Runs what was scheduled only when told to: a network with its clock in the test's hand. */
class ManualTurns {
  private waiting: (() => void)[] = [];

  atTurnEnd(callback: () => void): void {
    this.waiting.push(callback);
  }

  /** Runs turns until nothing is scheduled; returns how many there were. */
  run(): number {
    let turns = 0;
    for (; this.waiting.length > 0; turns++) {
      const now = this.waiting;
      this.waiting = [];
      for (const callback of now) callback();
    }
    return turns;
  }
}

class Ear implements ConnectionHandler {
  readonly heard: string[] = [];

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.heard.push(String.fromCharCode(...bytes.subarray(start, end)));
  }

  onDrain(): void {
    this.heard.push('<drain>');
  }

  onClose(error?: Error & { code?: string }): void {
    this.heard.push(error ? `<${error.code ?? error.message}>` : '<close>');
  }
}

function rig(options: ConstructorParameters<typeof MemoryTransport>[0] = {}) {
  const turns = new ManualTurns();
  const transport = new MemoryTransport({ scheduler: turns, ...options });
  const [client, server] = [new Ear(), new Ear()];
  const accepted: Connection[] = [];
  const connect = async (port = 2181): Promise<[Connection, Connection]> => {
    await transport.listen({ port }, (connection) => {
      accepted.push(connection);
      return server;
    });
    const dialling = transport.dial({ host: '10.0.0.1', port }, () => client);
    turns.run();
    const dialled = await dialling;
    const [end] = accepted;
    if (!end) throw new Error('nothing was accepted');
    return [dialled, end];
  };
  return { turns, transport, client, server, connect };
}

const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));

describe('MemoryTransport, as a faulty network,', () => {
  it('delivers only in turns of the scheduler it was given', async () => {
    const { turns, server, connect } = rig();
    const [dialled] = await connect();
    dialled.write(text('one'), 0, 3);
    dialled.write(text(' two'), 0, 4);
    expect(server.heard).toEqual([]);
    turns.run();
    expect(server.heard).toEqual(['one two']);
  });

  it.each([[2181], [undefined]])('holds everything back while stalled, and loses nothing (port %s)', async (port) => {
    const { turns, transport, client, server, connect } = rig();
    const [dialled, accepted] = await connect();
    transport.stall(port);
    dialled.write(text('there'), 0, 5);
    accepted.write(text('back'), 0, 4);
    turns.run();
    expect([client.heard, server.heard]).toEqual([[], []]);
    transport.release(port);
    turns.run();
    expect([client.heard, server.heard]).toEqual([['back'], ['there']]);
  });

  it('leaves other ports alone when one stalls', async () => {
    const { turns, transport, server, connect } = rig();
    const [dialled] = await connect(2181);
    transport.stall(2182);
    dialled.write(text('a'), 0, 1);
    turns.run();
    expect(server.heard).toEqual(['a']);
  });

  it('keeps a dial waiting while stalled', async () => {
    const { turns, transport, client } = rig();
    await transport.listen({ port: 2181 }, () => new Ear());
    transport.stall();
    let isConnected = false;
    const dialling = transport.dial({ host: '10.0.0.1', port: 2181 }, () => {
      isConnected = true;
      return client;
    });
    turns.run();
    expect(isConnected).toBe(false);
    transport.release();
    turns.run();
    await dialling;
    expect(isConnected).toBe(true);
  });

  it('cuts connections: what was under way is lost and both ends hear ECONNRESET', async () => {
    const { turns, transport, client, server, connect } = rig();
    const [dialled] = await connect();
    dialled.write(text('lost'), 0, 4);
    expect(transport.cut(9999)).toBe(0);
    expect(transport.cut(2181)).toBe(1);
    turns.run();
    expect([client.heard, server.heard]).toEqual([['<ECONNRESET>'], ['<ECONNRESET>']]);
    expect(transport.openEndCount).toBe(0);
  });

  it('splits deliveries as the random source says', async () => {
    const values = [0, 0.5, 0.99];
    const random = { next: () => values.shift() ?? 0 };
    const { turns, server, connect } = rig({ chunking: { random, maxBytes: 4 } });
    const [dialled] = await connect();
    dialled.write(text('abcdefgh'), 0, 8);
    turns.run();
    expect(server.heard).toEqual(['a', 'bcd', 'efgh']);
  });

  it('shows the memory error of a writer that does not wait for onDrain', async () => {
    const { turns, client, server, connect } = rig({ highWaterMarkBytes: 4 });
    const [dialled] = await connect();
    const memory = text('abcdefgh');
    expect(dialled.write(memory, 0, 8)).toBe(false);
    expect(dialled.bufferedBytes).toBe(4);
    memory.fill(0x21);
    turns.run();
    expect(server.heard.join('')).toBe('abcd!!!!');
    expect(client.heard).toEqual(['<drain>']);
  });

  it('overwrites what it delivered when the handler returns', async () => {
    const turns = new ManualTurns();
    const transport = new MemoryTransport({ scheduler: turns });
    const views: Uint8Array[] = [];
    const keeper: ConnectionHandler = {
      onData: (bytes, start, end) => void views.push(bytes.subarray(start, end)),
      onDrain: () => undefined,
      onClose: () => undefined,
    };
    await transport.listen({ port: 2181 }, () => keeper);
    const dialling = transport.dial({ host: 'localhost', port: 2181 }, () => new Ear());
    turns.run();
    (await dialling).write(text('kept'), 0, 4);
    turns.run();
    expect(views.map((view) => [...view])).toEqual([[0xdb, 0xdb, 0xdb, 0xdb]]);
  });

  it('dials from any address, for limits that count by address', async () => {
    const { turns, transport, client } = rig();
    const seen: string[] = [];
    await transport.listen({ port: 2181 }, ({ remoteAddress }) => {
      seen.push(remoteAddress);
      return new Ear();
    });
    const dialling = transport.from('192.0.2.7').dial({ host: '10.0.0.1', port: 2181 }, () => client);
    turns.run();
    expect((await dialling).localAddress).toBe('192.0.2.7');
    expect(seen).toEqual(['192.0.2.7']);
  });
});
