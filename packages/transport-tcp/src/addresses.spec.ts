import { plainAddress } from './addresses.js';

describe('plainAddress', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:0:1', '::ffff:0:1'],
    [undefined, ''],
  ])('shows %s as %j', (address, expected) => {
    expect(plainAddress(address)).toBe(expected);
  });
});
