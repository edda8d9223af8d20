import { EventType, WatcherType } from '@zk/model';
import { parentPath } from './plain-watched-tree.js';

type Mode = 'standard' | 'persistent' | 'recursive';
type Table = Map<string, Map<number, Set<Mode>>>;

/** One event as a watcher hears it. */
export type HeardEvent = readonly [watcher: number, eventType: number, path: string, zxid: number];

/**
 * The rules of watches, written down as they are specified and nothing else: two tables, path -> watcher -> modes
 * (spec: server semantics, section 9).
 */
export class PlainWatchTable {
  readonly data: Table = new Map();
  readonly child: Table = new Map();
  readonly heard: HeardEvent[] = [];

  add(table: Table, watcher: number, path: string, mode: Mode): void {
    if (!table.has(path)) table.set(path, new Map());
    const watchers = table.get(path)!;
    if (!watchers.has(watcher)) watchers.set(watcher, new Set());
    watchers.get(watcher)!.add(mode);
  }

  created(path: string, zxid: number): void {
    this.trigger(this.data, path, EventType.nodeCreated, zxid);
    this.trigger(this.child, parentPath(path), EventType.nodeChildrenChanged, zxid);
  }

  deleted(path: string, zxid: number): void {
    const notified = this.trigger(this.data, path, EventType.nodeDeleted, zxid);
    this.trigger(this.child, path, EventType.nodeDeleted, zxid, notified);
    this.trigger(this.child, parentPath(path), EventType.nodeChildrenChanged, zxid);
  }

  changed(path: string, zxid: number): void {
    this.trigger(this.data, path, EventType.nodeDataChanged, zxid);
  }

  check(watcher: number, path: string, type: number): boolean {
    return this.select(watcher, path, type, false);
  }

  remove(watcher: number, path: string, type: number): boolean {
    return this.select(watcher, path, type, true);
  }

  removeWatcher(watcher: number): void {
    for (const table of [this.data, this.child]) {
      for (const path of [...table.keys()])
        this.take(table, watcher, path, ['standard', 'persistent', 'recursive'], true);
    }
  }

  count(table: Table): number {
    return [...table.values()].reduce((sum, watchers) => sum + watchers.size, 0);
  }

  private select(watcher: number, path: string, type: number, isRemoval: boolean): boolean {
    const every: Mode[] = ['standard', 'persistent', 'recursive'];
    let found = false;
    const look = (table: Table, modes: Mode[]): void => {
      if (this.take(table, watcher, path, modes, isRemoval)) found = true;
    };
    if (type === WatcherType.children) look(this.child, ['standard']);
    if (type === WatcherType.data) look(this.data, ['standard']);
    if (type === WatcherType.any) look(this.child, every);
    if (type === WatcherType.any) look(this.data, every);
    if (type === WatcherType.persistent) look(this.data, ['persistent']);
    if (type === WatcherType.persistent && isRemoval) look(this.child, ['persistent']);
    if (type === WatcherType.persistentRecursive) look(this.data, ['recursive']);
    return found;
  }

  private take(table: Table, watcher: number, path: string, modes: Mode[], isRemoval: boolean): boolean {
    const held = table.get(path)?.get(watcher);
    const hit = modes.filter((mode) => held?.has(mode));
    if (isRemoval && held !== undefined) {
      for (const mode of hit) held.delete(mode);
      if (held.size === 0) table.get(path)!.delete(watcher);
      if (table.get(path)!.size === 0) table.delete(path);
    }
    return hit.length > 0;
  }

  private trigger(table: Table, path: string, eventType: number, zxid: number, skip = new Set<number>()): Set<number> {
    const notified = new Set<number>();
    for (const [watcher, modes] of table.get(path) ?? []) {
      notified.add(watcher);
      modes.delete('standard');
      if (modes.size === 0) table.get(path)!.delete(watcher);
    }
    if (table.get(path)?.size === 0) table.delete(path);
    for (let ancestor = path; ancestor !== '/';) {
      ancestor = parentPath(ancestor);
      for (const [watcher, modes] of table.get(ancestor) ?? []) if (modes.has('recursive')) notified.add(watcher);
    }
    for (const watcher of notified) if (!skip.has(watcher)) this.heard.push([watcher, eventType, path, zxid]);
    return notified;
  }
}
