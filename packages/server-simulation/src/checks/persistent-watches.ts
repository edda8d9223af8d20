import type { WatcherEvent } from '@zk/jute';
import { AddWatchMode, EventType, hex64 } from '@zk/model';
import type { ModelTree, PathChange } from './model-tree.js';
import { Violation } from './violation.js';

interface PersistentWatch {
  readonly path: string;
  readonly isRecursive: boolean;
  /** Of all changes, the first that it has not passed. */
  next: number;
  /** Those behind it that were told already: within a transaction the order is free. */
  readonly ahead: Set<number>;
}

/**
 * The persistent and recursive watches of one session: each is told of every change behind the reply that set it, once, in the
 * order of transactions, and before any reply that shows it. What happens while the client is away is told to nobody.
 */
export class PersistentWatches {
  private readonly watches = new Map<string, PersistentWatch>();

  constructor(
    private readonly tree: ModelTree,
    private readonly who: string,
  ) {}

  get size(): number {
    return this.watches.size;
  }

  /** A reply says that a watch is set. @param mode an `AddWatchMode` */
  arm(path: string, mode: number, zxid: bigint): void {
    const key = `${mode} ${path}`;
    const isRecursive = mode === AddWatchMode.persistentRecursive;
    if (this.watches.has(key)) return;
    this.watches.set(key, { path, isRecursive, next: this.firstBehind(zxid), ahead: new Set() });
  }

  paths(isRecursive: boolean): string[] {
    return [...this.watches.values()].filter((watch) => watch.isRecursive === isRecursive).map(({ path }) => path);
  }

  /** They have been set again, at this zxid. */
  caughtUp(zxid: bigint): void {
    const next = this.firstBehind(zxid);
    for (const watch of this.watches.values()) {
      watch.next = next;
      watch.ahead.clear();
    }
  }

  /** A reply shows the state of a zxid. @throws Violation when a change up to it was not told */
  shown(zxid: bigint): void {
    for (const watch of this.watches.values()) {
      const change = this.nextOf(watch);
      if (change === undefined || change.zxid > zxid) continue;
      const what = `${change.path} changed at 0x${hex64(change.zxid)}, which is watched at ${watch.path} all the time`;
      throw new Violation('WatchBeforeData', `${this.who} is shown 0x${hex64(zxid)}; ${what}, and no event came`);
    }
  }

  /** @returns whether any of them wanted it. @throws Violation when another event should have come, or none */
  notified({ type, path }: WatcherEvent, zxid: bigint): boolean {
    const wanting = [...this.watches.values()].filter((watch) => covers(watch, { type, path: path ?? '' }));
    for (const watch of wanting) {
      if (this.takes(watch, { type, path: path ?? '', zxid })) continue;
      const change = this.nextOf(watch);
      const expected = change === undefined ? 'nothing' : `${change.type} of ${change.path} at 0x${hex64(change.zxid)}`;
      const told = `${this.who} is told ${type} of ${path} at 0x${hex64(zxid)}`;
      throw new Violation('NoSpuriousEvent', `${told}, and what came next at ${watch.path} was ${expected}`);
    }
    return wanting.length > 0;
  }

  /** Whether the event tells of a change in the transaction that comes next. */
  private takes(watch: PersistentWatch, { type, path, zxid }: PathChange): boolean {
    const { changes } = this.tree;
    if (this.nextOf(watch)?.zxid !== zxid) return false;
    for (let at = watch.next; changes[at]?.zxid === zxid; at++) {
      const change = changes[at]!;
      if (change.type !== type || change.path !== path || watch.ahead.has(at)) continue;
      watch.ahead.add(at);
      return true;
    }
    return false;
  }

  /** The first change that it was not told of. */
  private nextOf(watch: PersistentWatch): PathChange | undefined {
    const { changes } = this.tree;
    while (watch.next < changes.length && (watch.ahead.delete(watch.next) || !covers(watch, changes[watch.next]!)))
      watch.next++;
    return changes[watch.next];
  }

  private firstBehind(zxid: bigint): number {
    return this.tree.changes.findLastIndex((change) => change.zxid <= zxid) + 1;
  }
}

/** Recursive watches are not told that children have changed: they are told of the children. */
function covers(watch: PersistentWatch, { type, path }: { readonly type: number; readonly path: string }): boolean {
  if (path === watch.path) return !watch.isRecursive || type !== EventType.nodeChildrenChanged;
  return watch.isRecursive && type !== EventType.nodeChildrenChanged && path.startsWith(`${watch.path}/`);
}
