import * as fc from 'fast-check';
import { ByteArena } from './byte-arena.js';

const source = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7);

it('an arena gives each its own bytes, whatever is asked for before and after', () => {
  const pieces = fc.array(fc.tuple(fc.nat(90_000), fc.oneof(fc.nat(300), fc.nat(10_000))), { maxLength: 60 });
  fc.assert(
    fc.property(pieces, (wanted) => {
      const arena = new ByteArena();
      const copies = wanted.map(([start, length]) => arena.copy(source, start, start + length));
      copies.forEach((copy, i) => {
        const [start, length] = wanted[i]!;
        expect(Buffer.compare(copy, source.subarray(start, start + length))).toBe(0);
      });
    }),
  );
});

it('an arena goes on in new memory when a chunk is full', () => {
  const arena = new ByteArena();
  const pieces = Array.from({ length: 40 }, (_, i) => arena.take(8000).fill(i));
  expect(pieces.map((piece, i) => piece.length === 8000 && piece.every((byte) => byte === i))).not.toContain(false);
  expect(new Set(pieces.map((piece) => piece.buffer)).size).toBe(5);
});

it('what is long has memory of its own', () => {
  const arena = new ByteArena();
  expect(arena.take(8193).buffer.byteLength).toBe(8193);
  expect(arena.take(100).buffer).toBe(arena.take(100).buffer);
});
