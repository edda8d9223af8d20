import fc from 'fast-check';
import type { ChangeRecord } from './change-record.js';
import { Overlay } from './overlay.js';

const bytesOf = (path: string): Uint8Array => new TextEncoder().encode(path);
/** Few enough that paths share a bucket. */
const hashOf = (path: string): number => path.length;

describe('Overlay', () => {
  function obtain(overlay: Overlay, path: string): ChangeRecord {
    const bytes = bytesOf(path);
    const known = overlay.find(hashOf(path), bytes, 0, bytes.length);
    if (known !== null) return known;
    const record = overlay.add(hashOf(path), bytes, 0, bytes.length);
    record.exists = false;
    record.words.fill(0);
    record.dataLength = 0;
    return record;
  }

  function change(overlay: Overlay, path: string, value: number): void {
    const record = obtain(overlay, path);
    overlay.touch(record);
    record.exists = true;
    record.dataLength = value;
  }

  const valueAt = (overlay: Overlay, path: string): number | undefined => {
    const bytes = bytesOf(path);
    return overlay.find(hashOf(path), bytes, 0, bytes.length)?.dataLength;
  };

  it('finds what was changed until the last transaction that changed it is released', () => {
    const overlay = new Overlay();
    change(overlay, '/a', 1);
    change(overlay, '/a', 2);
    change(overlay, '/b', 3);
    expect([valueAt(overlay, '/a'), valueAt(overlay, '/b'), valueAt(overlay, '/c')]).toEqual([2, 3, undefined]);
    overlay.release(1);
    expect(valueAt(overlay, '/a')).toBe(2);
    overlay.release(1);
    expect([valueAt(overlay, '/a'), valueAt(overlay, '/b'), overlay.count]).toEqual([undefined, 3, 1]);
  });

  it('finds each of a hundred thousand, and is as small as before when all are gone', () => {
    const overlay = new Overlay();
    const buckets = (): number => (Reflect.get(overlay, 'buckets') as unknown[]).length;
    const initial = buckets();
    const pathOf = (i: number): Uint8Array => bytesOf(`/${i}`);
    for (let i = 0; i < 100_000; i++) {
      const path = pathOf(i);
      const record = overlay.add(Math.imul(i, 0x9e3779b1), path, 0, path.length);
      overlay.touch(record);
      record.dataLength = i;
    }
    expect(buckets()).toBeGreaterThan(40_000);
    for (let i = 0; i < 100_000; i++) {
      const path = pathOf(i);
      const found = overlay.find(Math.imul(i, 0x9e3779b1), path, 0, path.length)?.dataLength;
      if (found !== i) throw new Error(`${found} instead of ${i}`);
    }
    overlay.release(99_999);
    expect(overlay.count).toBe(1);
    overlay.release(1);
    expect([overlay.count, buckets()]).toEqual([0, initial]);
  });

  it('forgets what was only looked at', () => {
    const overlay = new Overlay();
    overlay.discardUnchanged(obtain(overlay, '/a'));
    expect(overlay.count).toBe(0);
    change(overlay, '/a', 1);
    overlay.discardUnchanged(obtain(overlay, '/a'));
    expect(overlay.count).toBe(1);
  });

  it('knows ephemerals as long as they are on their way', () => {
    const overlay = new Overlay();
    change(overlay, '/e', 1);
    overlay.noteEphemeral(obtain(overlay, '/e'));
    change(overlay, '/e', 2);
    overlay.release(1);
    expect(overlay.ephemerals.size).toBe(1);
    overlay.release(1);
    expect(overlay.ephemerals.size).toBe(0);
  });

  it('behaves like a list of transactions of which the newest change of a path counts', () => {
    const path = fc.constantFrom('/a', '/b', '/cc', '/dd', '/longer/path');
    const changes = fc.array(fc.tuple(path, fc.nat(100)), { maxLength: 6 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('transaction' as const), changes }),
      fc.record({ kind: fc.constant('failed multi' as const), changes }),
      fc.record({ kind: fc.constant('release' as const) }),
      fc.record({ kind: fc.constant('look' as const), path }),
      fc.record({ kind: fc.constant('clear' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const overlay = new Overlay();
        let waiting: (readonly (readonly [string, number])[])[] = [];
        for (const s of steps) {
          if (s.kind === 'transaction') {
            const before = overlay.changes;
            for (const [p, value] of s.changes) change(overlay, p, value);
            expect(overlay.changes - before).toBe(s.changes.length);
            waiting.push(s.changes);
          } else if (s.kind === 'failed multi') {
            overlay.begin();
            for (const [p, value] of s.changes) change(overlay, p, value + 1000);
            overlay.rollback();
          } else if (s.kind === 'release') {
            const first = waiting.shift();
            if (first !== undefined) overlay.release(first.length);
          } else if (s.kind === 'look') {
            overlay.discardUnchanged(obtain(overlay, s.path));
          } else {
            overlay.clear();
            waiting = [];
          }
          const expected = new Map(waiting.flat());
          for (const p of ['/a', '/b', '/cc', '/dd', '/longer/path']) expect(valueAt(overlay, p)).toBe(expected.get(p));
          expect(overlay.count).toBe(expected.size);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeps a multi that succeeds', () => {
    const overlay = new Overlay();
    overlay.begin();
    change(overlay, '/a', 1);
    overlay.keep();
    overlay.begin();
    change(overlay, '/a', 2);
    overlay.rollback();
    expect(valueAt(overlay, '/a')).toBe(1);
  });
});
