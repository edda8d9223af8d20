import { Ear } from '@zk/compliance';
import { type Listener, silentLogger } from '@zk/contracts';
import { WebSocketTransport, type WebSocketTransportOptions } from '@zk/transport-websocket';
import forge from 'node-forge';
import { request } from 'node:http';
import { connect } from 'node:net';
import WebSocket from 'ws';

describe('WebSocketTransport', () => {
  let listener: Listener;
  let ears: Ear[] = [];
  let sockets: WebSocket[] = [];
  let heard: (() => void) | undefined;

  const listen = async (options: WebSocketTransportOptions = {}): Promise<WebSocketTransport> => {
    const transport = new WebSocketTransport(options);
    listener = await transport.listen({ host: '127.0.0.1', port: 0, keepAlive: true, backlog: 16 }, (connection) => {
      const ear = new Ear(connection);
      ears.push(ear);
      heard?.();
      return ear;
    });
    return transport;
  };

  /** A WebSocket of another kind. @returns the status of the refusal, or 101 */
  const knock = (path: string, headers: Record<string, string> = {}, scheme = 'ws'): Promise<number> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${scheme}://127.0.0.1:${listener.port}${path}`, {
        headers,
        rejectUnauthorized: false,
      });
      sockets.push(socket);
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      socket.on('error', reject);
    });

  afterEach(async () => {
    for (const socket of sockets) socket.terminate();
    for (const { connection } of ears) connection.destroy();
    await Promise.all(ears.map(({ closed }) => closed));
    await listener.close();
    [ears, sockets, heard] = [[], [], undefined];
  });

  it.each([
    ['a program, which names none', {}, undefined, 101],
    ['a program, where all must name one', { allowMissingOrigin: false }, undefined, 403],
    ['any page, unless allowed', {}, 'https://evil.example', 403],
    ['a page that is allowed', { allowedOrigins: ['https://console.example'] }, 'https://console.example', 101],
    [
      'a page that is allowed, written otherwise',
      { allowedOrigins: ['HTTPS://Console.example/'] },
      'https://console.example',
      101,
    ],
    ['a page of another port', { allowedOrigins: ['https://console.example'] }, 'https://console.example:8443', 403],
    ['a page of another scheme', { allowedOrigins: ['https://console.example'] }, 'http://console.example', 403],
    [
      'a page whose name only begins so',
      { allowedOrigins: ['https://console.example'] },
      'https://console.example.evil',
      403,
    ],
    ['a page from a file, whose origin is null', { allowedOrigins: ['https://console.example'] }, 'null', 403],
    ['any page, if all are allowed', { allowedOrigins: ['*'] }, 'https://evil.example', 101],
  ])('answers %s', async (_, options, origin, status) => {
    await listen(options);
    expect(await knock('/', origin === undefined ? {} : { origin })).toBe(status);
    expect(ears).toHaveLength(status === 101 ? 1 : 0);
  });

  it.each([
    ['/zk', 101],
    ['/zk?from=console', 101],
    ['/', 404],
    ['/zk/more', 404],
  ])('listens on its path only: %s is %i', async (path, status) => {
    await listen({ path: '/zk' });
    expect(await knock(path)).toBe(status);
  });

  it('tells who asks over plain HTTP that this is no web server', async () => {
    await listen();
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: listener.port }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(426);
  });

  it('says why a dialled WebSocket was refused', async () => {
    await listen({ path: '/zk' });
    const dialling = new WebSocketTransport({ path: '/other' }).dial({ host: '127.0.0.1', port: listener.port }, () => {
      throw new Error('open was called');
    });
    await expect(dialling).rejects.toMatchObject({
      code: 'EPROTO',
      message: expect.stringContaining('404') as unknown,
    });
  });

  it('reads messages of any size as one stream, and closes on one that is too long, or text', async () => {
    await listen({ maxMessageBytes: 100 });
    await knock('/');
    await knock('/');
    const [one, other] = sockets as [WebSocket, WebSocket];
    one.send(Buffer.from('he'));
    one.send(Buffer.from(''));
    one.send(Buffer.from('llo'));
    one.send(Buffer.alloc(101));
    expect(await ears[0]!.closed).toMatchObject({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
    expect(ears[0]!.text).toBe('hello');
    const code = new Promise((resolve) => other.on('close', resolve));
    other.send('text');
    expect(await code).toBe(1003);
    expect(ears[1]!.text).toBe('');
  });

  it('reports a WebSocket that breaks without a goodbye, and one that says goodbye as closed in order', async () => {
    await listen();
    await knock('/');
    await knock('/');
    sockets[0]!.terminate();
    expect(await ears[0]!.closed).toMatchObject({ code: 'ECONNRESET' });
    sockets[1]!.close(1001);
    expect(await ears[1]!.closed).toBeUndefined();
  });

  it('pings, and gives up an end that does not answer', async () => {
    await listen({ keepAliveMs: 100 });
    await knock('/');
    let pings = 0;
    await new Promise<void>((resolve) => sockets[0]!.on('ping', () => ++pings === 3 && resolve()));
    // From here on the other end is there, and deaf.
    sockets[0]!.pause();
    expect(await ears[0]!.closed).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('cuts off an end that does not read what it is still owed', async () => {
    await listen({ closeTimeoutMs: 20 });
    await knock('/');
    sockets[0]!.pause();
    const bytes = new Uint8Array(16 * 1024 * 1024);
    expect(ears[0]!.connection.write(bytes, 0, bytes.length)).toBe(false);
    ears[0]!.connection.end();
    expect(await ears[0]!.closed).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('survives what is no WebSocket at all', async () => {
    await listen();
    const socket = connect(listener.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).resume();
    socket.write(
      'GET / HTTP/1.1\r\nHost: zk\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: no\r\n\r\n',
    );
    await closed;
    expect(await knock('/')).toBe(101);
    expect(ears).toHaveLength(1);
  });

  const UPGRADE = [
    'GET / HTTP/1.1',
    'Host: zk',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
    '',
  ].join('\r\n');

  it.each([
    ['says nothing', ''],
    ['says half of it', UPGRADE],
    ['stays when it has been refused', `${UPGRADE}Origin: https://evil.example\r\n\r\n`],
  ])('sends away who %s', async (_, said) => {
    await listen({ handshakeTimeoutMs: 50 });
    await knock('/');
    const socket = connect({ host: '127.0.0.1', port: listener.port, allowHalfOpen: true });
    const end = new Promise((resolve) => socket.once('end', resolve));
    const serverSide = new Promise((resolve) => socket.once('error', resolve));
    socket.resume().write(said);
    await end;
    // Nobody is there any more: what is still written is refused.
    const writing = setInterval(() => socket.write('x'), 10);
    await serverSide;
    clearInterval(writing);
    socket.destroy();
    sockets[0]!.send(Buffer.from('still here'));
    await ears[0]!.hears('still here');
  });

  it('lets nobody in who was on the way when it is closed', async () => {
    await listen();
    const socket = connect(listener.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.on('error', () => undefined).resume();
    socket.write(UPGRADE);
    await knock('/');
    await listener.close();
    await closed;
  });

  it('says once a second whom it refuses, in few words', async () => {
    const lines: string[] = [];
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void lines.push(message) };
    await listen({ logger });
    const origin = `https://${'e'.repeat(2000)}`;
    for (let i = 0; i < 3; i++) await knock('/', { origin });
    expect(lines).toHaveLength(1);
    expect(lines[0]!.length).toBeLessThan(300);
  });

  it('speaks TLS, and only to whom it trusts', async () => {
    const { cert, key } = selfSigned('localhost');
    await listen({ tls: { cert, key } });
    const dial = (options: WebSocketTransportOptions, serverName: string): Promise<Ear> =>
      new Promise((resolve, reject) => {
        const address = { host: '127.0.0.1', port: listener.port, serverName };
        new WebSocketTransport(options)
          .dial(address, (connection) => {
            const ear = new Ear(connection);
            resolve(ear);
            return ear;
          })
          .catch(reject);
      });
    const accepted = new Promise<void>((resolve) => (heard = resolve));
    const ear = await dial({ tls: { ca: cert } }, 'localhost');
    await accepted;
    ear.connection.write(new TextEncoder().encode('ruok'), 0, 4);
    ear.connection.end();
    await ears[0]!.closed;
    expect(ears[0]!.text).toBe('ruok');
    await expect(dial({ secure: true }, 'localhost')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await expect(dial({ tls: { ca: cert } }, 'other.example')).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('refuses a path that is none', () => {
    expect(() => new WebSocketTransport({ path: 'zk' })).toThrow('begins with /');
  });
});

function selfSigned(name: string): { cert: string; key: string } {
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 86_400_000);
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
  const attributes = [{ name: 'commonName', value: name }];
  certificate.setSubject(attributes);
  certificate.setIssuer(attributes);
  certificate.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: forge.pki.privateKeyToPem(keys.privateKey) };
}
