import type { WatchFired } from '@zk/client-api';
import { WatcherType } from '@zk/model';
import { Request } from '../machine/request.js';
import { removeWatchesKind, setWatchesKind } from '../wire/kinds.js';
import { type ServerEvent, eventBelow } from './events.js';
import type { WatchPort } from './watch-port.js';

/** Where a server keeps a watch: with the data (existence included), or with the children. */
export type WatchTable = 'data' | 'children';

/** What is sent to set watches again: by the place where the client filed them. */
export interface WatchedPaths {
  readonly data: Iterable<string>;
  readonly exist: Iterable<string>;
  readonly children: Iterable<string>;
}

/** The watches of one path in one table, and the reads on their way that will set more of them. */
interface Entry {
  readonly present: Set<OneShotWatch>;
  /** Set on a znode that did not exist. */
  readonly absent: Set<OneShotWatch>;
  pending: number;
}

/**
 * The one-shot watches of a client. A server has one watch per path and table, however many ask for it; here is who does.
 * When the last of them gives up, the server is told to forget it.
 */
export class OneShotWatches {
  private readonly tables: Readonly<Record<WatchTable, Map<string, Entry>>> = { data: new Map(), children: new Map() };

  constructor(
    private readonly port: WatchPort,
    /** The client's persistent watches. */
    private readonly persistent: { covers(table: WatchTable, path: string): boolean },
  ) {}

  get count(): number {
    return this.tables.data.size + this.tables.children.size;
  }

  has(path: string): boolean {
    return this.tables.data.has(path) || this.tables.children.has(path);
  }

  /** A watch that the next read of the path is to set. */
  prepare(table: WatchTable, prefix: string, path: string): OneShotWatch {
    const absolute = prefix === '' ? path : path === '/' ? prefix : prefix + path;
    this.entry(table, absolute).pending++;
    return new OneShotWatch(this, table, prefix, absolute, this.persistent.covers(table, absolute));
  }

  get paths(): WatchedPaths {
    const { data, children } = this.tables;
    const pathsOf = (table: Map<string, Entry>, which: 'present' | 'absent'): string[] =>
      [...table].filter(([, entry]) => entry[which].size > 0).map(([path]) => path);
    return { data: pathsOf(data, 'present'), exist: pathsOf(data, 'absent'), children: pathsOf(children, 'present') };
  }

  fire(event: ServerEvent): void {
    const { type } = event;
    if (type !== 'childrenChanged') this.fireIn('data', event);
    if (type === 'childrenChanged' || type === 'deleted') this.fireIn('children', event);
  }

  /** Every watch ends like this. */
  endAll(fired: WatchFired): void {
    for (const table of Object.values(this.tables)) {
      for (const [path, entry] of table) {
        const watches = [...entry.present, ...entry.absent];
        entry.present.clear();
        entry.absent.clear();
        if (entry.pending === 0) table.delete(path);
        for (const watch of watches) watch.end(fired);
      }
    }
  }

  /** @internal */
  set(watch: OneShotWatch, as: 'present' | 'absent'): void {
    const entry = this.entry(watch.table, watch.path);
    entry.pending--;
    entry[as].add(watch);
    if (watch.isCovered && !this.persistent.covers(watch.table, watch.path)) this.setOnServer(watch.path);
  }

  /**
   * The persistent watch on this path is about to go, whose events stood in for those of one-shot watches: whatever
   * changes from the present state on, they tell.
   */
  setOnServer(path: string): void {
    const { data, children } = this.tables;
    const pathIf = (entry: Entry | undefined, which: 'present' | 'absent'): string[] =>
      entry !== undefined && entry[which].size > 0 ? [path] : [];
    const request = new Request(setWatchesKind, '', path);
    request.extra = {
      relativeZxid: this.port.lastZxid,
      dataWatches: pathIf(data.get(path), 'present'),
      existWatches: pathIf(data.get(path), 'absent'),
      childWatches: pathIf(children.get(path), 'present'),
    };
    // Without a connection, the next one sets them.
    request.promise.catch(() => undefined);
    this.port.submit(request);
  }

  /** @internal The read that should have set it has failed. */
  abandon(watch: OneShotWatch): void {
    const entry = this.entry(watch.table, watch.path);
    entry.pending--;
    this.dropIfEmpty(watch.table, watch.path, entry);
  }

  /** @internal */
  remove(watch: OneShotWatch): void {
    const entry = this.tables[watch.table].get(watch.path);
    if (entry === undefined) return;
    if (!entry.present.delete(watch) && !entry.absent.delete(watch)) return;
    this.dropIfEmpty(watch.table, watch.path, entry);
    this.forgetOnServer(watch.table, watch.path);
  }

  /**
   * @internal Nobody waits for the watch that a server may hold. Guard of 'the last one who cancels removes the watch on
   * the server' and 'a cancelled read leaves no watch behind' in test/faults/watches.spec.ts.
   */
  forgetOnServer(table: WatchTable, path: string): void {
    if (this.tables[table].has(path) || !this.port.isConnected || this.persistent.covers(table, path)) return;
    const request = new Request(removeWatchesKind, '', path);
    request.number = table === 'data' ? WatcherType.data : WatcherType.children;
    // NOWATCHER: it has fired meanwhile. No connection: it is gone with it.
    request.promise.catch(() => undefined);
    this.port.submit(request);
  }

  private entry(table: WatchTable, path: string): Entry {
    const entries = this.tables[table];
    let entry = entries.get(path);
    if (entry === undefined) entries.set(path, (entry = { present: new Set(), absent: new Set(), pending: 0 }));
    return entry;
  }

  private dropIfEmpty(table: WatchTable, path: string, entry: Entry): void {
    if (entry.pending + entry.present.size + entry.absent.size === 0) this.tables[table].delete(path);
  }

  private fireIn(table: WatchTable, event: ServerEvent): void {
    const entry = this.tables[table].get(event.path);
    if (entry === undefined) return;
    const watches = [...entry.present, ...entry.absent];
    entry.present.clear();
    entry.absent.clear();
    this.dropIfEmpty(table, event.path, entry);
    for (const watch of watches) watch.end(eventBelow(watch.prefix, event));
  }
}

/** One party's interest in one event. */
export class OneShotWatch {
  readonly fired: Promise<WatchFired>;
  private settle!: (fired: WatchFired) => void;
  private isOver = false;

  constructor(
    private readonly registry: OneShotWatches,
    readonly table: WatchTable,
    readonly prefix: string,
    /** Absolute. */
    readonly path: string,
    /**
     * A persistent watch on the same path brings the events: nothing is set on the server. Servers before 3.9 keep one
     * mode per path and client, and the one-shot watch would be the end of the other. Guard of 'tell one event for each
     * change' in test/suite/watches.ts, on such a server.
     */
    readonly isCovered: boolean,
  ) {
    this.fired = new Promise((resolve) => (this.settle = resolve));
  }

  isSet(as: 'present' | 'absent'): void {
    this.registry.set(this, as);
  }

  isAbandoned(): void {
    this.registry.abandon(this);
  }

  /** The reply to a read that its caller no longer waited for: the server has the watch all the same. */
  isSetInVain(err: number): void {
    const isOnServer = err === 0 || this.table === 'data';
    if (isOnServer) this.registry.forgetOnServer(this.table, this.path);
  }

  cancel(): void {
    this.registry.remove(this);
    this.end({ type: 'cancelled' });
  }

  end(fired: WatchFired): void {
    if (this.isOver) return;
    this.isOver = true;
    this.settle(fired);
  }
}
