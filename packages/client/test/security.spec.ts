import { createAuthProviders, createSaslAuthority } from '@zk/auth';
import { connect } from '@zk/client';
import { AUTH_PROVIDERS, TRANSPORT } from '@zk/contracts';
import { createServer, type Registration, type ZkServer } from '@zk/server';
import { TlsTransport } from '@zk/transport-tls';
import { issue } from '../../transport-tls/test/certificates.js';

/** Clients that prove who they are, to servers that do, and what is said when one of them does not. */

describe('SASL DIGEST-MD5', () => {
  let server: ZkServer;
  let address: string;

  beforeAll(async () => {
    const sasl = createSaslAuthority({ users: { alice: 'secret' } });
    server = await serve([[AUTH_PROVIDERS, createAuthProviders({ sasl, saslScheme: true })]]);
    address = `127.0.0.1:${server.clientAddress.port}`;
  });

  afterAll(() => server.stop());

  it('makes a client who it says it is, on every connection', async () => {
    const client = await connect(address, { sasl: { username: 'alice', password: 'secret' } });
    expect(await client.whoAmI()).toContainEqual({ scheme: 'sasl', id: 'alice' });
    const { id, password } = client.session!;
    await client.close({ keepSession: true });
    const again = await connect(address, {
      sasl: { username: 'alice', password: 'secret' },
      session: { id, password },
    });
    expect(again.session!.id).toBe(id);
    expect(await again.whoAmI()).toContainEqual({ scheme: 'sasl', id: 'alice' });
    await again.close();
  });

  it.each([
    ['a wrong password', { username: 'alice', password: 'wrong' }],
    ['a user that is not known', { username: 'mallory', password: 'secret' }],
  ])('refuses %s, and says so', async (_what, sasl) => {
    await expect(connect(address, { sasl })).rejects.toMatchObject({ name: 'AUTHFAILED' });
    await expect(connect(address, { sasl })).rejects.toThrow('SASL DIGEST-MD5');
  });

  it('says when the server has no such thing', async () => {
    const plain = await serve([]);
    const options = { sasl: { username: 'alice', password: 'secret' } };
    await expect(connect(`127.0.0.1:${plain.clientAddress.port}`, options)).rejects.toMatchObject({
      name: 'AUTHFAILED',
    });
    await plain.stop();
  });
});

describe('TLS', () => {
  const authority = issue({ commonName: 'authority', isAuthority: true });
  const stranger = issue({ commonName: 'stranger', isAuthority: true });
  const serverIdentity = issue({ commonName: 'server', names: ['localhost'], issuer: authority });
  const clientIdentity = issue({ commonName: 'client', issuer: authority });
  const trust = { pem: authority.cert };
  let server: ZkServer;
  let port: number;

  beforeAll(async () => {
    const transport = new TlsTransport({ identity: { pem: serverIdentity.pem }, trust });
    server = await serve([[TRANSPORT, transport]]);
    ({ port } = server.clientAddress);
  });

  afterAll(() => server.stop());

  it('connects with a certificate, and checks the name in the connection string, not the address behind it', async () => {
    const client = await connect(`localhost:${port}`, { tls: { identity: { pem: clientIdentity.pem }, trust } });
    await client.create('/a');
    await client.close();
    const byAddress = connect(`127.0.0.1:${port}`, {
      tls: { identity: { pem: clientIdentity.pem }, trust },
      timeout: 500,
    });
    await expect(byAddress).rejects.toThrow('127.0.0.1');
  });

  it.each([
    ['no certificate', { trust }],
    ['a certificate of a stranger', { trust, identity: { pem: issue({ commonName: 'x', issuer: stranger }).pem } }],
    ['a server it has no reason to trust', { trust: { pem: stranger.cert } }],
  ])('does not connect with %s', async (_what, tls) => {
    const error: unknown = await connect(`localhost:${port}`, { tls, timeout: 500 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'CONNECTIONLOSS', maybeApplied: false });
    expect((error as Error).message).toMatch(/certificate/);
  });
});

async function serve(registrations: readonly Registration[]): Promise<ZkServer> {
  const server = createServer({ clientHost: '127.0.0.1', clientPort: 0 }, registrations);
  await server.start();
  return server;
}
