import type { WatchItem, WatchSubscription, Watched, ZkClient, ZnodeEvent } from '@zk/client-api';

const EVENT_TYPES = {
  created: 'NodeCreated',
  deleted: 'NodeDeleted',
  dataChanged: 'NodeDataChanged',
  childrenChanged: 'NodeChildrenChanged',
} as const;

/** What is printed about a watch: an event of a znode, or the end of a watch. */
export interface ShellEvent {
  /** As zkCli names it. */
  readonly type: string;
  readonly path: string;
  readonly zxid: bigint;
}

export type WatchKind = 'children' | 'data' | 'persistent' | 'persistentRecursive';

interface OneShot {
  readonly watched: Watched<unknown>;
}

/** The watches that the user of the shell has set. They live until they fire, are removed, or the connection is closed. */
export class ShellWatches {
  private readonly oneShots = { children: new Map<string, OneShot>(), data: new Map<string, OneShot>() };
  private readonly persistent = new Map<string, { kind: WatchKind; subscription: WatchSubscription }>();
  private lastEvent = '';

  constructor(private readonly onEvent: (event: ShellEvent) => void) {}

  /** Reads with a one-shot watch, unless there is one already. The value is the same either way. */
  async read<T>(
    kind: 'children' | 'data',
    path: string,
    read: { readonly watched: () => Promise<Watched<T>>; readonly sets?: (value: T) => boolean },
  ): Promise<T> {
    const watched = await read.watched();
    const others = this.oneShots[kind];
    if (others.has(path)) {
      watched.cancel();
      return watched.value;
    }
    const entry: OneShot = { watched };
    others.set(path, entry);
    void watched.fired.then((fired) => {
      if (others.get(path) === entry) others.delete(path);
      if (fired.type === 'cancelled' || fired.type === 'sessionLost') return;
      this.announce(fired);
    });
    return watched.value;
  }

  /** Adds a persistent watch; the newer mode replaces the older one, as on the server. */
  async add(client: ZkClient, path: string, isRecursive: boolean, signal: AbortSignal): Promise<void> {
    const former = this.persistent.get(path);
    const subscription = await client
      .watch(path, { recursive: isRecursive })
      .start((item: WatchItem) => this.onItem(item), { signal });
    this.persistent.set(path, { kind: isRecursive ? 'persistentRecursive' : 'persistent', subscription });
    await former?.subscription.unsubscribe();
  }

  /** @returns the kinds that were there and are removed now */
  async remove(path: string, kinds: readonly WatchKind[]): Promise<readonly WatchKind[]> {
    const removed: WatchKind[] = [];
    for (const kind of ['data', 'children'] as const) {
      const entry = this.oneShots[kind].get(path);
      if (entry === undefined || !kinds.includes(kind)) continue;
      this.oneShots[kind].delete(path);
      entry.watched.cancel();
      removed.push(kind);
    }
    const persistent = this.persistent.get(path);
    if (persistent !== undefined && kinds.includes(persistent.kind)) {
      this.persistent.delete(path);
      removed.push(persistent.kind);
      await persistent.subscription.unsubscribe();
    }
    return removed;
  }

  /** Forgets everything; for a connection that is closed. */
  clear(): void {
    for (const entries of Object.values(this.oneShots)) {
      for (const { watched } of entries.values()) watched.cancel();
      entries.clear();
    }
    this.persistent.clear();
  }

  private onItem(item: WatchItem): void {
    if (item.type !== 'reset') this.announce(item);
  }

  private announce(event: ZnodeEvent): void {
    const shown = { type: EVENT_TYPES[event.type], path: event.path, zxid: event.zxid };
    // Several watches on one znode make one event, as they make one call of zkCli's watcher.
    const key = `${shown.type} ${shown.path} ${shown.zxid}`;
    if (shown.zxid !== -1n && key === this.lastEvent) return;
    this.lastEvent = key;
    this.onEvent(shown);
  }
}
