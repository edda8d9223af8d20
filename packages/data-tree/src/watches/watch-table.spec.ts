import { EventType, WatcherType } from '@zk/model';
import { PlainWatchedTree } from '../../test/plain-watched-tree.js';
import { WatchTable } from './watch-table.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const EVENT_NAMES = new Map<number, string>(Object.entries(EventType).map(([name, number]) => [number, name]));

type Kind = 'data' | 'child' | 'persistent' | 'recursive';

/** A tree with watches, driven by text. What was heard is listed as `watcher event path`. */
class Rig {
  readonly tree = new PlainWatchedTree();
  readonly heard: string[] = [];
  readonly aclKeys: number[] = [];
  readonly buffers = new Set<Uint8Array>();
  readonly eventNumbers: number[] = [];
  readonly table: WatchTable = new WatchTable(this.tree, (watcher, type, path, start, end, aclKey, zxidHi, zxidLo) => {
    this.heard.push(`${watcher} ${EVENT_NAMES.get(type)} ${decoder.decode(path.subarray(start, end))}`);
    this.aclKeys.push(aclKey);
    this.buffers.add(path);
    this.eventNumbers.push(this.table.eventNumber);
    expect([zxidHi, zxidLo]).toEqual([3, this.zxid]);
    this.onDeliver?.(watcher);
  });
  onDeliver: ((watcher: number) => void) | undefined;
  private zxid = 0;

  constructor(...paths: string[]) {
    for (const path of paths) this.tree.create(path);
  }

  watch(watcher: number, kind: Kind, path: string): this {
    const bytes = encoder.encode(path);
    const node = this.tree.idOf(path);
    if (kind === 'data') this.table.addData(watcher, node, bytes, 0, bytes.length);
    else if (kind === 'child') this.table.addChild(watcher, node, bytes, 0, bytes.length);
    else if (kind === 'persistent') this.table.addPersistent(watcher, bytes, 0, bytes.length);
    else this.table.addRecursive(watcher, bytes, 0, bytes.length);
    return this;
  }

  does(operation: string): string[] {
    const [what, path] = operation.split(' ') as [string, string];
    this.zxid++;
    this.heard.length = 0;
    if (what === 'create') this.table.created(this.tree.create(path), this.tree.parentOf(path), 3, this.zxid);
    if (what === 'set') this.table.changed(this.tree.idOf(path), 3, this.zxid);
    if (what === 'delete') {
      this.table.deleted(this.tree.idOf(path), this.tree.parentOf(path), 3, this.zxid);
      this.tree.delete(path);
    }
    return [...this.heard];
  }

  check(watcher: number, path: string, type: number): boolean {
    const bytes = encoder.encode(path);
    return this.table.check(watcher, bytes, 0, bytes.length, type);
  }

  remove(watcher: number, path: string, type: number): boolean {
    const bytes = encoder.encode(path);
    return this.table.remove(watcher, bytes, 0, bytes.length, type);
  }
}

describe('WatchTable: what each kind of watch receives', () => {
  it.each<[Kind, string, string, string[]]>([
    ['data', '/a/x', 'set /a/x', ['1 nodeDataChanged /a/x']],
    ['data', '/a/x', 'delete /a/x', ['1 nodeDeleted /a/x']],
    ['data', '/a/x', 'create /a/x/new', []],
    ['data', '/a/x', 'set /a', []],
    ['data', '/a/new', 'create /a/new', ['1 nodeCreated /a/new']],
    ['child', '/a', 'create /a/new', ['1 nodeChildrenChanged /a']],
    ['child', '/a', 'delete /a/x', ['1 nodeChildrenChanged /a']],
    ['child', '/a', 'set /a', []],
    ['child', '/a', 'set /a/x', []],
    ['child', '/a/x', 'delete /a/x', ['1 nodeDeleted /a/x']],
    ['child', '/', 'create /new', ['1 nodeChildrenChanged /']],
    ['persistent', '/a/x', 'set /a/x', ['1 nodeDataChanged /a/x']],
    ['persistent', '/a/x', 'delete /a/x', ['1 nodeDeleted /a/x']],
    ['persistent', '/a/new', 'create /a/new', ['1 nodeCreated /a/new']],
    ['persistent', '/a', 'create /a/new', ['1 nodeChildrenChanged /a']],
    ['persistent', '/a', 'set /a/x', []],
    ['recursive', '/a', 'set /a', ['1 nodeDataChanged /a']],
    ['recursive', '/a', 'set /a/x', ['1 nodeDataChanged /a/x']],
    ['recursive', '/a', 'delete /a/x', ['1 nodeDeleted /a/x']],
    ['recursive', '/a', 'create /a/x/new', ['1 nodeCreated /a/x/new']],
    ['recursive', '/', 'create /a/x/new', ['1 nodeCreated /a/x/new']],
    ['recursive', '/', 'set /', ['1 nodeDataChanged /']],
    ['recursive', '/a/x', 'set /a', []],
    ['recursive', '/a/new', 'create /a/new', ['1 nodeCreated /a/new']],
    ['recursive', '/b', 'set /a/x', []],
  ])('a %s watch on %s: %s -> %j', (kind, path, operation, expected) => {
    expect(new Rig('/a', '/b', '/a/x').watch(1, kind, path).does(operation)).toEqual(expected);
  });

  it.each<[Kind, number, number]>([
    ['data', 1, 0],
    ['child', 1, 0],
    ['persistent', 2, 2],
    ['recursive', 1, 1],
  ])('a %s watch counts as %d before it fires and as %d afterwards', (kind, before, after) => {
    const rig = new Rig('/a').watch(1, kind, '/a');
    expect(rig.table.watchCount).toBe(before);
    rig.does('delete /a');
    expect(rig.table.watchCount).toBe(after);
  });

  it('a persistent watch outlives the znode and announces its return', () => {
    const rig = new Rig('/a').watch(1, 'persistent', '/a').watch(2, 'recursive', '/a');
    expect(rig.does('delete /a').sort()).toEqual(['1 nodeDeleted /a', '2 nodeDeleted /a']);
    expect(rig.does('create /b')).toEqual([]);
    expect(rig.does('create /a').sort()).toEqual(['1 nodeCreated /a', '2 nodeCreated /a']);
    expect(rig.does('create /a/x').sort()).toEqual(['1 nodeChildrenChanged /a', '2 nodeCreated /a/x']);
  });

  it('a one-shot watch on a znode is not taken over by the next znode with the same number', () => {
    const rig = new Rig('/a').watch(1, 'data', '/a').watch(2, 'persistent', '/a');
    rig.does('delete /a');
    const number = rig.tree.create('/b');
    expect(rig.tree.idOf('/b')).toBe(number);
    expect(rig.does('set /b')).toEqual([]);
  });

  it.each(['/a/', 'a', '', '/a//x'])('a watch on %j, which no znode can have, is kept and never fires', (path) => {
    const rig = new Rig('/a', '/a/x').watch(1, 'data', path).watch(1, 'recursive', path);
    expect(rig.does('set /a')).toEqual([]);
    expect(rig.does('set /a/x')).toEqual([]);
    expect(rig.does('create /a/y')).toEqual([]);
    expect(rig.check(1, path, WatcherType.data)).toBe(true);
    expect(rig.remove(1, path, WatcherType.any)).toBe(true);
  });
});

describe('WatchTable: one frame per connection, event and table', () => {
  it('getData and exists on one path are one watch', () => {
    const rig = new Rig('/a').watch(1, 'data', '/a').watch(1, 'data', '/a');
    expect(rig.table.watchCount).toBe(1);
    expect(rig.does('set /a')).toEqual(['1 nodeDataChanged /a']);
    expect(rig.does('set /a')).toEqual([]);
  });

  it('a deletion is told once to whoever watches data and children', () => {
    const rig = new Rig('/a').watch(1, 'data', '/a').watch(1, 'child', '/a').watch(2, 'child', '/a');
    expect(rig.does('delete /a')).toEqual(['1 nodeDeleted /a', '2 nodeDeleted /a']);
    expect(rig.table.watchCount).toBe(0);
  });

  it('a child watch is used up by a deletion its connection heard of through a recursive watch', () => {
    const rig = new Rig('/a', '/a/x').watch(1, 'recursive', '/a').watch(1, 'child', '/a/x');
    expect(rig.does('delete /a/x')).toEqual(['1 nodeDeleted /a/x']);
    expect(rig.check(1, '/a/x', WatcherType.children)).toBe(false);
  });

  it('recursive watches at several depths are told once', () => {
    const rig = new Rig('/a', '/a/x').watch(1, 'recursive', '/').watch(1, 'recursive', '/a').watch(1, 'data', '/a/x');
    expect(rig.does('set /a/x')).toEqual(['1 nodeDataChanged /a/x']);
  });

  it('modes accumulate, and firing takes away the one-shot part only', () => {
    const rig = new Rig('/a').watch(1, 'data', '/a').watch(1, 'persistent', '/a').watch(1, 'recursive', '/a');
    expect(rig.table.dataWatchCount).toBe(1);
    expect(rig.does('set /a')).toEqual(['1 nodeDataChanged /a']);
    const held = Object.values(WatcherType).filter((type) => rig.check(1, '/a', type));
    expect(held).toEqual([WatcherType.any, WatcherType.persistent, WatcherType.persistentRecursive]);
  });

  it('the events of one change come in the order data, children of the parent', () => {
    const rig = new Rig('/a', '/a/x').watch(1, 'persistent', '/a').watch(1, 'recursive', '/').watch(1, 'child', '/a/x');
    expect(rig.does('delete /a/x')).toEqual(['1 nodeDeleted /a/x', '1 nodeChildrenChanged /a']);
    expect(rig.does('create /a/x')).toEqual(['1 nodeCreated /a/x', '1 nodeChildrenChanged /a']);
  });
});

describe('WatchTable: what the receiver is given', () => {
  it('the ACL is that of the znode in the event', () => {
    const rig = new Rig('/a', '/a/x').watch(1, 'persistent', '/a').watch(1, 'persistent', '/a/x');
    const key = (path: string): number => rig.tree.aclKey(rig.tree.idOf(path));
    const expected = [key('/a/x'), key('/a')];
    rig.does('delete /a/x');
    expect(rig.aclKeys).toEqual(expected);
  });

  it('one event number for everybody who hears of one event, another for the next', () => {
    const rig = new Rig('/a').watch(1, 'persistent', '/a').watch(2, 'persistent', '/a');
    rig.does('set /a');
    rig.does('create /a/x');
    const [first, second, third, fourth] = rig.eventNumbers;
    expect([first === second, second === third, third === fourth]).toEqual([true, false, true]);
  });

  it('the path of an event is written down once, for all its watchers', () => {
    const rig = new Rig('/a');
    for (let watcher = 0; watcher < 500; watcher++) rig.watch(watcher, 'data', '/a');
    expect(rig.does('set /a')).toHaveLength(500);
    expect(rig.buffers.size).toBe(1);
  });

  it('paths longer than the scratch buffer arrive whole', () => {
    const path = `/${'n'.repeat(3000)}`;
    expect(new Rig(path).watch(1, 'data', path).does(`set ${path}`)).toEqual([`1 nodeDataChanged ${path}`]);
  });

  it('a watcher may be removed while it, or another one, is being told', () => {
    const rig = new Rig('/a');
    for (const watcher of [1, 2, 3]) rig.watch(watcher, 'persistent', '/a');
    rig.onDeliver = (watcher) => rig.table.removeWatcher(watcher === 3 ? 2 : watcher);
    rig.does('delete /a');
    expect(rig.table.watchCount).toBe(2);
    rig.onDeliver = undefined;
    expect(rig.does('create /a')).toEqual(['3 nodeCreated /a']);
  });
});

describe('WatchTable: checkWatches and removeWatches', () => {
  const everything = (): Rig =>
    new Rig('/a')
      .watch(1, 'data', '/a')
      .watch(1, 'child', '/a')
      .watch(1, 'persistent', '/a')
      .watch(1, 'recursive', '/a');
  const { children, data, any, persistent, persistentRecursive } = WatcherType;

  it.each([
    ['children', children, [data, any, persistent, persistentRecursive]],
    ['data', data, [children, any, persistent, persistentRecursive]],
    ['any', any, []],
    ['persistent', persistent, [children, data, any, persistentRecursive]],
    ['persistentRecursive', persistentRecursive, [children, data, any, persistent]],
  ])('removing %s leaves the other types', (_name, type, left) => {
    const rig = everything();
    expect(rig.check(1, '/a', type)).toBe(true);
    expect(rig.remove(1, '/a', type)).toBe(true);
    expect([children, data, any, persistent, persistentRecursive].filter((each) => rig.check(1, '/a', each))).toEqual(
      left,
    );
    expect(rig.remove(1, '/a', type)).toBe(false);
  });

  it.each<[Kind, number[]]>([
    ['data', [data, any]],
    ['child', [children, any]],
    ['persistent', [any, persistent]],
    ['recursive', [any, persistentRecursive]],
  ])('a %s watch answers to the types %j', (kind, types) => {
    const rig = new Rig('/a').watch(1, kind, '/a');
    expect([children, data, any, persistent, persistentRecursive].filter((type) => rig.check(1, '/a', type))).toEqual(
      types,
    );
    expect(rig.check(2, '/a', any)).toBe(false);
    expect(rig.check(1, '/b', any)).toBe(false);
  });

  it('after removal nothing is told any more', () => {
    const rig = everything();
    rig.remove(1, '/a', any);
    expect([...rig.does('set /a'), ...rig.does('create /a/x'), ...rig.does('delete /a/x')]).toEqual([]);
    expect(rig.table.watchCount).toBe(0);
  });

  it.each([0, 6, -1])('type %d finds nothing', (type) => {
    expect(everything().check(1, '/a', type)).toBe(false);
    expect(everything().remove(1, '/a', type)).toBe(false);
  });
});

describe('WatchTable: figures', () => {
  it('watchCount counts both tables, the others the data table only', () => {
    const rig = new Rig('/a', '/b').watch(1, 'persistent', '/a').watch(2, 'data', '/b').watch(3, 'child', '/a');
    rig.watch(2, 'recursive', '/missing');
    const { watchCount, dataWatchCount, connectionCount, pathCount } = rig.table;
    expect({ watchCount, dataWatchCount, connectionCount, pathCount }).toEqual({
      watchCount: 5,
      dataWatchCount: 3,
      connectionCount: 2,
      pathCount: 3,
    });
    expect([...rig.table.byPath()]).toEqual([
      { path: '/a', watchers: [1] },
      { path: '/missing', watchers: [2] },
      { path: '/b', watchers: [2] },
    ]);
  });

  it('a connection that goes takes its watches with it and its number may be used again', () => {
    const rig = new Rig('/a').watch(7, 'persistent', '/a').watch(7, 'data', '/none').watch(8, 'data', '/a');
    rig.table.removeWatcher(7);
    rig.table.removeWatcher(4711);
    expect(rig.table.watchCount).toBe(1);
    expect(rig.watch(7, 'child', '/a').does('create /a/x')).toEqual(['7 nodeChildrenChanged /a']);
  });

  it.each([-1, 2 ** 27])('a watcher must be a number from 0 to 2^27 - 1, not %d', (watcher) => {
    expect(() => new Rig('/a').watch(watcher, 'data', '/a')).toThrow(RangeError);
  });
});

it('counts the events that watches fired, and how many were told', () => {
  const rig = new Rig('/a');
  rig.watch(1, 'data', '/a').watch(2, 'data', '/a').does('set /a');
  rig.does('set /a');
  rig.watch(3, 'data', '/a').does('set /a');
  const { fired } = rig.table;
  expect(fired.of(EventType.nodeDataChanged)).toEqual({ count: 2, sum: 3, min: 1, max: 2 });
  expect(fired.of(EventType.nodeDeleted)).toEqual({ count: 0, sum: 0, min: 0, max: 0 });
  fired.reset();
  expect(fired.of(EventType.nodeDataChanged)).toEqual({ count: 0, sum: 0, min: 0, max: 0 });
});
