import { type WatcherEvent } from '@zk/jute';
import { EventType, hex64 } from '@zk/model';
import type { ModelTree } from './model-tree.js';
import { PersistentWatches } from './persistent-watches.js';
import { Violation } from './violation.js';

/** A watch of one session that has not fired. */
interface ArmedWatch {
  readonly path: string;
  readonly isOfChildren: boolean;
  /** Set while the znode did not exist. */
  readonly isForCreation: boolean;
  /** Whatever changes behind this zxid must be told. */
  since: bigint;
}

/** What setWatches2 takes. */
export interface WatchLists {
  readonly dataWatches: readonly string[];
  readonly existWatches: readonly string[];
  readonly childWatches: readonly string[];
  readonly persistentWatches: readonly string[];
  readonly persistentRecursiveWatches: readonly string[];
}

/** The watches of one session, from connection to connection, held against what was committed. */
export class WatchBook {
  readonly persistent: PersistentWatches;
  private readonly armed = new Map<string, ArmedWatch>();
  /** Between a new connection and the reply to its setWatches. */
  private isCatchingUp = false;

  constructor(
    private readonly tree: ModelTree,
    private readonly who: string,
  ) {
    this.persistent = new PersistentWatches(tree, who);
  }

  get size(): number {
    return this.armed.size + this.persistent.size;
  }

  /** A reply says that a watch is set. */
  arm(path: string, isOfChildren: boolean, zxid: bigint): void {
    const key = keyOf(path, isOfChildren);
    const isForCreation = !isOfChildren && this.tree.at(path, zxid) === undefined;
    if (!this.armed.has(key)) this.armed.set(key, { path, isOfChildren, isForCreation, since: zxid });
  }

  /** A new connection: the server knows of no watch before setWatches. */
  reconnected(): WatchLists {
    this.isCatchingUp = this.size > 0;
    const pathsOf = (isWanted: (watch: ArmedWatch) => boolean): string[] =>
      [...this.armed.values()].filter(isWanted).map(({ path }) => path);
    return {
      dataWatches: pathsOf((watch) => !watch.isOfChildren && !watch.isForCreation),
      existWatches: pathsOf((watch) => watch.isForCreation),
      childWatches: pathsOf((watch) => watch.isOfChildren),
      persistentWatches: this.persistent.paths(false),
      persistentRecursiveWatches: this.persistent.paths(true),
    };
  }

  /** setWatches was answered: what had changed since `relative` has been told. @throws Violation */
  caughtUp(relative: bigint, zxid: bigint): void {
    this.isCatchingUp = false;
    for (const watch of this.armed.values()) {
      if (this.mustHaveFired(watch, relative, zxid))
        throw new Violation('WatchBeforeData', `${this.who} sets its watch of ${watch.path} again and is told nothing`);
      watch.since = zxid;
    }
    this.persistent.caughtUp(zxid);
  }

  /** A reply shows the state of a zxid. @throws Violation when a watched change before it was not told */
  shown(zxid: bigint): void {
    if (this.isCatchingUp) return;
    this.persistent.shown(zxid);
    for (const { path, isOfChildren, since } of this.armed.values()) {
      const change = this.tree.changeIn(path, isOfChildren, since, zxid);
      if (change === undefined) continue;
      const what = `${path} changed at 0x${hex64(change.zxid)}, is watched since 0x${hex64(since)}`;
      throw new Violation('WatchBeforeData', `${this.who} is shown 0x${hex64(zxid)}; ${what}, and no event came`);
    }
  }

  /** @param zxid -1 when it was told for setWatches. @throws Violation */
  notified(event: WatcherEvent, zxid: bigint): void {
    const { type, path } = event;
    const isWanted = zxid !== -1n && this.persistent.notified(event, zxid);
    const kinds = type === EventType.nodeDeleted ? [false, true] : [type === EventType.nodeChildrenChanged];
    const armed = kinds.flatMap((isOfChildren) => this.armed.get(keyOf(path ?? '', isOfChildren)) ?? []);
    // As in Apache ZooKeeper, setWatches tells each watch of its own that a znode is gone.
    const watches = zxid === -1n ? armed.slice(0, 1) : armed;
    if (watches.length === 0 && !isWanted)
      throw new Violation('NoSpuriousEvent', `${this.who} is told ${type} of ${path}`);
    for (const watch of watches) {
      this.armed.delete(keyOf(watch.path, watch.isOfChildren));
      if (zxid !== -1n) this.checkFirst(watch, type, zxid);
    }
  }

  /** An event tells of the first change behind the one that its watch was set at. */
  private checkFirst({ path, isOfChildren, since }: ArmedWatch, type: number, zxid: bigint): void {
    const first = this.tree.changeIn(path, isOfChildren, since, zxid);
    if (first?.zxid === zxid && first.type === type) return;
    const expected = first === undefined ? 'nothing changed' : `${first.type} came at 0x${hex64(first.zxid)}`;
    const told = `${this.who} is told ${type} of ${path} at 0x${hex64(zxid)}`;
    throw new Violation('NoSpuriousEvent', `${told}, and behind 0x${hex64(since)} ${expected}`);
  }

  private mustHaveFired(watch: ArmedWatch, relative: bigint, zxid: bigint): boolean {
    const { path, isOfChildren, isForCreation } = watch;
    const now = this.tree.at(path, zxid);
    if (isForCreation) return now !== undefined;
    if (now === undefined) return true;
    if (isOfChildren) return this.tree.changeIn(path, true, relative, zxid) !== undefined;
    return now.mzxid > relative;
  }
}

function keyOf(path: string, isOfChildren: boolean): string {
  return `${isOfChildren ? 'children' : 'data'} ${path}`;
}
