import { utf8Bytes } from '@zk/jute';
import { DEFAULT_HASH_SEED, hashMore, hashMultiplier, hashPath, rootHash } from './path-hash.js';

const hash = (path: string): number => {
  const bytes = utf8Bytes(path);
  return hashPath(bytes, 0, bytes.length);
};

describe('hashPath', () => {
  it('gives both names of the root the same hash', () => {
    expect(hash('')).toBe(hash('/'));
    expect(hash('')).toBe(rootHash(DEFAULT_HASH_SEED));
  });

  it('continues from the parent to the child', () => {
    const name = utf8Bytes('/child');
    expect(hashMore(hash('/parent'), hashMultiplier(DEFAULT_HASH_SEED), name, 0, name.length)).toBe(
      hash('/parent/child'),
    );
  });

  it.each([[0], [1], [-1], [DEFAULT_HASH_SEED], [0x7fff_ffff]])('multiplies by an odd number for seed %i', (seed) => {
    expect(hashMultiplier(seed) & 7).toBe(5);
    expect(Math.abs(hashMultiplier(seed))).toBeGreaterThan(0xffff);
  });

  it.each([[1], [2], [DEFAULT_HASH_SEED]])('spreads names in a row under seed %i about as chance would', (seed) => {
    const start = rootHash(seed);
    const multiplier = hashMultiplier(seed);
    const name = utf8Bytes('/n/0000000');
    const seen = new Set<number>();
    const count = 100_000;
    for (let i = 0; i < count; i++) {
      for (let d = 0, rest = i; d < 7; d++, rest = Math.floor(rest / 10)) name[9 - d] = 0x30 + (rest % 10);
      seen.add(hashMore(start, multiplier, name, 0, name.length));
    }
    // Chance makes about one pair in 100,000 of 2^32 equal.
    expect(count - seen.size).toBeLessThan(50);
  });
});
