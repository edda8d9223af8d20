import fc from 'fast-check';
import { DataTree } from '../src/index.js';
import { expectSame } from './compare-trees.js';
import { ModelTree } from './model-tree.js';
import { txns } from './random-txns.js';
import { txnBytes } from './txns.js';

describe('a tree to which random transactions are applied', () => {
  it('is what the plain model is: znodes, Stats, ACLs, owners, digest, events, results', () => {
    fc.assert(
      fc.property(txns(60), fc.integer(), (all, hashSeed) => {
        const events: string[] = [];
        const tree = new DataTree({
          hashSeed,
          listener: {
            created: (node, parent) => {
              expect(tree.parent(node)).toBe(parent);
              events.push(`created ${tree.pathOf(node)}`);
            },
            deleted: (node, parent) => {
              expect(tree.parent(node)).toBe(parent);
              expect(tree.acls.entries(tree.aclKey(node)).length).toBeGreaterThan(0);
              events.push(`deleted ${tree.pathOf(node)}`);
            },
            changed: (node) => events.push(`changed ${tree.pathOf(node)}`),
          },
        });
        const model = new ModelTree();
        for (const txn of all) {
          const code = model.apply(txn);
          const bytes = txnBytes(txn, model.digest());
          tree.apply(bytes, 0, bytes.length);
          expect(tree.lastError).toBe(code);
        }
        expectSame(tree, model);
        expect(events.sort()).toEqual(model.events.sort());
      }),
      { numRuns: 300 },
    );
  });

  it('reports no digest that the model predicted', () => {
    fc.assert(
      fc.property(txns(40), (all) => {
        const mismatches: number[] = [];
        const tree = new DataTree({ onDigestMismatch: (_hi, lo) => mismatches.push(lo) });
        const model = new ModelTree();
        for (const txn of all) {
          model.apply(txn);
          const bytes = txnBytes(txn, txn.op.kind === 'error' ? undefined : model.digest());
          tree.apply(bytes, 0, bytes.length);
        }
        expect(mismatches).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('takes part of a transaction for damage, wherever it is cut off', () => {
    fc.assert(
      fc.property(txns(4), (all) => {
        for (const txn of all) {
          const bytes = txnBytes(txn);
          const mayEndEarly = txn.op.kind === 'closeSession' || txn.op.kind === 'create';
          for (let end = 0; end < bytes.length && !mayEndEarly; end++) {
            expect(() => new DataTree().apply(bytes, 0, end)).toThrow(
              expect.objectContaining({ name: 'MarshallingError' }),
            );
          }
        }
      }),
      { numRuns: 10 },
    );
  });
});
