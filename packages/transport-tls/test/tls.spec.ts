import type { Connection, ConnectionHandler, DialOptions, Listener, Logger } from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import type { TlsTransportOptions } from '@zk/transport-tls';
import { TlsTransport } from '@zk/transport-tls';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import type { Issued } from './certificates.js';
import { issue } from './certificates.js';

const DAY_MS = 86_400_000;
const authority = issue({ commonName: 'authority', isAuthority: true });
const stranger = issue({ commonName: 'stranger', isAuthority: true });
const server = issue({ commonName: 'server', names: ['localhost', '127.0.0.1'], issuer: authority });
const client = issue({ commonName: 'client', names: ['client.example'], issuer: authority });
const expired = issue({
  commonName: 'expired',
  names: ['127.0.0.1'],
  issuer: authority,
  notBefore: new Date(Date.now() - 9 * DAY_MS),
  notAfter: new Date(Date.now() - 2 * DAY_MS),
});
const elsewhere = issue({ commonName: 'elsewhere', names: ['zoo.example'], issuer: authority });
const foreign = issue({ commonName: 'foreign', names: ['127.0.0.1'], issuer: stranger });

const trust = { pem: authority.cert };
const identityOf = ({ pem }: Issued): { pem: string } => ({ pem });

/** What one end heard. */
class Ear implements ConnectionHandler {
  text = '';
  private close: (error: (Error & { code?: string }) | undefined) => void = () => undefined;
  private waiting: (() => void) | undefined;
  readonly closed = new Promise<(Error & { code?: string }) | undefined>((resolve) => (this.close = resolve));

  constructor(readonly connection: Connection) {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.text += new TextDecoder().decode(bytes.subarray(start, end));
    this.waiting?.();
  }

  onDrain(): void {
    this.text += '<drain>';
  }

  onClose(error?: Error): void {
    this.close(error);
  }

  say(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.connection.write(bytes, 0, bytes.length);
  }

  async hears(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise<void>((resolve) => (this.waiting = resolve));
  }
}

describe('TlsTransport', () => {
  const warnings: string[] = [];
  let onWarning: (() => void) | undefined;
  const logger: Logger = {
    ...silentLogger,
    warn: (_fields, text) => {
      warnings.push(text);
      onWarning?.();
    },
    error: (_fields, text) => void warnings.push(text),
  };
  let listeners: Listener[] = [];
  let ears: Ear[] = [];
  let sockets: net.Socket[] = [];
  let awaiting: ((ear: Ear) => void) | undefined;

  const listen = async (options: TlsTransportOptions): Promise<number> => {
    const transport = new TlsTransport({ trust, identity: identityOf(server), logger, ...options });
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      const ear = new Ear(connection);
      ears.push(ear);
      awaiting?.(ear);
      return ear;
    });
    listeners.push(listener);
    return listener.port;
  };
  const nextEar = (): Promise<Ear> => new Promise((resolve) => (awaiting = resolve));
  const dial = async (port: number, options: TlsTransportOptions, how: Partial<DialOptions> = {}): Promise<Ear> => {
    const transport = new TlsTransport({ trust, logger, ...options });
    let ear: Ear | undefined;
    await transport.dial({ host: '127.0.0.1', port, ...how }, (connection) => {
      ear = new Ear(connection);
      ears.push(ear);
      return ear;
    });
    return ear!;
  };
  const warned = async (pattern: RegExp): Promise<void> => {
    while (!warnings.some((text) => pattern.test(text))) await new Promise<void>((resolve) => (onWarning = resolve));
  };

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    const [heard, opened] = [ears, listeners];
    [listeners, ears, sockets, awaiting, onWarning] = [[], [], [], undefined, undefined];
    warnings.length = 0;
    for (const { connection } of heard) connection.destroy();
    await Promise.all(heard.map(({ closed }) => closed));
    await Promise.all(opened.map((listener) => listener.close()));
  });

  describe('with certificates of both ends', () => {
    it('tells each end whom it talks to', async () => {
      const port = await listen({});
      const accepted = nextEar();
      const dialled = await dial(port, { identity: identityOf(client) });
      expect((await accepted).connection.certificateSubject).toBe('CN=client');
      expect(dialled.connection.certificateSubject).toBe('CN=server');
      dialled.say('hello');
      await (await accepted).hears('hello');
    });

    it('takes a client without one where it is only wanted, but not one that is not trusted', async () => {
      const port = await listen({ clientCertificates: 'want' });
      const accepted = nextEar();
      await dial(port, {});
      expect((await accepted).connection.certificateSubject).toBeUndefined();
      const refused = await dial(port, { identity: identityOf(foreign) });
      expect((await refused.closed)?.message).toMatch(/it may refuse this client certificate/);
      await warned(/"CN=foreign" of client 127\.0\.0\.1 is not trusted: "CN=stranger", which issued it/);
    });

    it('asks for none where it is told so', async () => {
      const port = await listen({ clientCertificates: 'none' });
      const accepted = nextEar();
      await dial(port, { identity: identityOf(client) });
      expect((await accepted).connection.certificateSubject).toBeUndefined();
    });

    it.each([
      [
        'is missing',
        undefined,
        /a client certificate is required/,
        /client 127.0.0.1 was refused: a client certificate/,
      ],
      [
        'is not trusted',
        foreign,
        /may refuse this client certificate/,
        /the certificate of client 127\.0\.0\.1 is not trusted: who issued it/,
      ],
      [
        'has expired',
        expired,
        /may refuse this client certificate/,
        /the certificate of client 127\.0\.0\.1 has expired/,
      ],
    ])('says so at both ends when that of the client %s', async (_name, issued, atClient, atServer) => {
      const port = await listen({});
      const dialling = dial(port, issued === undefined ? {} : { identity: identityOf(issued) });
      const ear = await dialling;
      const error = await ear.closed;
      expect(error?.message).toMatch(atClient);
      await warned(atServer);
    });

    it.each([
      ['127.0.0.1', true],
      ['client.example', false],
    ])('checks on request that the certificate is for where the client is: %s', async (name, isGood) => {
      const port = await listen({ verifiesClientName: true });
      const accepted = nextEar();
      const issued = issue({ commonName: 'c', names: [name], issuer: authority });
      const ear = await dial(port, { identity: identityOf(issued) });
      if (isGood) {
        expect((await accepted).connection.certificateSubject).toBe('CN=c');
        return;
      }
      expect(await ear.closed).toBeDefined();
      await warned(/is for DNS:client\.example, not for "127\.0\.0\.1"/);
    });
  });

  describe('refuses a server', () => {
    it.each([
      [
        'whose certificate is not trusted',
        foreign,
        {},
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
        /"CN=stranger", which issued it/,
      ],
      ['that signed its own', stranger, {}, 'DEPTH_ZERO_SELF_SIGNED_CERT', /is signed by itself/],
      ['whose certificate has expired', expired, {}, 'CERT_HAS_EXPIRED', /"CN=expired" of server .* has expired \(/],
      [
        'of another name',
        elsewhere,
        {},
        'ERR_TLS_CERT_ALTNAME_INVALID',
        /is for DNS:zoo\.example, not for "127\.0\.0\.1"/,
      ],
      [
        'that is not the one its address stands for',
        server,
        { serverName: 'zoo.example' },
        'ERR_TLS_CERT_ALTNAME_INVALID',
        /not for "zoo\.example"/,
      ],
    ])('%s', async (_name, issued, how, code, message) => {
      const port = await listen({ identity: identityOf(issued), clientCertificates: 'none' });
      const dialling = dial(port, {}, how);
      await expect(dialling).rejects.toMatchObject({ name: 'TlsError', code });
      await expect(dialling).rejects.toThrow(message);
    });

    it('but not for its name where names are not checked, or where it is dialled by an address of that name', async () => {
      const port = await listen({ identity: identityOf(elsewhere), clientCertificates: 'none' });
      await dial(port, { verifiesServerName: false });
      await dial(port, {}, { serverName: 'zoo.example' });
    });

    it('with which no version is shared', async () => {
      const port = await listen({ clientCertificates: 'none', protocols: ['TLSv1.3'] });
      await expect(dial(port, { protocols: ['TLSv1.2'] })).rejects.toThrow(/no version of TLS in common with server/);
      await warned(/no version of TLS in common with client/);
    });

    it('that takes too long', async () => {
      const silent = net.createServer((socket) => void sockets.push(socket));
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as net.AddressInfo;
      await expect(dial(port, { handshakeTimeoutMs: 20 })).rejects.toThrow(/no TLS handshake with .* in 20 ms/);
      silent.close();
    });

    it('that speaks plain text', async () => {
      const plain = net.createServer(
        (socket) => void sockets.push(socket.on('data', () => socket.write('imok, I think'))),
      );
      await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
      await expect(dial((plain.address() as net.AddressInfo).port, {})).rejects.toThrow(
        /does not speak TLS: plain text came/,
      );
      plain.close();
    });

    it('that hangs up at the handshake, as a plain-text port of ZooKeeper does', async () => {
      const plain = net.createServer((socket) => socket.on('data', () => socket.resetAndDestroy()));
      await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
      await expect(dial((plain.address() as net.AddressInfo).port, {})).rejects.toThrow(
        /perhaps its port is for plain text/,
      );
      plain.close();
    });
  });

  it('restricts versions and cipher suites, in the names of Java', async () => {
    const port = await listen({
      clientCertificates: 'none',
      protocols: ['TLSv1.2'],
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'],
    });
    const socket = tls.connect({ port, host: '127.0.0.1', ca: authority.cert });
    sockets.push(socket);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    expect([socket.getProtocol(), socket.getCipher().standardName]).toEqual([
      'TLSv1.2',
      'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    ]);
    await expect(listen({ cipherSuites: ['TLS_NO_SUCH'] })).rejects.toThrow(
      'the cipher suite "TLS_NO_SUCH" is not known',
    );
    await expect(listen({ protocols: ['SSLv3'] })).rejects.toThrow('the TLS protocol "SSLv3" is not known');
  });

  describe('on a port for both', () => {
    it('serves plain text and TLS, whichever comes', async () => {
      const port = await listen({ allowsPlainText: true, clientCertificates: 'none' });
      let accepted = nextEar();
      const socket = net.connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.write('ruok');
      await (await accepted).hears('ruok');
      (await accepted).say('imok');
      const [answer] = (await new Promise<Buffer[]>((resolve) => socket.once('data', (data) => resolve([data])))) as [
        Buffer,
      ];
      expect(answer.toString()).toBe('imok');
      accepted = nextEar();
      const dialled = await dial(port, {});
      dialled.say('ruok');
      await (await accepted).hears('ruok');
      (await accepted).say('imok');
      await dialled.hears('imok');
    });

    it('hangs up on who says nothing', async () => {
      const port = await listen({ allowsPlainText: true, handshakeTimeoutMs: 20 });
      const socket = net.connect(port, '127.0.0.1');
      sockets.push(socket);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(ears).toEqual([]);
    });
  });

  it('tells plain text on a TLS port in its log, and hangs up', async () => {
    const port = await listen({});
    const socket = net.connect(port, '127.0.0.1');
    sockets.push(socket.on('error', () => undefined));
    socket.write(Buffer.from('0000002d000000000000000000000000', 'hex'));
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    await warned(/client 127\.0\.0\.1 does not speak TLS: plain text came instead/);
    expect(ears).toEqual([]);
  });

  it('hangs up on whoever is still at the door when the listener closes, and on nobody else', async () => {
    const port = await listen({ allowsPlainText: true, clientCertificates: 'none' });
    const accepted = nextEar();
    const inside = await dial(port, {});
    await accepted;
    const waiting = net.connect(port, '127.0.0.1');
    sockets.push(waiting.on('error', () => undefined));
    await new Promise((resolve) => waiting.once('connect', resolve));
    // Connections are seen in their order, so the one before has been seen, too.
    await dial(port, {});
    await listeners[0]?.close();
    waiting.resume();
    await new Promise((resolve) => waiting.once('close', resolve));
    (await accepted).say('still here');
    await inside.hears('still here');
  });

  it('lets go of who leaves in the middle of a handshake', async () => {
    const port = await listen({ clientCertificates: 'none', maxHandshakes: 1 });
    const probe = net.connect(port, '127.0.0.1');
    await new Promise((resolve) => probe.once('connect', resolve));
    probe.end().resume();
    await new Promise((resolve) => probe.once('close', resolve));
    await dial(port, {});
    expect(warnings).toEqual([]);
  });

  it('turns away who would be one handshake too many, until there are fewer', async () => {
    const port = await listen({ clientCertificates: 'none', maxHandshakes: 1 });
    const first = net.connect(port, '127.0.0.1');
    sockets.push(first);
    await new Promise((resolve) => first.once('connect', resolve));
    await expect(dial(port, {})).rejects.toThrow();
    await warned(/client 127\.0\.0\.1 was refused: 1 others are still at their handshakes/);
    first.destroy();
    const accepted = nextEar();
    for (;;) {
      const dialled = await dial(port, {}).catch(() => undefined);
      if (dialled !== undefined) break;
    }
    await accepted;
    // Whoever is in does not count.
    await dial(port, {});
  });

  it('needs a certificate to listen', async () => {
    await expect(new TlsTransport().listen({ port: 0 }, () => undefined)).rejects.toThrow(/needs a certificate/);
  });

  describe('reloading', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'zk-tls-'));
    const file = path.join(folder, 'server.pem');
    afterAll(() => rmSync(folder, { recursive: true }));

    const untilServedBy = async (port: number, subject: string): Promise<Ear> => {
      for (;;) {
        const ear = await dial(port, { verifiesServerName: false });
        if (ear.connection.certificateSubject === subject) return ear;
        ear.connection.destroy();
        await ear.closed;
      }
    };

    it('serves a new certificate to new connections, and keeps the old ones', async () => {
      writeFileSync(file, server.pem);
      const options = { identity: { file }, reload: true, reloadIntervalMs: 5, clientCertificates: 'none' as const };
      const port = await listen(options);
      const accepted = nextEar();
      const old = await untilServedBy(port, 'CN=server');
      writeFileSync(file, 'half of a');
      await dial(port, {});
      writeFileSync(file, elsewhere.pem);
      await untilServedBy(port, 'CN=elsewhere');
      (await accepted).say('still here');
      await old.hears('still here');
    });

    it('dials with a new certificate', async () => {
      const own = path.join(folder, 'client.pem');
      writeFileSync(own, client.pem);
      const port = await listen({});
      const transport = new TlsTransport({ identity: { file: own }, trust, reload: true });
      const open = (connection: Connection): Ear => {
        ears.push(new Ear(connection));
        return ears.at(-1)!;
      };
      for (const subject of ['CN=client', 'CN=elsewhere']) {
        const accepted = nextEar();
        await transport.dial({ host: '127.0.0.1', port }, open);
        expect((await accepted).connection.certificateSubject).toBe(subject);
        writeFileSync(own, elsewhere.pem);
      }
    });
  });
});
