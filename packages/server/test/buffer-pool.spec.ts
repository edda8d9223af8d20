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
});
