import type { Acl } from '@zk/model';
import { int64 } from '@zk/model';
import fc from 'fast-check';
import { DataTree, SnapshotDecoder, SnapshotEncoder } from '../src/index.js';
import { describeTree, expectSame } from './compare-trees.js';
import type { Wish } from './leader.js';
import { Leader } from './leader.js';
import { MemorySink, tickingClock } from './memory-sink.js';
import { txnBytes } from './txns.js';

const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 })
  .map((names) => `/${names.join('/')}`);

// Few paths and many deletions, so that the znode the encoder would write next is often gone.
const wish: fc.Arbitrary<Wish> = fc.record({
  kind: fc.constantFrom(
    'create',
    'create',
    'create2',
    'ephemeral',
    'container',
    'delete',
    'delete',
    'setData',
    'setAcl',
    'closeSession',
  ),
  path,
  size: fc.constantFrom('long', 'long', 'short', 'null'),
  acl: fc
    .integer({ min: 1, max: 9 })
    .map((n): readonly Acl[] => [{ perms: 31, scheme: 'digest', id: `user${n}:hash` }]),
  session: fc.constantFrom(0x1_0000_0000_0001n, 0x2_0000_0000_0002n),
});

const creation = wish.map((each): Wish => ({ ...each, kind: 'create' }));

const turn = fc.record({
  wishes: fc.array(wish, { minLength: 1, maxLength: 3 }),
  steps: fc.integer({ min: 0, max: 1 }),
});

describe('a snapshot that is written while transactions are applied', () => {
  it.each(['file', 'stream'] as const)(
    'gives the tree of the writer once the rest is applied again, as a %s',
    (form) => {
      fc.assert(
        fc.property(
          fc.array(fc.array(creation, { minLength: 1, maxLength: 2 }), { minLength: 15, maxLength: 40 }),
          fc.array(turn, { minLength: 10, maxLength: 30 }),
          (before, turns) => {
            const leader = new Leader();
            const tree = new DataTree();
            const log: { zxid: bigint; bytes: Uint8Array }[] = [];
            const submit = (wishes: readonly Wish[]): void => {
              const txn = leader.transaction(wishes);
              if (txn === undefined) return;
              const bytes = txnBytes(txn, leader.model.digest());
              log.push({ zxid: txn.zxid, bytes });
              tree.apply(bytes, 0, bytes.length);
            };
            before.forEach(submit);
            const sink = new MemorySink();
            const encoder = new SnapshotEncoder(tree, [{ id: 1n, timeoutMs: 10_000 }], sink, { form });
            const clock = tickingClock(1);
            let isDone = false;
            for (const { wishes, steps } of turns) {
              for (let i = 0; i < steps && !isDone; i++) isDone = encoder.step(0, clock);
              submit(wishes);
            }
            while (!isDone) isDone = encoder.step(0, clock);

            const mismatches: bigint[] = [];
            const onDigestMismatch = (hi: number, lo: number): void => void mismatches.push(int64(hi, lo));
            const decoder = new SnapshotDecoder({ form, zxid: encoder.zxid, tree: { onDigestMismatch, hashSeed: 42 } });
            decoder.push(sink.bytes());
            const loaded = decoder.finish();
            for (const { zxid, bytes } of log) if (zxid > encoder.zxid) loaded.tree.apply(bytes, 0, bytes.length);
            expectSame(tree, leader.model);
            expect([...describeTree(loaded.tree)].sort()).toEqual([...describeTree(tree)].sort());
            expectSame(loaded.tree, leader.model);
            expect(loaded.tree.acls.size).toBe(tree.acls.size);
            expect(mismatches).toEqual([]);
            expect(tree.cursors).toEqual([]);

            submit([{ kind: 'create', path: '/proved', size: 'short', acl: [], session: 1n }]);
            const { bytes } = log.at(-1)!;
            loaded.tree.apply(bytes, 0, bytes.length);
            expect(loaded.tree.hasDigestOfZxid).toBe(true);
            // The same once more is no longer right.
            const wrong = leader.transaction([
              { kind: 'create', path: '/wrong', size: 'short', acl: [], session: 1n },
            ])!;
            const wrongBytes = txnBytes(wrong, 1n);
            loaded.tree.apply(wrongBytes, 0, wrongBytes.length);
            expect(mismatches).toEqual([wrong.zxid]);
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  it('shows every znode that stays exactly once, and no znode before its parent', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
        const leader = new Leader();
        const tree = new DataTree();
        const apply = (wishes: readonly Wish[]): void => {
          const txn = leader.transaction(wishes);
          if (txn !== undefined) tree.apply(txnBytes(txn), 0, txnBytes(txn).length);
        };
        const stays = ['/s', '/s/1', '/s/1/x', '/s/2', '/t', '/t/1'];
        for (const at of stays) apply([{ kind: 'create', path: at, size: 'long', acl: [], session: 1n }]);
        const sink = new MemorySink();
        const encoder = new SnapshotEncoder(tree, [], sink, { form: 'stream' });
        const clock = tickingClock(1);
        for (const { wishes, steps } of turns) {
          for (let i = 0; i < steps; i++) encoder.step(0, clock);
          apply(wishes.filter(({ kind }) => kind !== 'closeSession'));
        }
        while (!encoder.step(0, clock));
        const decoder = new SnapshotDecoder({ form: 'stream' });
        decoder.push(sink.bytes());
        expect(decoder.isComplete).toBe(true);
        const found = describeTree(decoder.finish().tree);
        for (const at of stays) expect(found.has(at)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('lets go of the tree when it is given up, or when the sink refuses', () => {
    const tree = new DataTree();
    const encoder = new SnapshotEncoder(tree, [], new MemorySink());
    expect(tree.cursors).toHaveLength(1);
    encoder.cancel();
    encoder.cancel();
    expect(tree.cursors).toHaveLength(0);
    expect(encoder.step(1, tickingClock(1))).toBe(true);

    const failing = {
      write: (): void => {
        throw new Error('no space');
      },
      seal: (): void => undefined,
    };
    const failed = new SnapshotEncoder(tree, [], failing);
    expect(() => failed.step(1, tickingClock(0))).toThrow('no space');
    expect(tree.cursors).toHaveLength(0);
  });
});
