import { WatcherType } from '@zk/model';
import * as fc from 'fast-check';
import type { HeardEvent } from '../../test/plain-watch-table.js';
import { PlainWatchTable } from '../../test/plain-watch-table.js';
import { PlainWatchedTree, parentPath } from '../../test/plain-watched-tree.js';
import { WatchTable } from './watch-table.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const PATHS = ['/', '/a', '/b', '/a/x', '/a/y', '/b/x', '/a/x/1', '/a/x/2', '/a/x/1/deep', '/a/x/1/deep/er'];
const ODD_PATHS = ['/a/', 'a', '/a//x', `/${'long'.repeat(400)}`];
const WATCHERS = 5;
const TYPES = Object.values(WatcherType);

const action = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('create', 'delete', 'set') },
  { weight: 2, arbitrary: fc.constantFrom('data', 'child', 'persistent', 'recursive') },
  { weight: 1, arbitrary: fc.constantFrom('remove', 'check') },
  { weight: 1, arbitrary: fc.constant('leave') },
);
const steps = fc.array(
  fc.record({
    what: action,
    path: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...PATHS) },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_PATHS) },
    ),
    watcher: fc.nat(WATCHERS - 1),
    type: fc.constantFrom(...TYPES),
  }),
  { maxLength: 200 },
);

/** Order between watchers is free; what each of them hears is not. */
function perWatcher(events: readonly HeardEvent[]): HeardEvent[][] {
  return Array.from({ length: WATCHERS }, (_, watcher) => events.filter(([each]) => each === watcher));
}

describe('WatchTable', () => {
  it('tells each watcher what the plain rules tell it, in the same order', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const tree = new PlainWatchedTree();
        const plain = new PlainWatchTable();
        const heard: HeardEvent[] = [];
        const table = new WatchTable(tree, (watcher, type, path, start, end, _aclKey, zxidHi, zxidLo) => {
          expect(zxidHi).toBe(7);
          heard.push([watcher, type, decoder.decode(path.subarray(start, end)), zxidLo]);
        });
        sequence.forEach(({ what, path, watcher, type }, zxid) => {
          const bytes = encoder.encode(`..${path}.`);
          const [start, end] = [2, bytes.length - 1];
          const node = tree.idOf(path);
          const parent = tree.parentOf(path);
          if (what === 'create' && node < 0 && parent >= 0 && PATHS.includes(path)) {
            const created = tree.create(path);
            table.created(created, parent, 7, zxid);
            plain.created(path, zxid);
          } else if (what === 'delete' && node > 0 && !PATHS.some((p) => parentPath(p) === path && tree.idOf(p) >= 0)) {
            table.deleted(node, parent, 7, zxid);
            tree.delete(path);
            plain.deleted(path, zxid);
          } else if (what === 'set' && node >= 0) {
            table.changed(node, 7, zxid);
            plain.changed(path, zxid);
          } else if (what === 'data') {
            table.addData(watcher, node, bytes, start, end);
            plain.add(plain.data, watcher, path, 'standard');
          } else if (what === 'child' && node >= 0) {
            table.addChild(watcher, node, bytes, start, end);
            plain.add(plain.child, watcher, path, 'standard');
          } else if (what === 'persistent') {
            table.addPersistent(watcher, bytes, start, end);
            plain.add(plain.data, watcher, path, 'persistent');
            plain.add(plain.child, watcher, path, 'persistent');
          } else if (what === 'recursive') {
            table.addRecursive(watcher, bytes, start, end);
            plain.add(plain.data, watcher, path, 'recursive');
          } else if (what === 'remove') {
            expect(table.remove(watcher, bytes, start, end, type)).toBe(plain.remove(watcher, path, type));
          } else if (what === 'check') {
            for (const each of TYPES) {
              expect(table.check(watcher, bytes, start, end, each)).toBe(plain.check(watcher, path, each));
            }
          } else if (what === 'leave') {
            table.removeWatcher(watcher);
            plain.removeWatcher(watcher);
          }
          expect(perWatcher(heard)).toEqual(perWatcher(plain.heard));
          expect(table.watchCount).toBe(plain.count(plain.data) + plain.count(plain.child));
          expect(table.dataWatchCount).toBe(plain.count(plain.data));
          expect(table.pathCount).toBe(plain.data.size);
          heard.length = 0;
          plain.heard.length = 0;
        });
        const byPath = new Map([...table.byPath()].map((each) => [each.path, new Set(each.watchers)]));
        expect(byPath).toEqual(new Map([...plain.data].map(([path, watchers]) => [path, new Set(watchers.keys())])));
        expect(table.connectionCount).toBe(new Set([...plain.data.values()].flatMap((all) => [...all.keys()])).size);
        for (let watcher = 0; watcher < WATCHERS; watcher++) table.removeWatcher(watcher);
        expect([table.watchCount, table.dataWatchCount, table.pathCount, table.connectionCount]).toEqual([0, 0, 0, 0]);
      }),
      { numRuns: 120 },
    );
  });
});
