import type { AuthProvider } from '@zk/contracts';
import { createAuthProviders } from './create-auth-providers.js';
import { digestId } from './digest-auth-provider.js';

const peer = { remoteAddress: '::ffff:10.0.0.1' };
const SCHEMES = ['world', 'auth', 'super', 'ip', 'digest', 'x509', 'sasl', 'key'];

/** Proves whatever number is sent. */
const keyProvider: AuthProvider = {
  scheme: 'key',
  isAuthenticated: true,
  authenticate: (_peer, auth) => (auth === null ? undefined : [{ scheme: 'key', id: new TextDecoder().decode(auth) }]),
  matches: (connectionId, aclId) => connectionId === aclId,
  isValid: () => true,
  userName: (connectionId) => connectionId,
};

describe('createAuthProviders', () => {
  it.each([
    ['by default', {}, ['ip', 'digest']],
    ['with digest switched off', { digest: false as const }, ['ip']],
    ['with digest not enabled', { digest: { isEnabled: false, algorithm: 'SHA1' } }, ['ip']],
    ['with x509', { x509: true }, ['ip', 'digest', 'x509']],
    ['with x509 configured', { x509: { superUser: 'CN=root' } }, ['ip', 'digest', 'x509']],
    ['with sasl', { saslScheme: true }, ['ip', 'digest', 'sasl']],
    ['with a scheme of its own', { custom: [keyProvider] }, ['ip', 'digest', 'key']],
  ])('%s there are exactly the schemes %2$j', (_case, options, expected) => {
    const providers = createAuthProviders(options);
    expect(SCHEMES.filter((scheme) => providers.get(scheme)?.scheme === scheme)).toEqual(expected);
  });

  it('takes every id for proved but that of an address', () => {
    const providers = createAuthProviders({ x509: true, saslScheme: true });
    const proved = ['ip', 'digest', 'x509', 'sasl'].filter((scheme) => providers.get(scheme)!.isAuthenticated);
    expect(proved).toEqual(['digest', 'x509', 'sasl']);
  });

  it('passes its options on', () => {
    const superDigest = digestId('root:secret', 'SHA-256');
    const digest = createAuthProviders({ digest: { algorithm: 'SHA-256', superDigest } }).get('digest')!;
    expect(digest.authenticate(peer, new TextEncoder().encode('root:secret'))).toEqual([
      { scheme: 'super', id: '' },
      { scheme: 'digest', id: superDigest },
    ]);
    expect(
      createAuthProviders({ x509: { superUser: 'CN=root' } })
        .get('x509')!
        .matches('CN=root', 'CN=x'),
    ).toBe(true);
  });

  it('a custom scheme takes the place of one of the same name', () => {
    const own = { ...keyProvider, scheme: 'digest' };
    expect(createAuthProviders({ custom: [own] }).get('digest')).toBe(own);
  });

  it.each(['world', 'auth', 'super'])('the name %s is reserved', (scheme) => {
    expect(() => createAuthProviders({ custom: [{ ...keyProvider, scheme }] })).toThrow(`"${scheme}" is reserved`);
  });

  it('a connection starts with its address', () => {
    expect(createAuthProviders().initialIds(peer)).toEqual([{ scheme: 'ip', id: '10.0.0.1' }]);
    expect(createAuthProviders({ x509: true }).initialIds(peer)).toEqual([{ scheme: 'ip', id: '10.0.0.1' }]);
  });

  it('and with its certificate, where x509 is on', () => {
    const withCertificate = { remoteAddress: '10.0.0.1', certificateSubject: 'CN=root' };
    expect(createAuthProviders().initialIds(withCertificate)).toHaveLength(1);
    expect(createAuthProviders({ x509: { superUser: 'CN=root' } }).initialIds(withCertificate)).toEqual([
      { scheme: 'ip', id: '10.0.0.1' },
      { scheme: 'super', id: 'CN=root' },
      { scheme: 'x509', id: 'CN=root' },
    ]);
  });
});
