import { TxnArena } from './txn-arena.js';

describe('TxnArena', () => {
  function put(arena: TxnArena, size: number, value: number) {
    arena.reserve(size);
    const { chunk, position } = arena;
    chunk.bytes.fill(value, position, position + size);
    arena.commit(position + size);
    return { chunk, start: position, end: position + size, value };
  }

  it('never overwrites a transaction that is not released', () => {
    const arena = new TxnArena();
    const live = Array.from({ length: 40 }, (_, i) => put(arena, 10_000 + i, i));
    for (const { chunk, start, end, value } of live) {
      expect(chunk.bytes.subarray(start, end).every((byte) => byte === value)).toBe(true);
    }
  });

  it('uses a chunk again once everything in it was released', () => {
    const arena = new TxnArena();
    const first = put(arena, 50_000, 1);
    const second = put(arena, 50_000, 2);
    expect(second.chunk === first.chunk).toBe(false);
    arena.release(first.chunk);
    const third = put(arena, 50_000, 3);
    expect(third.chunk === first.chunk).toBe(true);
  });

  it('gives a transaction longer than a chunk one of its own', () => {
    const arena = new TxnArena();
    const { chunk } = put(arena, 1_000_000, 7);
    expect(chunk.bytes.length).toBe(1_000_000);
  });
});
