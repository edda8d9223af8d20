import type { CallOptions, NodeChildren, Watched, ZkClient } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { type ParentKind, isNamed, parentPath, ensurePath } from '../support/index.js';
import { type Patience, persistently } from '../values/scoped.js';
import type { QueueNames } from './names.js';

/** Where a queue keeps things. */
export interface QueueLayout {
  readonly names: QueueNames;
  /** Directory of the items. */
  readonly items: string;
  /** Directory of the locks of items under way; undefined: an item is removed before it is handed out. */
  readonly locks: string | undefined;
  /** Directory of receipts. */
  readonly receipts: string;
  /** What the directories are created as when they are missing, and what is missing above them. */
  readonly kinds: { readonly own: ParentKind; readonly parents: ParentKind };
}

/** What was in a queue at one moment, in order, and a watch that tells when that has changed. */
export class Listing implements Disposable {
  /** Items handed out of this listing. */
  taken = 0;
  /** Resolves when something has changed since. */
  readonly changed: Promise<void>;
  #isStale = false;
  readonly #names: string[];
  readonly #watches: readonly Watched<NodeChildren>[];

  private constructor(
    private readonly layout: QueueLayout,
    watches: readonly Watched<NodeChildren>[],
  ) {
    const [items, locks] = watches;
    const locked = new Set(locks?.value.children);
    this.#watches = watches;
    // Backwards, so that the next one is taken from the end.
    this.#names = layout.names
      .order(items!.value.children)
      .filter((name) => !locked.has(name))
      .reverse();
    this.changed = Promise.race(watches.map(({ fired }) => fired)).then(() => {
      this.#isStale = true;
    });
  }

  static async load(client: ZkClient, layout: QueueLayout, scope: Patience): Promise<Listing> {
    const watches: Watched<NodeChildren>[] = [];
    try {
      // Locks first: an item that is completed in between is then missing in the second list, and not wrongly free.
      if (layout.locks !== undefined) watches.push(await listAndWatch(client, layout, layout.locks, scope));
      watches.unshift(await listAndWatch(client, layout, layout.items, scope));
      return new Listing(layout, watches);
    } catch (error) {
      for (const watched of watches) watched.cancel();
      throw error;
    }
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  /** The next item that is due and that `isFree`; it is not offered again. */
  next(nowMs: number, isFree: (name: string) => boolean): string | undefined {
    const passed: string[] = [];
    let found: string | undefined;
    while (found === undefined) {
      const name = this.#names.at(-1);
      if (name === undefined || this.#dueMs(name) > nowMs) break;
      this.#names.pop();
      if (isFree(name)) found = name;
      else passed.push(name);
    }
    this.#names.push(...passed.reverse());
    if (found !== undefined) this.taken++;
    return found;
  }

  /** When the next item that is not due yet will be; undefined when none waits for its time. */
  nextDueMs(nowMs: number): number | undefined {
    const { dueMs } = this.layout.names;
    if (dueMs === undefined) return undefined;
    const name = this.#names.findLast((candidate) => dueMs(candidate) > nowMs);
    return name === undefined ? undefined : dueMs(name);
  }

  [Symbol.dispose](): void {
    for (const watched of this.#watches) watched.cancel();
  }

  #dueMs(name: string): number {
    return this.layout.names.dueMs?.(name) ?? 0;
  }
}

/** Creates a directory of a queue, and what is missing above it. */
export async function ensureDirectory(
  client: ZkClient,
  layout: QueueLayout,
  path: string,
  options: CallOptions & { readonly acl?: readonly Acl[] },
): Promise<void> {
  await ensurePath(client, parentPath(path), { ...options, as: layout.kinds.parents });
  await ensurePath(client, path, { ...options, as: layout.kinds.own });
}

/** Lists; a directory that is missing is made, for without it there is nothing to watch. */
async function listAndWatch(
  client: ZkClient,
  layout: QueueLayout,
  path: string,
  scope: Patience,
): Promise<Watched<NodeChildren>> {
  const { signal } = scope;
  return persistently(client, scope, async () => {
    for (;;) {
      try {
        return await client.getChildrenAndWatch(path, { signal });
      } catch (error) {
        if (!isNamed(error, 'NONODE')) throw error;
        await ensureDirectory(client, layout, path, { signal });
      }
    }
  });
}
