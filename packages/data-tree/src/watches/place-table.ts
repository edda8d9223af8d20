/**
 * The places somebody watches. A place is a znode or, where there is none, a path; it keeps its number when the znode
 * is created or deleted, so the watches that hang on it need not be touched. A bit per znode answers "is it watched?"
 * before anything is looked up, and the bytes of a path are kept only while no znode holds them.
 */
import { PathStore } from './path-store.js';
import { RecordPool } from './record-pool.js';
import { RefIndex } from './ref-index.js';

/** Words of a place. The three lists of watches are named by the word that holds their head; -1 is an empty list. */
const KEY = 0;
/** Data table, without recursive watches. */
export const DATA_LIST = 1;
/** Data table, recursive watches. */
export const RECURSIVE_LIST = 2;
/** Child table. */
export const CHILD_LIST = 3;
const PATH = 4;
/** -1 when a znode is there; KEY is then its number, else the mixed hash of the path. */
const LENGTH = 5;
const WORDS = 6;

export class PlaceTable {
  private readonly places = new RecordPool(WORDS);
  private readonly paths = new PathStore();
  private marks = new Int32Array(32);
  private absent = 0;

  private soughtNode = 0;
  /** Null: any path with the hash. */
  private soughtPath: Uint8Array | null = null;
  private soughtStart = 0;
  private soughtEnd = 0;
  private readonly byNode = new RefIndex((place) => this.places.get(place, KEY) === this.soughtNode);
  private readonly byPath = new RefIndex((place) => this.isSoughtPath(place));

  /** Places without a znode. */
  get absentCount(): number {
    return this.absent;
  }

  isWatched(node: number): boolean {
    return ((this.marks[node >> 5] ?? 0) & (1 << (node & 31))) !== 0;
  }

  /** -1 when nobody watches the znode. */
  ofNode(node: number): number {
    if (!this.isWatched(node)) return -1;
    this.soughtNode = node;
    return this.byNode.find(mix(node));
  }

  /** -1 when nobody watches the path, or a znode holds it. */
  ofAbsent(hash: number, path: Uint8Array, start: number, end: number): number {
    this.soughtPath = path;
    this.soughtStart = start;
    this.soughtEnd = end;
    return this.byPath.find(mix(hash));
  }

  /** Whether {@link ofAbsent} need be asked at all about a path with this hash. */
  mayWatchAbsent(hash: number): boolean {
    this.soughtPath = null;
    return this.byPath.find(mix(hash)) >= 0;
  }

  addNode(node: number): number {
    const place = this.add();
    this.enterNode(place, node);
    return place;
  }

  addAbsent(hash: number, path: Uint8Array, start: number, end: number): number {
    const place = this.add();
    this.enterAbsent(place, hash, path, start, end);
    return place;
  }

  /** A znode has been created where there was none. */
  appear(place: number, node: number): void {
    this.leaveAbsent(place);
    this.enterNode(place, node);
  }

  /** The znode is being deleted; the path is its own. */
  vanish(place: number, hash: number, path: Uint8Array, start: number, end: number): void {
    this.leaveNode(place);
    this.enterAbsent(place, hash, path, start, end);
  }

  remove(place: number): void {
    if (this.nodeOf(place) >= 0) this.leaveNode(place);
    else this.leaveAbsent(place);
    this.places.release(place);
  }

  /** -1 for a place without a znode. */
  nodeOf(place: number): number {
    return this.places.get(place, LENGTH) < 0 ? this.places.get(place, KEY) : -1;
  }

  /** The path of a place without a znode: a view, valid until the next change. */
  absentPath(place: number): Uint8Array {
    return this.paths.view(this.places.get(place, PATH), this.places.get(place, LENGTH));
  }

  head(place: number, list: number): number {
    return this.places.get(place, list);
  }

  setHead(place: number, list: number, entry: number): void {
    this.places.set(place, list, entry);
  }

  hasDataWatches(place: number): boolean {
    return (this.places.get(place, DATA_LIST) & this.places.get(place, RECURSIVE_LIST)) !== -1;
  }

  isUnwatched(place: number): boolean {
    return !this.hasDataWatches(place) && this.places.get(place, CHILD_LIST) === -1;
  }

  private add(): number {
    const place = this.places.allocate();
    this.places.set(place, DATA_LIST, -1);
    this.places.set(place, RECURSIVE_LIST, -1);
    this.places.set(place, CHILD_LIST, -1);
    return place;
  }

  private enterNode(place: number, node: number): void {
    this.places.set(place, KEY, node);
    this.places.set(place, LENGTH, -1);
    this.byNode.insert(place, mix(node));
    const word = node >> 5;
    if (word >= this.marks.length) {
      const grown = new Int32Array(Math.max(word + 1, this.marks.length * 2));
      grown.set(this.marks);
      this.marks = grown;
    }
    this.marks[word]! |= 1 << (node & 31);
  }

  private leaveNode(place: number): void {
    const node = this.places.get(place, KEY);
    this.byNode.remove(place, mix(node));
    this.marks[node >> 5]! &= ~(1 << (node & 31));
  }

  private enterAbsent(place: number, hash: number, path: Uint8Array, start: number, end: number): void {
    this.places.set(place, KEY, mix(hash));
    this.places.set(place, PATH, this.paths.add(path, start, end));
    this.places.set(place, LENGTH, end - start);
    this.byPath.insert(place, mix(hash));
    this.absent++;
  }

  private leaveAbsent(place: number): void {
    this.byPath.remove(place, this.places.get(place, KEY));
    this.paths.remove(this.places.get(place, PATH), this.places.get(place, LENGTH));
    this.absent--;
  }

  private isSoughtPath(place: number): boolean {
    if (this.soughtPath === null) return true;
    return (
      this.places.get(place, LENGTH) === this.soughtEnd - this.soughtStart &&
      this.paths.isEqual(this.places.get(place, PATH), this.soughtPath, this.soughtStart, this.soughtEnd)
    );
  }
}

/** Spreads consecutive numbers over all bits. */
export function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}
