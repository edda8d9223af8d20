import fc from 'fast-check';
import type { LogEntry } from './log-entry.js';
import { RecentEntries } from './recent-entries.js';

const entry = (zxid: bigint, sizeBytes = 3): LogEntry => ({
  zxid,
  txn: new Uint8Array(sizeBytes).fill(Number(zxid & 0xffn)),
});
const contents = (recent: RecentEntries): LogEntry[] => Array.from({ length: recent.length }, (_, i) => recent.at(i));

test('the window holds the last transactions in their order, at least as many as the limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(300), { maxLength: 200 }), (limit, sizes) => {
      const recent = new RecentEntries(limit);
      const all = sizes.map((sizeBytes, i) => entry(0x7000_0000_0000_0001n + BigInt(i), sizeBytes));
      for (const one of all) recent.add(one);

      expect(recent.length).toBeGreaterThanOrEqual(Math.min(limit, all.length));
      expect(recent.length).toBeLessThanOrEqual(2 * limit);
      expect(contents(recent)).toEqual(all.slice(all.length - recent.length));
      expect(recent.first).toEqual(all[all.length - recent.length]);
      expect(recent.last).toEqual(all.at(-1));
      all.forEach(({ zxid }, i) => expect(recent.indexFrom(zxid)).toBe(Math.max(0, i - (all.length - recent.length))));
    }),
  );
});

test('what it holds is a copy: neither the bytes that were added nor those it hands out are used again', () => {
  const recent = new RecentEntries(2);
  const source = entry(1n);
  recent.add(source);
  source.txn.fill(0);
  const handedOut = recent.first!;
  for (let zxid = 2n; zxid < 9n; zxid++) recent.add(entry(zxid));
  expect(handedOut).toEqual(entry(1n));
});

test('a transaction that does not follow the last one empties the window first', () => {
  const recent = new RecentEntries(500);
  recent.reset([entry(1n), entry(2n)]);
  recent.add(entry(4n));
  expect(contents(recent)).toEqual([entry(4n)]);
});

test('the first transaction of a later epoch follows', () => {
  const recent = new RecentEntries(500);
  recent.reset([entry(0x1_0000_0005n), entry(0x2_0000_0001n)]);
  expect(recent.length).toBe(2);
});

test('very large transactions are held by their bytes, not by their number', () => {
  const recent = new RecentEntries(500);
  for (let zxid = 1n; zxid <= 40n; zxid++) recent.add(entry(zxid, 1 << 20));
  expect(recent.length).toBeLessThanOrEqual(32);
  expect(recent.length).toBeGreaterThanOrEqual(16);
  expect(recent.last!.zxid).toBe(40n);
});

test('an empty window has no first, no last, and no position but 0', () => {
  const recent = new RecentEntries(500);
  expect([recent.first, recent.last, recent.indexFrom(7n)]).toEqual([undefined, undefined, 0]);
});
