/**
 * Who wants to know about which znode, and who is told when it changes (spec: server semantics, section 9).
 *
 * Two tables, as in Apache ZooKeeper: the data table (data, exists, persistent and recursive watches) and the child
 * table (children and persistent watches). Watches hang on places: a znode, or a path that has none yet. A change first
 * collects the watchers of the znode, and of its ancestors if there is any recursive watch at all, each watcher once;
 * then the path is written down once, in a scratch buffer, and every watcher is told. A change that concerns nobody
 * costs a test of a counter and of a bit.
 */
import { EventType, WatcherType } from '@zk/model';
import type { TreeListener } from '../tree-listener.js';
import { FiredWatches } from './fired-watches.js';
import { CHILD_LIST, DATA_LIST, PlaceTable, RECURSIVE_LIST } from './place-table.js';
import { CHILD_TABLE, DATA_TABLE, PERSISTENT, RECURSIVE, STANDARD, WatchEntries } from './watch-entries.js';
import type { Deliver, WatchedTree } from './watched-tree.js';

const ANY_MODE = STANDARD | PERSISTENT | RECURSIVE;

/** The parts of both tables that a watcher type of checkWatches and removeWatches looks at. */
interface WatchParts {
  readonly data: number;
  readonly child: number;
}

const NO_PARTS: WatchParts = { data: 0, child: 0 };

const PARTS_TO_REMOVE: ReadonlyMap<number, WatchParts> = new Map([
  [WatcherType.children, { data: 0, child: STANDARD }],
  [WatcherType.data, { data: STANDARD, child: 0 }],
  [WatcherType.any, { data: ANY_MODE, child: ANY_MODE }],
  [WatcherType.persistent, { data: PERSISTENT, child: PERSISTENT }],
  [WatcherType.persistentRecursive, { data: RECURSIVE, child: 0 }],
]);

/** As for removal, except that a persistent watch is looked for in the data table only (spec: client protocol, 12). */
const PARTS_TO_CHECK: ReadonlyMap<number, WatchParts> = new Map([
  ...PARTS_TO_REMOVE,
  [WatcherType.persistent, { data: PERSISTENT, child: 0 }],
]);

const decoder = new TextDecoder();

/**
 * Watches of the connections of one server. A watcher is a small whole number that the server gave to a connection; it
 * may be given to another one after {@link removeWatcher}.
 */
export class WatchTable implements TreeListener {
  private readonly places = new PlaceTable();
  private readonly entries = new WatchEntries(this.places);
  /** Path of the present event. */
  private scratch = new Uint8Array(256);

  constructor(
    private readonly tree: WatchedTree,
    private readonly deliver: Deliver,
    /** Of the table before this one, to go on counting. */
    readonly fired = new FiredWatches(),
  ) {}

  // ---- setting

  /** A one-shot watch of getData or exists; `node` is -1 when there is no znode at the path. */
  addData(watcher: number, node: number, path: Uint8Array, start: number, end: number): void {
    this.entries.add(watcher, this.placeFor(node, path, start, end), DATA_TABLE, STANDARD);
  }

  /** A one-shot watch of getChildren. */
  addChild(watcher: number, node: number, path: Uint8Array, start: number, end: number): void {
    this.entries.add(watcher, this.placeFor(node, path, start, end), CHILD_TABLE, STANDARD);
  }

  /** A watch that stays, on the znode and its children, whether or not the znode exists. */
  addPersistent(watcher: number, path: Uint8Array, start: number, end: number): void {
    const place = this.placeFor(this.tree.find(path, start, end), path, start, end);
    this.entries.add(watcher, place, DATA_TABLE, PERSISTENT);
    this.entries.add(watcher, place, CHILD_TABLE, PERSISTENT);
  }

  /** A watch that stays, on the znode and everything beneath it. */
  addRecursive(watcher: number, path: Uint8Array, start: number, end: number): void {
    const place = this.placeFor(this.tree.find(path, start, end), path, start, end);
    this.entries.add(watcher, place, DATA_TABLE, RECURSIVE);
  }

  // ---- asking and taking away

  /** Whether the watcher has a watch of this `WatcherType` at the path. */
  check(watcher: number, path: Uint8Array, start: number, end: number, type: number): boolean {
    const place = this.placeAt(path, start, end);
    if (place < 0) return false;
    const parts = PARTS_TO_CHECK.get(type) ?? NO_PARTS;
    const data = this.entries.find(watcher, place, DATA_TABLE);
    if (data >= 0 && (this.entries.modesOf(data) & parts.data) !== 0) return true;
    const child = this.entries.find(watcher, place, CHILD_TABLE);
    return child >= 0 && (this.entries.modesOf(child) & parts.child) !== 0;
  }

  /** Takes away the watcher's watches of this `WatcherType` at the path; false when there was none. No event. */
  remove(watcher: number, path: Uint8Array, start: number, end: number, type: number): boolean {
    const place = this.placeAt(path, start, end);
    if (place < 0) return false;
    const parts = PARTS_TO_REMOVE.get(type) ?? NO_PARTS;
    const data = this.entries.find(watcher, place, DATA_TABLE);
    const fromData = data >= 0 && this.entries.drop(data, parts.data);
    const child = this.entries.find(watcher, place, CHILD_TABLE);
    const fromChild = child >= 0 && this.entries.drop(child, parts.child);
    this.tidy(place);
    return fromData || fromChild;
  }

  /** The connection is gone, and its watches with it. */
  removeWatcher(watcher: number): void {
    for (let entry = this.entries.firstOf(watcher); entry >= 0; entry = this.entries.firstOf(watcher)) {
      const place = this.entries.placeOf(entry);
      this.entries.drop(entry, ANY_MODE);
      this.tidy(place);
    }
  }

  // ---- changes. Each is called once the change can be seen, with the zxid of its transaction.

  /** A znode has been created. */
  created(node: number, parent: number, zxidHi: number, zxidLo: number): void {
    if (this.entries.count === 0) return;
    if (this.places.absentCount > 0 || this.entries.recursiveCount > 0) {
      this.entries.beginEvent();
      if (this.places.absentCount > 0) this.appear(node);
      this.collectFromAncestors(parent);
      this.notify(EventType.nodeCreated, node, zxidHi, zxidLo);
    }
    this.childrenChanged(parent, zxidHi, zxidLo);
  }

  /** A znode is being deleted; its path, its ACL and its ancestors can still be read. */
  deleted(node: number, parent: number, zxidHi: number, zxidLo: number): void {
    if (this.entries.count === 0) return;
    const place = this.places.ofNode(node);
    if (place >= 0 || this.entries.recursiveCount > 0) {
      this.entries.beginEvent();
      if (place >= 0) this.collectOfNode(place);
      this.collectFromAncestors(parent);
      if (place >= 0) {
        this.entries.collect(place, CHILD_LIST);
        this.vanish(place, node);
      }
      this.notify(EventType.nodeDeleted, node, zxidHi, zxidLo);
    }
    this.childrenChanged(parent, zxidHi, zxidLo);
  }

  /** The data of a znode has been set. */
  changed(node: number, zxidHi: number, zxidLo: number): void {
    if (this.entries.count === 0) return;
    const place = this.places.ofNode(node);
    if (place < 0 && this.entries.recursiveCount === 0) return;
    this.entries.beginEvent();
    if (place >= 0) {
      this.collectOfNode(place);
      this.tidy(place);
    }
    this.collectFromAncestors(this.tree.parent(node));
    this.notify(EventType.nodeDataChanged, node, zxidHi, zxidLo);
  }

  /** Differs from one event to the next: while it stays the same, what was encoded for one watcher serves the others. */
  get eventNumber(): number {
    return this.entries.eventNumber;
  }

  // ---- figures

  /** Pairs of a watcher and a path, in both tables. */
  get watchCount(): number {
    return this.entries.count;
  }

  /** The same, in the data table only: like the next two, for `wchs`. */
  get dataWatchCount(): number {
    return this.entries.dataCount;
  }

  /** Watchers with a watch in the data table. */
  get connectionCount(): number {
    return this.entries.dataWatcherCount;
  }

  /** Paths with a watch in the data table. */
  get pathCount(): number {
    return this.entries.dataPlaceCount;
  }

  /** The data table by path, from which `wchp` and `wchc` are told. Nothing may change meanwhile. */
  *byPath(): IterableIterator<{ readonly path: string; readonly watchers: readonly number[] }> {
    const seen = new Set<number>();
    for (let watcher = 0; watcher < this.entries.watcherLimit; watcher++) {
      for (let entry = this.entries.firstOf(watcher); entry >= 0; entry = this.entries.nextOf(entry)) {
        const place = this.entries.placeOf(entry);
        if (!this.entries.isInDataTable(entry) || seen.has(place)) continue;
        seen.add(place);
        yield { path: this.pathOf(place), watchers: this.dataWatchersAt(place) };
      }
    }
  }

  private dataWatchersAt(place: number): number[] {
    const watchers: number[] = [];
    for (const list of [DATA_LIST, RECURSIVE_LIST]) {
      for (let entry = this.places.head(place, list); entry >= 0; entry = this.entries.nextAtPlace(entry)) {
        watchers.push(this.entries.watcherOf(entry));
      }
    }
    return watchers;
  }

  private pathOf(place: number): string {
    const node = this.places.nodeOf(place);
    if (node < 0) return decoder.decode(this.places.absentPath(place));
    return decoder.decode(this.scratch.subarray(0, this.writePath(node)));
  }

  /** -1 when nobody watches there. */
  private placeAt(path: Uint8Array, start: number, end: number): number {
    const node = this.tree.find(path, start, end);
    if (node >= 0 && start < end) return this.places.ofNode(node);
    if (this.places.absentCount === 0) return -1;
    return this.places.ofAbsent(this.tree.hashPath(path, start, end), path, start, end);
  }

  /** The empty path is a place of its own: the root can be read by it, but what happens there happens to `/`. */
  private placeFor(node: number, path: Uint8Array, start: number, end: number): number {
    if (node >= 0 && start < end) {
      const known = this.places.ofNode(node);
      return known >= 0 ? known : this.places.addNode(node);
    }
    const hash = this.tree.hashPath(path, start, end);
    const known = this.places.ofAbsent(hash, path, start, end);
    return known >= 0 ? known : this.places.addAbsent(hash, path, start, end);
  }

  private tidy(place: number): void {
    if (this.places.isUnwatched(place)) this.places.remove(place);
  }

  private collectOfNode(place: number): void {
    this.entries.collect(place, DATA_LIST);
    this.entries.collect(place, RECURSIVE_LIST);
  }

  private collectFromAncestors(parent: number): void {
    if (this.entries.recursiveCount === 0) return;
    for (let node = parent; node >= 0; node = this.tree.parent(node)) {
      const place = this.places.ofNode(node);
      if (place >= 0) this.entries.collectFromAncestor(place);
    }
  }

  private childrenChanged(parent: number, zxidHi: number, zxidLo: number): void {
    const place = this.places.ofNode(parent);
    if (place < 0 || this.places.head(place, CHILD_LIST) === -1) return;
    this.entries.beginEvent();
    this.entries.collect(place, CHILD_LIST);
    this.tidy(place);
    this.notify(EventType.nodeChildrenChanged, parent, zxidHi, zxidLo);
  }

  /** If the path of the new znode was watched, its watchers are collected and the watches that stay move to the znode. */
  private appear(node: number): void {
    const hash = this.tree.pathHashOf(node);
    if (!this.places.mayWatchAbsent(hash)) return;
    const length = this.writePath(node);
    const place = this.places.ofAbsent(hash, this.scratch, 0, length);
    if (place < 0) return;
    this.collectOfNode(place);
    if (this.places.isUnwatched(place)) this.places.remove(place);
    else this.places.appear(place, node);
  }

  /** The watches that stay move from the znode to its path. */
  private vanish(place: number, node: number): void {
    if (this.places.isUnwatched(place)) this.places.remove(place);
    else {
      const length = this.writePath(node);
      this.places.vanish(place, this.tree.pathHashOf(node), this.scratch, 0, length);
    }
  }

  private notify(eventType: number, node: number, zxidHi: number, zxidLo: number): void {
    const count = this.entries.recipientCount;
    if (count === 0) return;
    this.fired.note(eventType, count);
    const { recipients } = this.entries;
    const length = this.writePath(node);
    const { scratch, deliver } = this;
    const aclKey = this.tree.aclKey(node);
    for (let i = 0; i < count; i++) deliver(recipients[i]!, eventType, scratch, 0, length, aclKey, zxidHi, zxidLo);
  }

  /** Writes the path of a znode into the scratch buffer; returns its length. */
  private writePath(node: number): number {
    const length = this.tree.pathLength(node);
    if (length > this.scratch.length) this.scratch = new Uint8Array(length * 2);
    this.tree.copyPath(node, this.scratch, 0);
    return length;
  }
}
