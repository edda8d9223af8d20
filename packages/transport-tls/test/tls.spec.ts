import type { HandshakeCounts } from '@zk/contracts';
import { TlsTransport } from '@zk/transport-tls';
import net from 'node:net';
import tls from 'node:tls';
import { authority, dial, ears, listen, listeners, nextEar, sockets, useTlsRig, warned, warnings } from './rig.js';

useTlsRig();

describe('TlsTransport', () => {
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
    expect([inside.text, waiting.destroyed]).toEqual(['still here', true]);
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

  it('counts handshakes: those under way, those that failed, and those that were one too many', async () => {
    const port = await listen({ clientCertificates: 'need', maxHandshakes: 1 });
    const counts = (): HandshakeCounts | undefined => listeners.at(-1)?.handshakes;
    expect(counts()).toEqual({ underway: 0, failed: 0, refused: 0 });
    const first = net.connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(first);
    await new Promise((resolve) => first.once('connect', resolve));
    await expect(dial(port, {})).rejects.toThrow();
    expect(counts()).toEqual({ underway: 1, failed: 0, refused: 1 });
    first.write('neither TLS nor anything else');
    while (counts()?.underway !== 0) await new Promise((resolve) => setImmediate(resolve));
    expect(counts()).toEqual({ underway: 0, failed: 1, refused: 1 });
  });

  it('counts who has no certificate that is trusted among the handshakes that failed', async () => {
    const port = await listen({ clientCertificates: 'need' });
    await dial(port, {}).catch(() => undefined);
    await warned(/was refused/);
    expect(listeners.at(-1)?.handshakes?.failed).toBe(1);
  });

  it('needs a certificate to listen', async () => {
    await expect(new TlsTransport().listen({ port: 0 }, () => undefined)).rejects.toThrow(/needs a certificate/);
  });
});
