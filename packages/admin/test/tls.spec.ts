import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Issued, issue } from '../../transport-tls/test/certificates.js';
import type { AdminTlsOptions } from '../src/index.js';
import { Rig } from './rig.js';

describe('an admin server with certificates', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zk-admin-tls-'));
  let authority: Issued;
  let own: Issued;
  let operator: Issued;

  beforeAll(() => {
    authority = issue({ commonName: 'authority', isAuthority: true });
    own = issue({ commonName: 'server', names: ['127.0.0.1'], issuer: authority });
    operator = issue({ commonName: 'operator', issuer: authority });
    writeFileSync(join(directory, 'own.pem'), own.pem);
    writeFileSync(join(directory, 'authority.pem'), authority.cert);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function started(tls: Partial<AdminTlsOptions>): Promise<Rig> {
    return Rig.started({
      tls: {
        identity: { file: join(directory, 'own.pem') },
        trust: { file: join(directory, 'authority.pem') },
        allowsPlainText: false,
        needsClientCertificate: false,
        handshakeTimeoutMs: 5000,
        ...tls,
      },
    });
  }

  /** The status over HTTPS, or why there is none. */
  function securely({ admin }: Rig, options: RequestOptions = {}): Promise<number | string> {
    return new Promise((resolve) => {
      const { host, port } = admin.address;
      const all = { host, port, path: '/commands/ruok', ca: authority.cert, agent: false, ...options };
      const sent = request(all, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', () => resolve('refused'));
      sent.end();
    });
  }

  const plainly = (rig: Rig): Promise<number | string> =>
    rig.get('/commands/ruok').then(
      ({ status }) => status,
      () => 'refused',
    );

  it.each<[string, Partial<AdminTlsOptions>, number | string, number | string]>([
    ['speaks HTTPS alone', {}, 200, 'refused'],
    ['speaks both on one port', { allowsPlainText: true }, 200, 200],
    ['asks for a certificate', { needsClientCertificate: true }, 'refused', 'refused'],
  ])('%s', async (_title, tls, overTls, inPlainText) => {
    const rig = await started(tls);
    expect([await securely(rig), await plainly(rig)]).toEqual([overTls, inPlainText]);
    await rig.stop();
  });

  it('lets in whoever shows a certificate that is trusted', async () => {
    const rig = await started({ needsClientCertificate: true });
    const stranger = issue({ commonName: 'stranger' });
    expect(await securely(rig, { cert: operator.cert, key: operator.key })).toBe(200);
    expect(await securely(rig, { cert: stranger.cert, key: stranger.key })).toBe('refused');
    await rig.stop();
  });

  it('does not start without its certificate', async () => {
    await expect(started({ identity: { file: join(directory, 'gone.pem') } })).rejects.toThrow('gone.pem');
  });
});
