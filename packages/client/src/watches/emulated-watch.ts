import type { NodeChildren, ZnodeEvent } from '@zk/client-api';
import { ErrorCode, type Stat, type Zxid } from '@zk/model';
import { Request, type RequestKind } from '../machine/request.js';
import { childOf } from '../paths.js';
import { hasCode } from '../refusals.js';
import type { OneShotWatch, OneShotWatches, WatchTable } from './one-shot-watches.js';
import type { PersistentWatch } from './persistent-watch.js';
import { childrenAndWatchKind, existsAndWatchKind } from './watch-kinds.js';
import type { WatchPort } from './watch-port.js';

/** A znode that is followed, as it was when it was last looked at. */
interface Follower {
  readonly path: string;
  stat: Stat | null;
  pzxid: Zxid | undefined;
  isListed: boolean;
  readonly watches: Map<WatchTable, OneShotWatch>;
}

const UNKNOWN_ZXID = -1n;

/**
 * A persistent watch on a server that has none (before 3.6), made of one-shot watches: two for each znode, set again
 * when they fire. What happened in between shows in the Stat, so nothing is missed for good, but changes in quick
 * succession are told as one, and a recursive watch on a large tree takes many watches and reads.
 */
export class EmulatedWatch {
  private readonly followers = new Map<string, Follower>();
  private isStopped = false;
  /** Reads of the first walk that are on their way. */
  private walking = 0;
  private isWalked = false;

  constructor(
    private readonly watch: PersistentWatch,
    private readonly oneShot: OneShotWatches,
    private readonly port: WatchPort,
  ) {}

  start(): void {
    this.follow(this.watch.path, false);
  }

  stop(): void {
    this.isStopped = true;
    for (const follower of this.followers.values()) this.forget(follower);
    this.followers.clear();
  }

  private follow(path: string, isNews: boolean): void {
    if (this.followers.has(path)) return;
    const follower: Follower = { path, stat: null, pzxid: undefined, isListed: false, watches: new Map() };
    this.followers.set(path, follower);
    this.run(this.look(follower, isNews), follower);
  }

  /** A step that nobody waits for; the first walk is over when none is left. */
  private run(step: Promise<void>, follower: Follower): void {
    this.walking++;
    step
      .catch((error: unknown) => this.failed(follower, error))
      .finally(() => {
        this.walking--;
        if (this.walking > 0 || this.isWalked || this.isStopped) return;
        this.isWalked = true;
        this.watch.wasSet();
      });
  }

  private failed(follower: Follower, error: unknown): void {
    this.followers.delete(follower.path);
    // Below the root, what may not be seen is not there.
    if (follower.path === this.watch.path) this.watch.fail(error);
  }

  /** Looks at the znode itself: created, changed, deleted. */
  private async look(follower: Follower, isNews: boolean): Promise<void> {
    const before = follower.stat;
    const stat = await this.read<Stat | null>(existsAndWatchKind, 'data', follower, (again) => this.look(again, true));
    if (this.isStopped || this.followers.get(follower.path) !== follower) return;
    follower.stat = stat;
    const isReplaced = before !== null && stat !== null && before.czxid !== stat.czxid;
    if (before !== null && (stat === null || isReplaced)) this.tell('deleted', follower, UNKNOWN_ZXID);
    if (stat === null) {
      follower.isListed = false;
      follower.pzxid = undefined;
      // Its parent is watched, and tells when it is there again.
      if (follower.path !== this.watch.path) this.drop(follower);
      return;
    }
    if (isNews && (before === null || isReplaced)) this.tell('created', follower, stat.czxid);
    if (before !== null && !isReplaced && before.mzxid !== stat.mzxid) this.tell('dataChanged', follower, stat.mzxid);
    if (isReplaced) follower.pzxid = stat.czxid;
    if (!follower.isListed) {
      follower.isListed = true;
      this.run(this.list(follower, isNews), follower);
    }
  }

  /** Looks at its children. */
  private async list(follower: Follower, isNews: boolean): Promise<void> {
    let listing: NodeChildren;
    try {
      listing = await this.read(childrenAndWatchKind, 'children', follower, (again) => this.list(again, true));
    } catch (error) {
      follower.isListed = false;
      if (hasCode(error, ErrorCode.NONODE)) return;
      throw error;
    }
    if (this.isStopped || this.followers.get(follower.path) !== follower) return;
    const { children, stat } = listing;
    const isChanged = follower.pzxid !== undefined && follower.pzxid !== stat.pzxid;
    follower.pzxid = stat.pzxid;
    if (!this.watch.isRecursive) {
      if (isChanged) this.tell('childrenChanged', follower, stat.pzxid);
      return;
    }
    for (const name of children) this.follow(childOf(follower.path, name), isNews);
  }

  /** Reads and watches; when the watch fires, the next step follows. */
  private async read<T>(
    kind: RequestKind,
    table: WatchTable,
    follower: Follower,
    next: (follower: Follower) => Promise<void>,
  ): Promise<T> {
    const watch = this.oneShot.prepare(table, '', follower.path);
    const request = new Request(kind, '', follower.path);
    request.isWatching = true;
    request.extra = watch;
    this.port.submit(request);
    const value = (await request.promise) as T;
    if (this.isStopped) {
      watch.cancel();
      return value;
    }
    follower.watches.set(table, watch);
    void watch.fired.then(({ type }) => {
      if (this.isStopped || type === 'cancelled' || this.followers.get(follower.path) !== follower) return;
      if (table === 'children' && type === 'deleted') follower.isListed = false;
      else this.run(next(follower), follower);
    });
    return value;
  }

  private drop(follower: Follower): void {
    this.followers.delete(follower.path);
    this.forget(follower);
  }

  private forget(follower: Follower): void {
    for (const watch of follower.watches.values()) watch.cancel();
  }

  private tell(type: ZnodeEvent['type'], { path }: Follower, zxid: Zxid): void {
    this.watch.deliver({ type, path, zxid });
  }
}
