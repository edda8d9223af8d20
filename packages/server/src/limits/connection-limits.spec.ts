import { ConnectionLimits } from './connection-limits.js';

const enterMany = (limits: ConnectionLimits, address: string, count: number): unknown =>
  Array.from({ length: count }, () => limits.enter(address)).at(-1);

describe('ConnectionLimits', () => {
  it('admits 60 from one address by default, any number in all', () => {
    const limits = new ConnectionLimits();
    expect(enterMany(limits, '192.0.2.1', 60)).toBeUndefined();
    expect(limits.enter('192.0.2.1')).toBe('too-many-from-address');
    for (let i = 0; i < 200; i++) expect(limits.enter(`198.51.100.${String(i)}`)).toBeUndefined();
    expect([limits.count, limits.countFrom('192.0.2.1')]).toEqual([260, 60]);
  });

  it.each([
    [
      'both bounds',
      { maxPerAddress: 2, maxTotal: 3 },
      ['a', 'a', 'a', 'b', 'b'],
      ['', '', 'too-many-from-address', '', 'too-many-connections'],
    ],
    ['no bound', { maxPerAddress: 0, maxTotal: 0 }, ['a', 'a', 'a'], ['', '', '']],
    ['the total before the address', { maxPerAddress: 1, maxTotal: 1 }, ['a', 'a'], ['', 'too-many-connections']],
  ])('applies %s', (_, options, addresses, expected) => {
    const limits = new ConnectionLimits(options);
    expect(addresses.map((address) => limits.enter(address) ?? '')).toEqual(expected);
  });

  it('makes room when a connection leaves, and forgets addresses that have none', () => {
    const limits = new ConnectionLimits({ maxPerAddress: 1 });
    limits.enter('::1');
    expect(limits.enter('::1')).toBe('too-many-from-address');
    limits.leave('::1');
    expect([limits.count, limits.countFrom('::1')]).toEqual([0, 0]);
    expect(limits.enter('::1')).toBeUndefined();
  });

  it('does not count a refused connection', () => {
    const limits = new ConnectionLimits({ maxPerAddress: 1 });
    enterMany(limits, 'a', 5);
    expect(limits.count).toBe(1);
    limits.leave('a');
    expect(() => limits.leave('a')).toThrow('no connection from a was counted in');
  });
});
