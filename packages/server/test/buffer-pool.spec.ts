import { BufferPool } from '../src/buffer-pool.js';

const KIB = 1024;

describe('output buffers', () => {
  it.each([
    [1, KIB],
    [KIB, KIB],
    [KIB + 1, 16 * KIB],
    [17 * KIB, 64 * KIB],
    [256 * KIB, 256 * KIB],
    [256 * KIB + 1, 256 * KIB + 1],
  ])('for %i bytes have %i', (minimum, length) => {
    expect(new BufferPool().borrow(minimum)).toHaveLength(length);
  });

  it.each([
    ['of 1 KiB for thousands of clients that are told of one event', KIB, 4096],
    ['of 16 KiB', 16 * KIB, 256],
    ['of 64 KiB', 64 * KIB, 64],
    ['of 256 KiB', 256 * KIB, 16],
    ['larger than that, none', 257 * KIB, 0],
  ])('are kept %s, up to 4 MiB per size', (_what, size, kept) => {
    const pool = new BufferPool();
    const borrowed = Array.from({ length: kept + 1 }, () => pool.borrow(size));
    for (const buffer of borrowed) pool.giveBack(buffer);
    const again = new Set(Array.from({ length: kept + 1 }, () => pool.borrow(size)));
    expect(borrowed.filter((buffer) => again.has(buffer))).toHaveLength(kept);
  });

  it('are counted while they are borrowed, at the size they have', () => {
    const pool = new BufferPool();
    const buffers = [1, 20 * KIB, 300 * KIB].map((size) => pool.borrow(size));
    expect(pool.borrowedBytes).toBe((1 + 64 + 300) * KIB);
    for (const buffer of buffers) pool.giveBack(buffer);
    expect(pool.borrowedBytes).toBe(0);
  });

  it('are let go once nobody has needed them for a minute', () => {
    const pool = new BufferPool();
    const borrow = (count: number): Set<Uint8Array> => new Set(Array.from({ length: count }, () => pool.borrow(1)));
    const giveBack = (buffers: Iterable<Uint8Array>): void => {
      for (const buffer of buffers) pool.giveBack(buffer);
    };
    const busy = borrow(10);
    giveBack(busy);
    pool.trim(60_000);
    giveBack(borrow(3));
    pool.trim(119_999);
    expect(kept(borrow(10), busy)).toBe(10);
    giveBack(busy);
    pool.trim(120_000);
    giveBack(borrow(3));
    pool.trim(180_000);
    expect(kept(borrow(10), busy)).toBe(3);
  });
});

function kept(buffers: Iterable<Uint8Array>, earlier: ReadonlySet<Uint8Array>): number {
  return [...buffers].filter((buffer) => earlier.has(buffer)).length;
}
