import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { DigestAuthProvider, digestId } from './digest-auth-provider.js';

const peer = { remoteAddress: '127.0.0.1' };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('digestId', () => {
  it.each([
    ['bob:pw', undefined, 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM='],
    ['super:test', undefined, 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='],
    ['super:test', 'sha-1', 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='],
    ['super:test', 'SHA', 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='],
    ['bob:pw', 'SHA-256', `bob:${createHash('sha256').update('bob:pw').digest('base64')}`],
    ['bob:pw', 'SHA3-256', `bob:${createHash('sha3-256').update('bob:pw').digest('base64')}`],
    ['bob:pw', 'SHA-512/256', `bob:${createHash('sha512-256').update('bob:pw').digest('base64')}`],
    ['bob:p:w', 'md5', `bob:${createHash('md5').update('bob:p:w').digest('base64')}`],
    ['no colon', undefined, `no colon:${createHash('sha1').update('no colon').digest('base64')}`],
    ['', undefined, `:${createHash('sha1').update('').digest('base64')}`],
    ['zoë:ünlü', undefined, `zoë:${createHash('sha1').update('zoë:ünlü', 'utf8').digest('base64')}`],
  ])('of %j with %s is %s', (text, algorithm, expected) => {
    expect(digestId(text, algorithm)).toBe(expected);
  });

  it('refuses an algorithm nobody knows', () => {
    expect(() => digestId('bob:pw', 'rot13')).toThrow('"rot13"');
    expect(() => new DigestAuthProvider({ algorithm: 'rot13' })).toThrow('"rot13"');
  });
});

describe('DigestAuthProvider', () => {
  it.each(['bob:pw', 'bob', '', 'bob:', ':pw', 'bob:pw:more'])('takes %j, whatever its form', (text) => {
    const padded = bytes(`xx${text}`).subarray(2);
    expect(new DigestAuthProvider().authenticate(peer, padded)).toEqual([{ scheme: 'digest', id: digestId(text) }]);
  });

  it('refuses an auth packet without bytes', () => {
    expect(new DigestAuthProvider().authenticate(peer, null)).toBeUndefined();
  });

  it('adds the super id, first, for whoever knows the super password', () => {
    const provider = new DigestAuthProvider({ superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' });
    expect(provider.authenticate(peer, bytes('super:test'))).toEqual([
      { scheme: 'super', id: '' },
      { scheme: 'digest', id: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' },
    ]);
    expect(provider.authenticate(peer, bytes('super:guess'))).toEqual([
      { scheme: 'digest', id: digestId('super:guess') },
    ]);
  });

  it.each([
    ['bob:hash', true],
    [':hash', true],
    ['bob:hash:', true],
    ['bob:hash:::', true],
    ['bob', false],
    ['bob:', false],
    ['bob::', false],
    [':', false],
    ['', false],
    ['bob:a:b', false],
    ['bob::b', false],
  ])('an ACL may carry the id %j: %p', (id, expected) => {
    expect(new DigestAuthProvider().isValid(id)).toBe(expected);
  });

  // Looked at in a way that takes the square of their number, the test would not end.
  it('looks at a million colons once each', () => {
    const colons = ':'.repeat(1_000_000);
    expect(new DigestAuthProvider().isValid(`${colons}x`)).toBe(false);
    expect(new DigestAuthProvider().isValid(`bob:x${colons}`)).toBe(true);
  });

  it('matches an id with itself only', () => {
    const provider = new DigestAuthProvider();
    expect(provider.matches('bob:h', 'bob:h')).toBe(true);
    expect(provider.matches('bob:h', 'bob:H')).toBe(false);
    expect(provider.matches('bob:h', 'bob')).toBe(false);
  });

  it.each([
    ['bob:hash', 'bob'],
    ['bob:a:b', 'bob'],
    ['bob', 'bob'],
    [':hash', ''],
    ['', ''],
  ])('shows the id %j as user %j', (id, user) => {
    expect(new DigestAuthProvider().userName(id)).toBe(user);
  });

  it('proves ids that an ACL may carry and that match themselves', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (user, password) => {
        const provider = new DigestAuthProvider();
        const [proved] = provider.authenticate(peer, bytes(`${user}:${password}`))!;
        expect(provider.isValid(proved!.id)).toBe(true);
        expect(provider.matches(proved!.id, digestId(`${user}:${password}`))).toBe(true);
      }),
    );
  });
});
