import net from 'node:net';
import { issue } from './certificates.js';
import {
  authority,
  client,
  dial,
  elsewhere,
  expired,
  foreign,
  identityOf,
  listen,
  nextEar,
  server,
  sockets,
  stranger,
  useTlsRig,
  warned,
} from './rig.js';

useTlsRig();

describe('TlsTransport', () => {
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
      const unchecked = await dial(port, { verifiesServerName: false });
      const named = await dial(port, {}, { serverName: 'zoo.example' });
      for (const { connection } of [unchecked, named]) expect(connection.certificateSubject).toBe('CN=elsewhere');
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
});
