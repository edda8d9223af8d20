import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import * as fc from 'fast-check';
import { AdminServer } from '../src/index.js';
import { LOCAL, Rig } from './rig.js';

const IDLE_MS = 200;

describe('the HTTP surface', () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await Rig.started({ idleTimeoutMs: IDLE_MS, commandUrl: '/zk/commands' });
  });
  afterAll(() => rig.stop());

  async function opened(): Promise<Socket> {
    const socket = connect(rig.admin.address);
    socket.on('error', () => undefined); // 'close' follows with the same news
    await once(socket, 'connect');
    return socket;
  }

  /** What comes back for these bytes until the connection ends, with the first line by itself. */
  async function answerTo(bytes: string | Uint8Array): Promise<string> {
    const socket = await opened();
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.write(bytes);
    await once(socket, 'close');
    return Buffer.concat(pieces).toString('latin1');
  }

  it.each([
    ['GET', '/zk/commands', 200],
    ['GET', '/zk/commands/', 200],
    ['GET', '/zk/commands/ruok', 200],
    ['GET', '/zk/commands/r%75ok', 200],
    ['HEAD', '/zk/commands/ruok', 200],
    ['OPTIONS', '/zk/commands/ruok', 200],
    ['POST', '/zk/commands/ruok', 405],
    ['PUT', '/zk/commands/ruok', 405],
    ['DELETE', '/zk/commands/ruok', 405],
    ['GET', '/', 404],
    ['GET', '/zk', 404],
    ['GET', '/zk/commandsruok', 404],
    ['GET', '/commands/ruok', 404],
    ['GET', '/zk/commands/%zz', 400],
    ['GET', '/livez', 200],
    ['GET', '/readyz?why', 200],
  ])('answers %s %s with %i', async (method, path, status) => {
    expect((await rig.get(path, { method })).status).toBe(status);
  });

  it.each([
    ['TRACE', 'TRACE /zk/commands/ruok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'HTTP/1.1 405 '],
    ['a header too long', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`, 'HTTP/1.1 431 '],
    ['a path too long', `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'HTTP/1.1 431 '],
    ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 'HTTP/1.1 400 '],
    ['what is not HTTP', 'ruok\r\n\r\n', 'HTTP/1.1 400 '],
  ])('refuses %s', async (_title, bytes, beginning) => {
    expect(await answerTo(bytes)).toContain(beginning);
  });

  it('does not wait for a body that it has no use for', async () => {
    const head = 'GET /zk/commands/ruok HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n';
    expect(await answerTo(head)).toMatch(/^HTTP\/1\.1 200 [^]*Connection: close[^]*"ruok"/);
  });

  it.each([
    ['says nothing', ''],
    ['stops within the headers', 'GET /livez HTTP/1.1\r\nHost: a\r\nX: '],
    ['asks for nothing more', 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'stops within its snapshot',
      'POST /zk/commands/restore HTTP/1.1\r\nHost: a\r\nAuthorization: ip x\r\nContent-Length: 9\r\n\r\nx',
    ],
  ])('ends the connection of a client that %s', async (_title, bytes) => {
    const socket = await opened();
    socket.resume();
    socket.write(bytes);
    await once(socket, 'close');
    expect((await rig.get('/livez')).status).toBe(200);
  });

  it('lives through whatever is sent', async () => {
    const words = [
      'GET ',
      'POST ',
      '/zk/commands/',
      'restore',
      'ruok',
      ' HTTP/1.1\r\n',
      'Host: a\r\n',
      '\r\n',
      '%00',
      '?why',
    ];
    const more = [
      'Transfer-Encoding: chunked\r\n',
      'Content-Length: 5\r\n',
      'Authorization: digest a:b\r\n',
      '0\r\n\r\n',
    ];
    const piece = fc.oneof(
      fc.constantFrom(...words, ...more).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const socket = await opened();
        socket.resume();
        socket.end(Buffer.concat(pieces));
        await once(socket, 'close');
        expect(await (await rig.get('/zk/commands/ruok')).json()).toEqual({ command: 'ruok', error: null });
      }),
      { numRuns: 60 },
    );
  });
});

describe('an admin server', () => {
  it('may be asked before its server is started', async () => {
    const rig = await Rig.notStarted();
    expect(await rig.json('srvr')).toEqual({
      command: 'server_stats',
      error: 'This ZooKeeper instance is not currently serving requests',
    });
    expect(await rig.json('zabstate')).toMatchObject({ voting: false });
    expect((await rig.get('/readyz')).status).toBe(503);
    await rig.stop();
  });

  it('says that its port is taken, and can be stopped all the same', async () => {
    const other = createHttpServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const rig = await Rig.notStarted();
    const second = new AdminServer(rig.server, { ...LOCAL, port });
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.stop();
    expect(() => second.address).toThrow('not listening');
    await rig.stop();
    other.close();
  });
});
