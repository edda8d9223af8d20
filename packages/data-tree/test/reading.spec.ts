import { utf8Bytes } from '@zk/jute';
import { DataTree, Flag, ZnodeKind, hashPath } from '../src/index.js';
import type { Op } from './txns.js';
import { acls, txnBytes } from './txns.js';

const SESSION = 0x1_0000_0000_0001n;

function build(ops: readonly Op[], options: ConstructorParameters<typeof DataTree>[0] = {}): DataTree {
  const tree = new DataTree(options);
  ops.forEach((op, i) => {
    const bytes = txnBytes({ session: SESSION, zxid: BigInt(i + 1), timeMs: 1_000 + i, op });
    tree.apply(bytes, 0, bytes.length);
    expect(tree.lastError).toBe(0);
  });
  return tree;
}

function find(tree: DataTree, path: string): number {
  const bytes = utf8Bytes(`..${path}.`);
  return tree.find(bytes, 2, bytes.length - 1);
}

function stat(tree: DataTree, path: string): Record<string, bigint | number> {
  const out = Buffer.alloc(70);
  tree.writeStat(find(tree, path), out, 1);
  expect([out[0], out[69]]).toEqual([0, 0]);
  return {
    czxid: out.readBigInt64BE(1),
    mzxid: out.readBigInt64BE(9),
    ctime: out.readBigInt64BE(17),
    mtime: out.readBigInt64BE(25),
    version: out.readInt32BE(33),
    cversion: out.readInt32BE(37),
    aversion: out.readInt32BE(41),
    ephemeralOwner: out.readBigInt64BE(45),
    dataLength: out.readInt32BE(53),
    numChildren: out.readInt32BE(57),
    pzxid: out.readBigInt64BE(61),
  };
}

const create = (path: string, data: string | null = ''): Op => ({ kind: 'create', path, data, parentCversion: -1 });

describe('a fresh tree', () => {
  it('has the system znodes and the counters that Apache ZooKeeper shows', () => {
    const tree = new DataTree();
    expect(tree.nodeCount).toBe(5);
    expect(tree.approximateDataSize).toBe(44);
    expect(tree.ephemeralCount).toBe(0);
    expect([tree.digest.hi, tree.digest.lo]).toEqual([0, 0x51c6_d660]);
    for (const path of ['/', '', '/zookeeper', '/zookeeper/quota']) expect(tree.aclKey(find(tree, path))).toBe(-1);
    const config = find(tree, '/zookeeper/config');
    expect(tree.acls.entries(tree.aclKey(config))).toEqual([{ perms: 1, scheme: 'world', id: 'anyone' }]);
    expect([tree.aclKey(config), tree.aversion(config)]).toEqual([1, -1]);
  });

  it('is light', () => {
    expect(new DataTree().sizeBytes).toBeLessThan(512 << 10);
  });
});

describe('finding a path', () => {
  const tree = build([create('/a'), create('/a/b'), create('/a/ö-中')]);

  it.each(['/', '/a', '/a/b', '/a/ö-中', '/zookeeper/config'])('finds %s', (path) => {
    const id = find(tree, path);
    expect(tree.pathOf(id)).toBe(path);
    expect(tree.pathLength(id)).toBe(utf8Bytes(path).length);
    const bytes = utf8Bytes(path);
    expect(tree.findHashed(hashPath(bytes, 0, bytes.length), bytes, 0, bytes.length)).toBe(id);
    expect(tree.hashPath(bytes, 0, bytes.length)).toBe(hashPath(bytes, 0, bytes.length));
  });

  it.each(['a', '/a/', '/a//b', '//a', '/b', '/a/b/', '/a/b/c', '/A', ' ', '/a/c', 'x/a', '/a/ö', '/aa'])(
    'does not find %j',
    (path) => {
      expect(find(tree, path)).toBe(-1);
    },
  );

  it('takes the empty path for the root', () => {
    expect(find(tree, '')).toBe(tree.root);
    expect(tree.parent(tree.root)).toBe(-1);
    expect(tree.descendantCount(tree.root)).toBe(6);
    expect(tree.descendantCount(find(tree, '/a'))).toBe(2);
    expect(tree.descendantCount(find(tree, '/zookeeper'))).toBe(2);
    expect(tree.descendantCount(find(tree, '/a/b'))).toBe(0);
  });
});

describe('the Stat a client sees', () => {
  it('counts creations and deletions of children in cversion', () => {
    const children = Array.from({ length: 8 }, (_, i) => create(`/p/${i}`));
    const tree = build([create('/p', 'data'), ...children]);
    expect(stat(tree, '/p')).toMatchObject({ cversion: 8, numChildren: 8, pzxid: 9n, mzxid: 1n, dataLength: 4 });
    const bytes = txnBytes({ session: SESSION, zxid: 20n, timeMs: 1, op: { kind: 'delete', path: '/p/3' } });
    tree.apply(bytes, 0, bytes.length);
    expect(stat(tree, '/p')).toMatchObject({ cversion: 9, numChildren: 7, pzxid: 20n });
  });

  it.each<[string, Op, number, bigint]>([
    [
      'the session of an ephemeral',
      { ...create('/x'), kind: 'create', path: '/x', data: '', ephemeral: true, parentCversion: 1 },
      ZnodeKind.ephemeral,
      SESSION,
    ],
    [
      'nothing for a container',
      { kind: 'createContainer', path: '/x', data: null, parentCversion: 1 },
      ZnodeKind.container,
      0n,
    ],
    [
      'nothing for a TTL node',
      { kind: 'createTtl', path: '/x', data: null, parentCversion: 1, ttlMs: 3_600_000 },
      ZnodeKind.ttl,
      0n,
    ],
    ['nothing for a persistent znode', create('/x', null), ZnodeKind.persistent, 0n],
  ])('shows as owner %s', (_name, op, kind, owner) => {
    const tree = build([op]);
    expect(stat(tree, '/x')['ephemeralOwner']).toBe(owner);
    expect(tree.kind(find(tree, '/x'))).toBe(kind);
  });

  it('shows null data as empty', () => {
    const tree = build([create('/null', null), create('/empty', '')]);
    expect(stat(tree, '/null')['dataLength']).toBe(0);
    expect(tree.dataLength(find(tree, '/null'))).toBe(-1);
    expect(tree.dataBytes(find(tree, '/null'))).toBeNull();
    expect(tree.dataBytes(find(tree, '/empty'))).toEqual(new Uint8Array(0));
  });

  it('keeps times and versions of setData and setACL apart', () => {
    const tree = build([
      create('/x', 'old'),
      { kind: 'setData', path: '/x', data: 'newer', version: 1 },
      { kind: 'setAcl', path: '/x', acl: [{ perms: 1, scheme: 'ip', id: '10.0.0.1' }], version: 1 },
    ]);
    expect(stat(tree, '/x')).toMatchObject({
      version: 1,
      aversion: 1,
      ctime: 1_000n,
      mtime: 1_001n,
      mzxid: 2n,
      pzxid: 1n,
    });
    const id = find(tree, '/x');
    expect(tree.mtimeMs(id)).toBe(1_001);
    expect(tree.acls.encoded(tree.aclKey(id))).toEqual(
      new Uint8Array(acls([{ perms: 1, scheme: 'ip', id: '10.0.0.1' }])),
    );
    const out = new Uint8Array(8);
    expect(tree.copyData(id, out, 2)).toBe(7);
    expect(Buffer.from(out).toString()).toBe('\0\0newer\0');
  });
});

describe('TTL nodes', () => {
  const op: Op = { kind: 'createTtl', path: '/t', data: null, parentCversion: 1, ttlMs: 0xff_ffff_ffff };

  it('are listed with their time to live', () => {
    const tree = build([op]);
    expect([...tree.ttlNodes()].map((id) => [tree.pathOf(id), tree.ttlMs(id)])).toEqual([['/t', 0xff_ffff_ffff]]);
  });

  it('are ephemerals of a strange session where extended types are off', () => {
    const tree = build([op], { extendedTypes: false });
    expect([...tree.ttlNodes()]).toEqual([]);
    expect([...tree.ephemeralOwners()]).toEqual([BigInt.asIntN(64, 0xff00_00ff_ffff_ffffn)]);
    expect(tree.deleteEphemeralsOf(0xff00_00ff | 0, -1)).toBe(1);
    expect(find(tree, '/t')).toBe(-1);
  });
});

it('keeps a flag with a znode, apart from its name and kind', () => {
  const tree = build([create('/x')]);
  const id = find(tree, '/x');
  expect(tree.hasFlag(id, Flag.quota)).toBe(false);
  tree.setFlag(id, Flag.quota);
  expect(tree.hasFlag(id, Flag.quota)).toBe(true);
  expect([tree.nameLength(id), tree.kind(id), tree.pathOf(id)]).toEqual([1, ZnodeKind.persistent, '/x']);
});

it('tells a visitor what became of each operation', () => {
  const tree = build([create('/a')]);
  const seen: unknown[] = [];
  const visit = (op: Op): void => {
    const bytes = txnBytes({ session: SESSION, zxid: 9n, timeMs: 1, op });
    tree.apply(bytes, 0, bytes.length, {
      onOp: (type, error, node, start, end) =>
        seen.push([
          type,
          error,
          node === -1 ? undefined : tree.pathOf(node),
          Buffer.from(bytes.subarray(start, end)).toString(),
        ]),
    });
  };
  visit(create('/a/b'));
  visit({
    kind: 'multi',
    ops: [create('/a/c'), { kind: 'check', path: '/a', version: 0 }, { kind: 'delete', path: '/a/b' }],
  });
  visit({ kind: 'multi', ops: [create('/a/d'), { kind: 'error', error: -110 }, { kind: 'error', error: -2 }] });
  visit({ kind: 'delete', path: '/a/none' });
  visit({ kind: 'createSession', timeoutMs: 4_000 });
  expect(tree.lastTimeoutMs).toBe(4_000);
  visit({ kind: 'closeSession', paths: [] });
  expect(seen).toEqual([
    [1, 0, '/a/b', '/a/b'],
    [1, 0, '/a/c', '/a/c'],
    [13, 0, undefined, '/a'],
    [2, 0, undefined, '/a/b'],
    [-1, 0, undefined, ''],
    [-1, -110, undefined, ''],
    [-1, -2, undefined, ''],
    [2, -101, undefined, '/a/none'],
    [-10, 0, undefined, ''],
    [-11, 0, undefined, ''],
  ]);
  expect([tree.lastType, tree.lastError, tree.lastZxidLo]).toEqual([-11, 0, 9]);
  expect(tree.childCount(tree.root)).toBe(2);
});

it('finds and deletes what lies a thousand levels deep', () => {
  const tree = new DataTree();
  let path = '';
  for (let i = 0; i < 1_000; i++) {
    path += '/d';
    const bytes = txnBytes({ session: 1n, zxid: BigInt(i + 1), timeMs: 1, op: create(path) });
    tree.apply(bytes, 0, bytes.length);
  }
  expect(tree.pathOf(find(tree, path))).toBe(path);
  const bytes = txnBytes({ session: 1n, zxid: 2_000n, timeMs: 1, op: { kind: 'delete', path: '/d' } });
  tree.apply(bytes, 0, bytes.length);
  expect(tree.nodeCount).toBe(5);
});
