import { type HandshakeCounts, TRANSPORT, type Transport } from '@zk/contracts';
import { FrameConnection, RawClient } from '@zk/test-client';
import { MemoryTransport } from '@zk/transport-memory';
import { LISTENERS, type ClientListener, createServer } from '../src/index.js';
import { Harness } from './harness.js';

describe('a server with several listeners', () => {
  const second = (transport: MemoryTransport, port = 0): ClientListener => ({ name: 'second', transport, port });

  it('serves the same tree on each of them', async () => {
    const transport = new MemoryTransport();
    const harness = await new Harness({ registrations: [[LISTENERS, [second(transport)]]] }).start();
    const { addresses } = harness.server;
    expect(addresses.map(({ name }) => name)).toEqual(['client', 'second']);
    expect(harness.server.clientAddress).toEqual(addresses[0]);
    const one = await harness.connect();
    const other = await RawClient.connect(transport, { ...addresses[1]!, timeoutMs: 10_000 });
    await one.create('/here', new Uint8Array(0));
    expect(await other.exists('/here')).toBeTruthy();
    expect(harness.server.connections.size).toBe(2);
    await harness.stop();
  });

  it('may have no plain-text port at all', async () => {
    const transport = new MemoryTransport();
    const harness = await new Harness({
      options: { clientPort: false },
      registrations: [[LISTENERS, [second(transport)]]],
    }).start();
    expect(harness.server.clientAddress.name).toBe('second');
    await harness.stop();
  });

  it('counts the handshakes of all of them together, of those that have any', async () => {
    const shaking = (handshakes: HandshakeCounts): Transport => {
      const memory = new MemoryTransport();
      return {
        listen: async (options, accept) => Object.assign(await memory.listen(options, accept), { handshakes }),
        dial: (options, open) => memory.dial(options, open),
      };
    };
    const further = [
      { name: 'secure', transport: shaking({ underway: 1, failed: 2, refused: 3 }), port: 0 },
      { name: 'other', transport: shaking({ underway: 10, failed: 20, refused: 30 }), port: 0 },
    ];
    const harness = await new Harness({ registrations: [[LISTENERS, further]] }).start();
    const report = await harness.word('mntr');
    const names = ['outstanding_tls_handshake', 'unsuccessful_handshake', 'tls_handshake_exceeded'];
    expect(names.map((name) => new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(report)?.[1])).toEqual(['11', '22', '33']);
    await harness.stop();
  });

  it('listens nowhere when one address is taken, and says which error that was', async () => {
    const transport = new MemoryTransport();
    const taken = await transport.listen({ port: 0 }, () => undefined);
    const server = createServer({ clientPort: 0 }, [
      [TRANSPORT, transport],
      [LISTENERS, [second(transport, taken.port)]],
    ]);
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(server.addresses).toEqual([]);
    expect(() => server.clientAddress).toThrow('not listening');
    await taken.close();
  });

  it('knows the subject of a certificate that the transport has verified', async () => {
    const harness = await new Harness().start();
    const { transport } = harness;
    const listen = transport.listen.bind(transport);
    await harness.stop();
    jest
      .spyOn(transport, 'listen')
      .mockImplementation((options, accept) =>
        listen(options, (connection) => accept(Object.assign(connection, { certificateSubject: 'CN=ann' }))),
      );
    const again = await new Harness({ transport }).start();
    await FrameConnection.dial(transport, again.server.clientAddress);
    const [connection] = again.server.connections;
    expect(connection?.peer.certificateSubject).toBe('CN=ann');
    await again.stop();
  });
});
