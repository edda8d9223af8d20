import { READ_ACL_UNSAFE } from '@zk/model';
import { utf8Bytes } from '@zk/jute';
import { DataTree } from '../src/index.js';
import { txnBytes } from './txns.js';
import type { Op } from './txns.js';

class Load {
  readonly tree = new DataTree({ digestEnabled: false });
  private zxid = 0n;

  apply(op: Op): number {
    const bytes = txnBytes({ session: 1n, zxid: ++this.zxid, timeMs: 1, op });
    this.tree.apply(bytes, 0, bytes.length);
    return this.tree.lastError;
  }

  create(path: string, data = path): void {
    expect(this.apply({ kind: 'create', path, data, parentCversion: -1 })).toBe(0);
  }

  delete(path: string): void {
    expect(this.apply({ kind: 'delete', path })).toBe(0);
  }

  has(path: string): boolean {
    const bytes = utf8Bytes(path);
    return this.tree.find(bytes, 0, bytes.length) !== -1;
  }
}

/** The same numbers on every run. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state % limit;
  };
}

describe('a tree under churn', () => {
  it('finds every znode and no other while its index grows and shrinks', () => {
    const load = new Load();
    const next = random(7);
    const present = new Set<string>();
    for (let i = 0; i < 40; i++) load.create(`/p${i}`);
    const phases = [
      { steps: 6_000, creates: 9 },
      { steps: 6_000, creates: 5 },
      { steps: 8_000, creates: 1 },
      { steps: 3_000, creates: 8 },
    ];
    for (const { steps, creates } of phases) {
      for (let i = 0; i < steps; i++) {
        const path = `/p${next(40)}/n${next(300)}`;
        if (present.has(path)) {
          if (next(10) >= creates) {
            load.delete(path);
            present.delete(path);
          }
        } else if (next(10) < creates) {
          load.create(path);
          present.add(path);
        }
      }
      for (let p = 0; p < 40; p++) {
        for (let n = 0; n < 300; n += 3) {
          const path = `/p${p}/n${n}`;
          if (load.has(path) !== present.has(path))
            throw new Error(`${path} should${present.has(path) ? '' : ' not'} be there`);
        }
      }
      expect(load.tree.nodeCount).toBe(present.size + 40 + 5);
    }
  });

  it('ends with the memory it began with when everything created has been deleted', () => {
    // More znodes than a chunk holds; templates, so that the test is not about building transactions.
    const count = 66_000;
    const tree = new DataTree({ digestEnabled: false });
    const template = (op: Op): Uint8Array => txnBytes({ session: 1n, zxid: 1n, timeMs: 1, op });
    const applyAll = (bytes: Uint8Array): void => {
      for (let i = 0; i < count; i++) {
        for (let d = 0, rest = i; d < 5; d++, rest = Math.floor(rest / 10)) bytes[32 + 4 + 6 - d] = 0x30 + (rest % 10);
        tree.apply(bytes, 0, bytes.length);
      }
    };
    const round = (size: number): void => {
      applyAll(template({ kind: 'create', path: '/n00000', data: 'x'.repeat(size), parentCversion: -1 }));
      expect(tree.nodeCount).toBe(count + 5);
      applyAll(template({ kind: 'delete', path: '/n00000' }));
      expect(tree.nodeCount).toBe(5);
    };
    round(20);
    const before = tree.sizeBytes;
    for (const size of [60, 5, 150]) round(size);
    expect(tree.sizeBytes).toBeLessThanOrEqual(before + (4 << 20));
    expect(tree.acls.size).toBe(1);
  });

  it('keeps its index small when the same few znodes come and go', () => {
    const load = new Load();
    const before = load.tree.index.sizeBytes;
    for (let i = 0; i < 8_000; i++) {
      load.create(`/session-${i}`);
      if (i >= 50) load.delete(`/session-${i - 50}`);
    }
    expect(load.tree.index.sizeBytes).toBeLessThanOrEqual(before * 4);
    expect(load.has('/session-7999')).toBe(true);
    expect(load.has('/session-100')).toBe(false);
  });

  it.each<[what: string, ops: readonly Op[], more: number]>([
    ['a create', [{ kind: 'create', path: '/a/x', data: 'x', parentCversion: -1 }], 0],
    [
      'a create of an ephemeral',
      [{ kind: 'create', path: '/a/x', data: null, ephemeral: true, parentCversion: -1 }],
      1,
    ],
    ['a create below it', [{ kind: 'create', path: '/a/b/x', data: null, parentCversion: -1 }], 1],
    ['setData', [{ kind: 'setData', path: '/a/b', data: 'y', version: 1 }], 1],
    ['setData twice', [1, 2].map((version) => ({ kind: 'setData' as const, path: '/a/b', data: 'y', version })), 1],
    ['setACL', [{ kind: 'setAcl', path: '/a/b', acl: READ_ACL_UNSAFE, version: 1 }], 1],
  ])('after %s has Stat records for what is not as it was created, and none when all is gone', (_, ops, more) => {
    const load = new Load();
    const atFirst = load.tree.stats.count;
    load.create('/a');
    load.create('/a/b');
    const before = load.tree.stats.count;
    expect(before).toBe(atFirst + 1);
    for (const op of ops) expect(load.apply(op)).toBe(0);
    expect(load.tree.stats.count).toBe(before + more);
    for (const path of ['/a/b/x', '/a/x', '/a/b', '/a']) if (load.has(path)) load.delete(path);
    expect(load.tree.stats.count).toBe(atFirst);
  });

  it('does not mix up paths whose hashes were made to collide', () => {
    // Every seed gives another hash; whatever collides under one, the comparison of the components decides.
    for (let hashSeed = 0; hashSeed < 20; hashSeed++) {
      const tree = new DataTree({ hashSeed });
      const missing = [
        '/zookeeper/',
        '//zookeeper',
        'zookeeper',
        '/zookeepe',
        '/zookeeper/quot',
        '/quota',
        '//',
        '/zookeeper//quota',
      ];
      for (const path of missing) {
        const bytes = utf8Bytes(path);
        expect(tree.find(bytes, 0, bytes.length)).toBe(-1);
        for (const found of [tree.root, tree.find(utf8Bytes('/zookeeper'), 0, 10)]) {
          const hash = tree.pathHashOf(found);
          expect(tree.findHashed(hash, bytes, 0, bytes.length)).toBe(-1);
        }
      }
    }
  });
});
