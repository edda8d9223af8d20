import type { TxnBody } from '@zk/jute';
import { RecordWriter, writeLoggedTxn, writeTxnBody } from '@zk/jute';
import { EventType, OpCode } from '@zk/model';
import * as fc from 'fast-check';
import { DataTree, WatchTable } from '../src/index.js';
import type { HeardEvent } from './plain-watch-table.js';
import { PlainWatchTable } from './plain-watch-table.js';
import { parentPath } from './plain-watched-tree.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const WATCHERS = 4;
const PATHS = ['/a', '/b', '/a/x', '/a/y', '/a/x/1', '/a/x/2', '/a/x/1/deep', '/zookeeper/quota/a'];
const WATCHED = [...PATHS, '/', '/zookeeper'];
const TYPES = { create: OpCode.create, delete: OpCode.delete, setData: OpCode.setData, setACL: OpCode.setACL } as const;
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const SESSION = 0x1000015374d0000n;

/** A tree with a watch table on it, changed by transactions as they stand in a log. */
class WatchedTreeRig {
  readonly heard: HeardEvent[] = [];
  readonly tree = new DataTree();
  readonly table = new WatchTable(this.tree, (watcher, type, path, start, end, _acl, _zxidHi, zxidLo) =>
    this.heard.push([watcher, type, decoder.decode(path.subarray(start, end)), zxidLo]),
  );
  private zxid = 0;

  constructor() {
    this.tree.listener = this.table;
  }

  apply(type: number, body: TxnBody): number {
    this.heard.length = 0;
    const writer = new RecordWriter();
    const zxid = ++this.zxid;
    writeLoggedTxn(writer, { header: { clientId: SESSION, cxid: 1, zxid: BigInt(zxid), time: 1000n, type }, body });
    const bytes = writer.bytes();
    this.tree.apply(bytes, 0, bytes.length);
    return zxid;
  }

  find(path: string): number {
    const bytes = encoder.encode(path);
    return this.tree.find(bytes, 0, bytes.length);
  }

  watch(kind: string, watcher: number, path: string): void {
    const bytes = encoder.encode(path);
    if (kind === 'data') this.table.addData(watcher, this.find(path), bytes, 0, bytes.length);
    else if (kind === 'child') this.table.addChild(watcher, this.find(path), bytes, 0, bytes.length);
    else if (kind === 'persistent') this.table.addPersistent(watcher, bytes, 0, bytes.length);
    else this.table.addRecursive(watcher, bytes, 0, bytes.length);
  }
}

function change(kind: 'create' | 'delete' | 'setData' | 'setACL', path: string, isEphemeral = false): TxnBody {
  if (kind === 'create') return { kind, path, data: null, acl: OPEN, ephemeral: isEphemeral, parentCVersion: -1 };
  if (kind === 'delete') return { kind, path };
  if (kind === 'setACL') return { kind, path, acl: OPEN, version: 1 };
  return { kind, path, data: new Uint8Array([1]), version: 1 };
}

describe('watches on a tree that applies transactions', () => {
  it('fire as the plain rules say, whatever is created, set and deleted', () => {
    const change$ = fc.constantFrom<'create' | 'delete' | 'setData' | 'setACL'>(
      'create',
      'delete',
      'setData',
      'setACL',
    );
    const watch$ = fc.constantFrom('data', 'child', 'persistent', 'recursive');
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ what: change$, path: fc.constantFrom(...PATHS), watcher: fc.constant(0) }) },
      {
        weight: 2,
        arbitrary: fc.record({ what: watch$, path: fc.constantFrom(...WATCHED), watcher: fc.nat(WATCHERS - 1) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const rig = new WatchedTreeRig();
        const plain = new PlainWatchTable();
        for (const { what, path, watcher } of steps) {
          const isThere = rig.find(path) >= 0;
          const isParentThere = rig.find(parentPath(path)) >= 0;
          const isLeaf = isThere && rig.tree.childCount(rig.find(path)) === 0;
          plain.heard.length = 0;
          if (what === 'create' && !isThere && isParentThere)
            plain.created(path, rig.apply(TYPES.create, change(what, path)));
          else if (what === 'delete' && isLeaf) plain.deleted(path, rig.apply(TYPES.delete, change(what, path)));
          else if (what === 'setData' && isThere) plain.changed(path, rig.apply(TYPES.setData, change(what, path)));
          else if (what === 'setACL' && isThere) rig.apply(TYPES.setACL, change(what, path));
          else if (what === 'data' || what === 'persistent' || what === 'recursive' || (what === 'child' && isThere)) {
            rig.heard.length = 0;
            rig.watch(what, watcher, path);
            if (what === 'data') plain.add(plain.data, watcher, path, 'standard');
            if (what === 'child') plain.add(plain.child, watcher, path, 'standard');
            if (what === 'recursive') plain.add(plain.data, watcher, path, 'recursive');
            if (what === 'persistent')
              for (const table of [plain.data, plain.child]) plain.add(table, watcher, path, what);
          } else continue;
          for (let each = 0; each < WATCHERS; each++) {
            expect(rig.heard.filter(([to]) => to === each)).toEqual(plain.heard.filter(([to]) => to === each));
          }
          expect(rig.table.watchCount).toBe(plain.count(plain.data) + plain.count(plain.child));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('a multi tells of each operation in order, with the zxid of the whole', () => {
    const rig = new WatchedTreeRig();
    rig.watch('recursive', 1, '/');
    rig.watch('data', 2, '/a');
    const txns = [change('create', '/a'), change('setData', '/a'), change('create', '/a/x'), change('delete', '/a/x')];
    const zxid = rig.apply(OpCode.multi, {
      kind: 'multi',
      txns: txns.map((body) => {
        const writer = new RecordWriter();
        writeTxnBody(writer, body);
        return { type: TYPES[body.kind as keyof typeof TYPES], data: writer.bytes().slice() };
      }),
    });
    const told = (watcher: number): HeardEvent[] => rig.heard.filter(([to]) => to === watcher);
    expect(told(1)).toEqual([
      [1, EventType.nodeCreated, '/a', zxid],
      [1, EventType.nodeDataChanged, '/a', zxid],
      [1, EventType.nodeCreated, '/a/x', zxid],
      [1, EventType.nodeDeleted, '/a/x', zxid],
    ]);
    expect(told(2)).toEqual([[2, EventType.nodeCreated, '/a', zxid]]);
  });

  it('the end of a session tells of each of its ephemerals', () => {
    const rig = new WatchedTreeRig();
    rig.apply(TYPES.create, change('create', '/lock'));
    for (const name of ['/lock/1', '/lock/2']) rig.apply(TYPES.create, change('create', name, true));
    rig.watch('data', 1, '/lock/1');
    rig.watch('child', 2, '/lock');
    rig.watch('persistent', 3, '/lock');
    const zxid = rig.apply(OpCode.closeSession, { kind: 'closeSession', paths2Delete: ['/lock/1', '/lock/2'] });
    expect([...rig.heard].sort((a, b) => a[0] - b[0])).toEqual([
      [1, EventType.nodeDeleted, '/lock/1', zxid],
      [2, EventType.nodeChildrenChanged, '/lock', zxid],
      [3, EventType.nodeChildrenChanged, '/lock', zxid],
      [3, EventType.nodeChildrenChanged, '/lock', zxid],
    ]);
  });

  it('an error transaction tells nobody', () => {
    const rig = new WatchedTreeRig();
    rig.watch('recursive', 1, '/');
    rig.apply(OpCode.error, { kind: 'error', err: -101 });
    expect(rig.heard).toEqual([]);
  });
});
