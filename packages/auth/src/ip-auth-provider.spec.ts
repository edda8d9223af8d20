import * as fc from 'fast-check';
import { IpAuthProvider, addressText } from './ip-auth-provider.js';

const provider = new IpAuthProvider();

describe('IpAuthProvider: ids an ACL may carry', () => {
  it.each([
    ['10.0.0.1', true],
    ['0.0.0.0', true],
    ['255.255.255.255', true],
    ['10.0.0.1/0', true],
    ['10.0.0.1/32', true],
    ['10.0.0.1/+8', true],
    ['010.0.0.1', true],
    ['10.0.0.1/33', false],
    ['10.0.0.1/-1', false],
    ['10.0.0.1/', false],
    ['10.0.0.1/8/8', false],
    ['10.0.0.1/x', false],
    ['10.0.0.1/8.0', false],
    ['10.0.0', false],
    ['10.0.0.1.2', false],
    ['10.0.0.256', false],
    ['10.0.0.', false],
    ['10.0.0.0x1', false],
    ['10.0.0.1 ', false],
    ['167772161', false],
    ['localhost', false],
    ['', false],
    ['/8', false],
    ['::1', true],
    ['::', true],
    ['::/0', true],
    ['1:2:3:4:5:6:7:8', true],
    ['2001:DB8::1/128', true],
    ['2001:db8::/32', true],
    ['1::8', true],
    ['2001:db8::/129', false],
    ['1:2:3:4:5:6:7', false],
    ['1:2:3:4:5:6:7:8:9', false],
    ['1::2::3', false],
    ['::12345', false],
    ['::00001', false],
    ['::g', false],
    ['::ffff:10.0.0.1', false],
    ['fe80::1%eth0', false],
    ['[::1]', false],
    [':', false],
    [':::', false],
  ])('%j: %p', (id, expected) => {
    expect(provider.isValid(id)).toBe(expected);
  });
});

describe('IpAuthProvider: matching', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.1.2.3', '10.1.0.0/16', true],
    ['10.1.2.3', '10.1.99.99/16', true],
    ['10.1.2.3', '10.2.0.0/16', false],
    ['10.1.2.3', '10.1.2.0/31', false],
    ['10.1.2.3', '10.1.2.2/31', true],
    ['10.1.2.3', '1.1.1.1/0', true],
    ['10.1.2.3', '10.1.2.3/33', false],
    ['10.1.2.3', '10.1.2.3/x', false],
    ['10.1.2.3', '010.1.2.3', true],
    ['8.1.2.3', '010.1.2.3', false],
    ['10.1.2.3', '::/0', false],
    ['::1', '0.0.0.0/0', false],
    ['0:0:0:0:0:0:0:1', '::1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['2001:db8:0:0:0:0:0:7', '2001:db8::/32', true],
    ['2001:db9:0:0:0:0:0:7', '2001:db8::/32', false],
    ['2001:db9:0:0:0:0:0:7', '2001:db8::/31', true],
    ['2001:DB8::7', '2001:db8::7', true],
    ['0:0:0:0:0:ffff:a01:203', '10.1.2.3', false],
    ['memory', '10.1.2.3', false],
    ['10.1.2.3', 'memory', false],
  ])('a connection from %s and an ACL for %s: %p', (connectionId, aclId, expected) => {
    expect(provider.matches(connectionId, aclId)).toBe(expected);
  });

  it('compares exactly the leading bits', () => {
    const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
    const asNumber = (parts: readonly number[]): bigint => parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    fc.assert(
      fc.property(octets, octets, fc.nat(32), fc.nat(32), (a, other, same, bits) => {
        // Two addresses that agree in about `same` bits, else the comparison would nearly always be false.
        const keep = BigInt(32 - same);
        const mixed = ((asNumber(a) >> keep) << keep) | (asNumber(other) & ((1n << keep) - 1n));
        const b = [24n, 16n, 8n, 0n].map((shift) => Number((mixed >> shift) & 255n));
        const isEqual = asNumber(a) >> BigInt(32 - bits) === mixed >> BigInt(32 - bits);
        expect(provider.matches(a.join('.'), `${b.join('.')}/${bits}`)).toBe(isEqual);
      }),
    );
  });
});

describe('IpAuthProvider: connections', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['2001:DB8::A', '2001:db8:0:0:0:0:0:a'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::ffff:a01:203', '10.1.2.3'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
    ['memory', 'memory'],
    ['', ''],
  ])('from %j have the id %j', (remoteAddress, id) => {
    expect(addressText(remoteAddress)).toBe(id);
    expect(provider.authenticate({ remoteAddress })).toEqual([{ scheme: 'ip', id }]);
  });

  it('are shown by their address and count as nobody in particular', () => {
    expect(provider.userName('10.1.2.3')).toBe('10.1.2.3');
    expect(provider.isAuthenticated).toBe(false);
  });
});
