import { X509AuthProvider } from './x509-auth-provider.js';

const ann = { remoteAddress: '10.0.0.1', certificateSubject: 'CN=ann,O=Example' };

describe('X509AuthProvider', () => {
  it('proves the subject of the certificate, and nothing without one', () => {
    expect(new X509AuthProvider().authenticate(ann)).toEqual([{ scheme: 'x509', id: 'CN=ann,O=Example' }]);
    expect(new X509AuthProvider().authenticate({ remoteAddress: '10.0.0.1' })).toBeUndefined();
  });

  it('makes the configured subject super', () => {
    expect(new X509AuthProvider({ superUser: 'CN=ann,O=Example' }).authenticate(ann)).toEqual([
      { scheme: 'super', id: 'CN=ann,O=Example' },
      { scheme: 'x509', id: 'CN=ann,O=Example' },
    ]);
    expect(new X509AuthProvider({ superUser: 'CN=bob' }).authenticate(ann)).toHaveLength(1);
  });

  it.each([
    ['CN=ann', 'CN=ann', undefined, true],
    ['CN=ann', 'cn=ann', undefined, false],
    ['CN=ann', 'CN=bob', undefined, false],
    ['CN=ann', 'CN=bob', 'CN=ann', true],
    ['CN=ann', 'CN=bob', 'CN=bob', false],
  ])('the connection %s and an ACL for %s, super user %s: %p', (connectionId, aclId, superUser, expected) => {
    const provider = new X509AuthProvider(superUser === undefined ? {} : { superUser });
    expect(provider.matches(connectionId, aclId)).toBe(expected);
  });

  it('counts as authenticated and shows the subject as user', () => {
    const provider = new X509AuthProvider();
    expect(provider.isAuthenticated).toBe(true);
    expect(provider.userName('CN=ann')).toBe('CN=ann');
  });

  it.each([
    ['CN=ann', true],
    ['', true],
    ['CN=ann,OU=db+OU=ops,O="Example, Inc.",C=DE', true],
    ['cn = ann ; o = Example', true],
    ['CN=Lu\\C4\\8Di\\C4\\87', true],
    ['CN=a\\,b', true],
    ['CN=#04024869', true],
    ['CN=a=b', true],
    ['CN=', true],
    ['2.5.4.3=ann', true],
    ['OID.2.5.4.3=ann', true],
    ['EMAILADDRESS=ann@example.com,DC=example,DC=com', true],
    ['ann', false],
    ['CN', false],
    ['=ann', false],
    ['CN=ann,', false],
    ['CN=ann,,O=x', false],
    ['XX=ann', false],
    ['CN=a"b', false],
    ['CN="open', false],
    ['CN="a"b', false],
    ['CN=#0', false],
    ['CN=a<b', false],
    ['CN=a\\', false],
    ['3.1=x', false],
  ])('an ACL may carry the id %j: %p', (id, expected) => {
    expect(new X509AuthProvider().isValid(id)).toBe(expected);
  });

  it('judges a very long name in time proportional to its length', () => {
    const long = `CN=${'a\\,'.repeat(100_000)}`;
    expect(new X509AuthProvider().isValid(long)).toBe(true);
    expect(new X509AuthProvider().isValid(`${long}<`)).toBe(false);
  });

  it('refuses a name that is longer than that of any certificate', () => {
    expect(new X509AuthProvider().isValid(`CN=${'a'.repeat(16_000_000)}`)).toBe(false);
  });
});
