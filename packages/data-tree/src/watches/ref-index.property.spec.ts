import * as fc from 'fast-check';
import { RefIndex } from './ref-index.js';

const hashOf = (key: number): number => (key & 0x1c) << 27;

/** Keys by record number; a poor hash, so that clusters form and gaps have to be closed. */
class KeyedIndex {
  private readonly keys: number[] = [];
  private sought = -1;
  readonly index = new RefIndex((ref) => this.keys[ref] === this.sought);
  private readonly refs = new Map<number, number>();

  toggle(key: number): void {
    const ref = this.refs.get(key);
    if (ref !== undefined) {
      this.index.remove(ref, hashOf(key));
      this.refs.delete(key);
    } else {
      this.keys.push(key);
      this.index.insert(this.keys.length - 1, hashOf(key));
      this.refs.set(key, this.keys.length - 1);
    }
  }

  expectComplete(upTo: number): void {
    expect(this.index.count).toBe(this.refs.size);
    for (let key = 0; key < upTo; key++) {
      this.sought = key;
      expect(this.index.find(hashOf(key))).toBe(this.refs.get(key) ?? -1);
    }
  }
}

describe('RefIndex', () => {
  it('finds exactly what is in it, whatever collides, grows and shrinks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(150), { maxLength: 500 }), (keys) => {
        const keyed = new KeyedIndex();
        keys.forEach((key, i) => {
          keyed.toggle(key);
          if (i % 10 === 0) keyed.expectComplete(150);
        });
        keyed.expectComplete(151);
      }),
      { numRuns: 60 },
    );
  });

  it('survives being filled and emptied while it is still growing or shrinking', () => {
    const keyed = new KeyedIndex();
    for (const limit of [700, 30, 690, 3, 500]) {
      for (let key = 0; key < limit; key++) keyed.toggle(key);
      keyed.expectComplete(700);
      for (let key = 0; key < limit; key++) keyed.toggle(key);
      keyed.expectComplete(700);
    }
  });
});
