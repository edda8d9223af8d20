import { hiOf, loOf } from './int64.js';
import { type LogOrder, gapError, orderOf } from './log-order.js';

const words = (zxid: bigint): [hi: number, lo: number] => [hiOf(zxid), loOf(zxid)];

describe('a zxid in a log', () => {
  it.each<[string, bigint, bigint, LogOrder]>([
    ['is one more', 0x100000001n, 0x100000002n, 'next'],
    ['is the same', 0x100000001n, 0x100000001n, 'repeated'],
    ['is two more', 0x100000001n, 0x100000003n, 'gap'],
    ['is less', 0x100000002n, 0x100000001n, 'gap'],
    ['passes the sign of the counter', 0x17fffffffn, 0x180000000n, 'next'],
    ['begins a counter anew in its own epoch', 0x1ffffffffn, 0x100000000n, 'gap'],
    ['begins the next epoch', 0x100000005n, 0x200000001n, 'next'],
    ['begins a later epoch', 0x100000005n, 0x900000001n, 'next'],
    ['begins an earlier epoch', 0x200000005n, 0x100000001n, 'gap'],
    ['is the second of the next epoch', 0x100000005n, 0x200000002n, 'gap'],
    ['is none of the next epoch', 0x100000005n, 0x200000000n, 'gap'],
    ['is one more, across the epoch', 0x1ffffffffn, 0x200000000n, 'next'],
    ['is the first of all', 0n, 1n, 'next'],
  ])('that %s: %#', (_what, before, zxid, expected) => {
    expect(orderOf(...words(zxid), ...words(before))).toBe(expected);
  });

  it.each([
    ['is missing others before it', 0x100000001n, 0x100000003n, 'transactions between them are missing'],
    [
      'is less than the one before',
      0x100000003n,
      0x100000001n,
      'zxid 0x100000001 follows 0x100000003, which is greater',
    ],
  ])('that %s is told with its place', (_what, before, zxid, message) => {
    const error = gapError('/data/log.1', 32, ...words(zxid), ...words(before));
    expect(error.message).toContain(message);
    expect(error.message).toContain('/data/log.1');
  });
});
