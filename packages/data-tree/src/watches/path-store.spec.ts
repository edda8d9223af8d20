import * as fc from 'fast-check';
import { PathStore } from './path-store.js';

const path = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.nat(1500).map((length) => 'p'.repeat(length)),
);

describe('PathStore', () => {
  it('gives back every path that was kept and not forgotten', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ path, forget: fc.nat(3) }), { maxLength: 150 }), (steps) => {
        const store = new PathStore();
        const kept: { ref: number; bytes: Uint8Array }[] = [];
        for (const step of steps) {
          const bytes = new TextEncoder().encode(step.path);
          kept.push({ ref: store.add(new Uint8Array([1, ...bytes, 2]), 1, bytes.length + 1), bytes });
          const gone = kept[step.forget * 7];
          if (gone !== undefined) {
            store.remove(gone.ref, gone.bytes.length);
            kept.splice(step.forget * 7, 1);
          }
        }
        for (const each of kept) {
          expect(store.isEqual(each.ref, each.bytes, 0, each.bytes.length)).toBe(true);
          expect([...store.view(each.ref, each.bytes.length)]).toEqual([...each.bytes]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('uses the place of a forgotten path again', () => {
    const store = new PathStore();
    const bytes = new Uint8Array(40).fill(65);
    store.add(bytes, 0, 1);
    const ref = store.add(bytes, 0, 40);
    store.remove(ref, 40);
    expect(store.add(bytes, 0, 33)).toBe(ref);
  });

  it('fills many chunks', () => {
    const store = new PathStore();
    const refs = Array.from({ length: 3000 }, (_, i) => store.add(new Uint8Array(100).fill(i), 0, 100));
    const isKept = refs.map((ref, i) => store.isEqual(ref, new Uint8Array(100).fill(i), 0, 100));
    expect(isKept).not.toContain(false);
  });
});
