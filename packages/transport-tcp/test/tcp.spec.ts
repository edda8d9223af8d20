import { Ear } from '@zk/compliance';
import type { Listener, Logger } from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import { TcpTransport } from '@zk/transport-tcp';
import net from 'node:net';

/** Remembers in which memory the bytes of an accepted connection came. */
class WatchfulEar extends Ear {
  readonly buffers: ArrayBufferLike[] = [];

  override onData(bytes: Uint8Array, start: number, end: number): void {
    this.buffers.push(bytes.buffer);
    super.onData(bytes, start, end);
  }
}

describe.each([
  ['shared', true],
  ['separate', false],
])('TcpTransport with %s read buffers, towards a socket of another kind,', (_, sharedReadBuffer) => {
  let listener: Listener | undefined;
  let ears: WatchfulEar[] = [];
  let sockets: net.Socket[] = [];
  let waiting: ((ear: WatchfulEar) => void) | undefined;

  const listen = async (options: { closeTimeoutMs?: number; logger?: Logger } = {}): Promise<TcpTransport> => {
    const transport = new TcpTransport({ sharedReadBuffer, ...options });
    listener = await transport.listen({ host: '127.0.0.1', port: 0, keepAlive: true, backlog: 16 }, (connection) => {
      const ear = new WatchfulEar(connection);
      ears.push(ear);
      waiting?.(ear);
      return ear;
    });
    return transport;
  };

  const connect = async (): Promise<{ socket: net.Socket; ear: WatchfulEar }> => {
    const accepted = new Promise<WatchfulEar>((resolve) => (waiting = resolve));
    const socket = net.connect({ host: '127.0.0.1', port: listener?.port ?? 0, allowHalfOpen: true });
    sockets.push(socket);
    return { socket, ear: await accepted };
  };

  const textFrom = async (socket: net.Socket): Promise<string> => {
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk as string;
    return text;
  };

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    for (const { connection } of ears) connection.destroy();
    await Promise.all(ears.map(({ closed }) => closed));
    await listener?.close();
    [ears, sockets, listener] = [[], [], undefined];
  });

  it('still sends the reply when the request and the end of the stream arrive together', async () => {
    await listen();
    const { socket, ear } = await connect();
    ear.onText = () => setImmediate(() => ear.say('imok'));
    socket.end('ruok');
    expect(await textFrom(socket)).toBe('imok');
    expect(await ear.closed).toBeUndefined();
  });

  it('does not lose the end of a reply to bytes it has not read', async () => {
    await listen();
    const { socket, ear } = await connect();
    ear.onText = () => {
      ear.connection.pauseReading();
      socket.write('more, which nobody is going to read', () => {
        ear.say('goodbye'.repeat(50_000));
        ear.connection.end();
      });
      ear.onText = undefined;
    };
    socket.write('hello');
    const text = textFrom(socket);
    socket.once('end', () => socket.end());
    expect((await text).length).toBe(350_000);
    expect(await ear.closed).toBeUndefined();
  });

  it('closes in order on its own when the other end never does', async () => {
    await listen({ closeTimeoutMs: 20 });
    const { socket, ear } = await connect();
    ear.say('goodbye');
    ear.connection.end();
    expect(await textFrom(socket)).toBe('goodbye');
    expect(await ear.closed).toBeUndefined();
  });

  it('cuts off an end that does not read what it is still owed', async () => {
    await listen({ closeTimeoutMs: 20 });
    const { socket, ear } = await connect();
    socket.pause();
    const bytes = new Uint8Array(16 * 1024 * 1024);
    expect(ear.connection.write(bytes, 0, bytes.length)).toBe(false);
    ear.connection.end();
    expect(await ear.closed).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('reports a reset, and only to the handler', async () => {
    await listen();
    const { socket, ear } = await connect();
    socket.resetAndDestroy();
    expect(await ear.closed).toMatchObject({ code: 'ECONNRESET' });
  });

  it('reads all connections into one buffer, or each read into its own', async () => {
    await listen();
    const both = [await connect(), await connect()];
    for (const { socket, ear } of both) {
      const heard = new Promise<void>((resolve) => (ear.onText = () => resolve()));
      socket.write('hello');
      await heard;
    }
    expect(ears.map(({ text }) => text)).toEqual(['hello', 'hello']);
    const [one, other] = ears.map(({ buffers }) => buffers[0]);
    expect(one === other).toBe(sharedReadBuffer);
  });

  it('survives running out of descriptors, and says so once a second', async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (fields) => void warnings.push(String(fields['code'])) };
    const createServer = jest.spyOn(net, 'createServer');
    await listen({ logger });
    const server = createServer.mock.results.at(-1)?.value as net.Server;
    createServer.mockRestore();
    for (let i = 0; i < 3; i++) server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    const { socket, ear } = await connect();
    ear.onText = () => ear.connection.end();
    socket.end('ruok');
    await textFrom(socket);
    expect(warnings).toEqual(['EMFILE']);
  });
});
