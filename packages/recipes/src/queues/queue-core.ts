import { type WatchFired, type Watched, type NodeChildren, type ZkClient, op } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { LinkedSignal, childPath, closedErrorOf, firstOf, isNamed, requirePath } from '../support/index.js';
import { type Outcome, ReceiptWriter } from '../values/receipts.js';
import { type Patience, persistently } from '../values/scoped.js';
import { type Claim, type ClaimContext, LockedClaim, RemovedClaim } from './claim.js';
import { TakeUnknownError, UnreadableItemError } from './errors.js';
import { createLock, unlock } from './item-lock.js';
import { Listing, type QueueLayout, ensureDirectory } from './listing.js';

/**
 * What all queues have in common: bytes in znodes whose names have an order, and consumers that agree on who gets which.
 *
 * There are two ways to agree. Without locks, whoever deletes the znode has the item: it is handed out at most once, and
 * is gone if its consumer crashes. With locks, whoever creates an ephemeral node of the item's name has it, works, and
 * then deletes both in one transaction: the item survives its consumer, and is handed out at least once.
 *
 * Consumers work through a list, and list again when it is used up or, where a later item may have to come first, when
 * it has changed. Everybody who waits does so on that one list.
 */
export class QueueCore implements ClaimContext {
  readonly client: ZkClient;
  readonly layout: QueueLayout;
  readonly writer: ReceiptWriter;
  readonly #options: QueueCoreOptions;
  readonly #closing = new AbortController();
  /** Items in the hands of this very object: their locks may not be in a list yet, or still be. */
  readonly #busy = new Set<string>();
  readonly #unreadable = new Set<string>();
  #listing: Listing | undefined;
  #loading: Promise<Listing> | undefined;
  #isPrepared = false;
  #preparing: Promise<void> | undefined;

  constructor(client: ZkClient, layout: QueueLayout, options: QueueCoreOptions) {
    this.client = client;
    this.layout = layout;
    const { receipts = true } = options;
    const directory = typeof receipts === 'string' ? requirePath(receipts) : layout.receipts;
    this.writer = new ReceiptWriter(client, directory, receipts !== false);
    this.#options = options;
  }

  async put(stem: string, data: Uint8Array, scope: Patience): Promise<void> {
    await this.putAll([{ stem, data }], scope);
  }

  /** All or none. */
  async putAll(
    entries: readonly { readonly stem: string; readonly data: Uint8Array }[],
    scope: Patience,
  ): Promise<void> {
    const { acl } = this.#options;
    const operations = entries.map(({ stem, data }) =>
      op.create(childPath(this.layout.items, stem), data, {
        mode: 'persistentSequential',
        ...(acl === undefined ? {} : { acl }),
      }),
    );
    if (operations.length === 0) return;
    if (!this.#isPrepared) await this.#prepare(scope);
    for (;;) {
      try {
        // Guard of "an item is put once" in queue-faults.spec.ts.
        await this.writer.write(operations, scope);
        return;
      } catch (error) {
        if (!isNamed(error, 'NONODE')) throw error;
        await this.#ensure(this.layout.items, scope);
      }
    }
  }

  /** Waits until there are fewer than so many items. Advisory: others put at the same time. */
  async waitForRoom(maxItems: number, scope: Patience): Promise<void> {
    for (;;) {
      const watched = await this.#listItems(scope);
      if (watched === undefined) return;
      try {
        if (this.layout.names.order(watched.value.children).length < maxItems) return;
        await this.#waitFor(watched.fired, scope);
      } finally {
        watched.cancel();
      }
    }
  }

  /** Names of the items, in order. */
  async names(scope: Patience): Promise<string[]> {
    return this.layout.names.order(await this.#children(this.layout.items, scope));
  }

  /** What is in an item, without taking it; undefined when it is gone. */
  async read(name: string, scope: Patience): Promise<{ data: Uint8Array; version: number } | undefined> {
    return persistently(this.client, scope, async () => {
      try {
        const path = childPath(this.layout.items, name);
        const { data, stat } = await this.client.get(path, { signal: scope.signal });
        return { data, version: stat.version };
      } catch (error) {
        if (isNamed(error, 'NONODE')) return undefined;
        throw error;
      }
    });
  }

  /** Takes the first item that can be had now. */
  async poll<T>(decode: (data: Uint8Array) => T, scope: Patience): Promise<Taken<T> | undefined> {
    const nowMs = this.#wallMs();
    const locked = new Set(await this.#lockedNames(scope));
    for (const name of await this.names(scope)) {
      if ((this.layout.names.dueMs?.(name) ?? 0) > nowMs) return undefined;
      if (locked.has(name) || !this.#isFree(name)) continue;
      const taken = await this.claim(name, decode, scope);
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  /** Takes the first item, and waits for one. */
  async take<T>(decode: (data: Uint8Array) => T, scope: Patience): Promise<Taken<T>> {
    for (;;) {
      const listing = await this.#list(scope);
      const nowMs = this.#wallMs();
      const name = this.#mustRefresh(listing) ? undefined : listing.next(nowMs, (candidate) => this.#isFree(candidate));
      if (name !== undefined) {
        const taken = await this.claim(name, decode, scope);
        if (taken !== undefined) return taken;
      } else if (listing.isStale) this.#forget(listing);
      else {
        await this.#waitFor(listing.changed, scope, listing.nextDueMs(nowMs));
        // Also when only the time has come: the list may be old by then.
        this.#forget(listing);
      }
    }
  }

  /** Tries to get this very item. Undefined when somebody else has it. */
  async claim<T>(name: string, decode: (data: Uint8Array) => T, scope: Patience): Promise<Taken<T> | undefined> {
    if (this.#busy.has(name)) return undefined;
    this.#busy.add(name);
    try {
      const taken = await (this.layout.locks === undefined
        ? this.#remove(name, decode, scope)
        : this.#lock(name, this.layout.locks, decode, scope));
      if (taken === undefined || this.layout.locks === undefined) this.#busy.delete(name);
      else taken.claim.signal.addEventListener('abort', () => this.#busy.delete(name), { once: true });
      return taken;
    } catch (error) {
      this.#busy.delete(name);
      throw error;
    }
  }

  /** Nobody waits any more; what is in hands stays there. */
  async close(): Promise<void> {
    this.#closing.abort(closedErrorOf(this.client, 'queue', this.layout.items));
    if (this.#listing !== undefined) this.#forget(this.#listing);
    await this.#loading?.catch(() => undefined);
    if (this.#listing !== undefined) this.#forget(this.#listing);
    await this.writer.close();
  }

  /** Makes the directories, once for all who put now: so they keep the order of their calls. */
  async #prepare(scope: Patience): Promise<void> {
    this.#preparing ??= this.#ensure(this.layout.items, this.#closing)
      .catch((error: unknown) => {
        // That is the answer also where it exists already. If it does not, the put will say so.
        if (!isNamed(error, 'NOAUTH')) throw error;
      })
      .then(() => this.writer.prepare(this.#closing))
      .then(() => void (this.#isPrepared = true))
      .finally(() => (this.#preparing = undefined));
    const preparing = this.#preparing;
    await firstOf({ signals: [scope.signal], promises: [preparing] });
    preparing.catch(() => undefined);
    if (scope.signal.aborted) throw scope.signal.reason;
    await preparing;
  }

  // ---- at most once

  async #remove<T>(name: string, decode: (data: Uint8Array) => T, scope: Patience): Promise<Taken<T> | undefined> {
    const found = await this.read(name, scope);
    if (found === undefined) return undefined;
    // Before it is removed: what cannot be read stays.
    const value = this.#decode(name, found.data, decode);
    const path = childPath(this.layout.items, name);
    const stillThere = async (): Promise<Outcome> =>
      (await persistently(this.client, scope, () =>
        this.client.exists(path, { linearizable: true, signal: scope.signal }),
      )) === null
        ? 'unknown'
        : 'notApplied';
    try {
      // Guards of "an item is neither lost nor doubled when it is taken" and "a take that is cancelled while it removes
      // hands out what it has removed" in queue-faults.spec.ts.
      const options = { compare: stillThere, isSeenThrough: true };
      await this.writer.write([op.delete(path, found.version)], scope, options);
    } catch (error) {
      if (isNamed(error, 'NONODE', 'BADVERSION')) return undefined;
      throw isMaybeApplied(error) ? new TakeUnknownError(path, value, error) : error;
    }
    return { value, claim: new RemovedClaim(this, name, found.data) };
  }

  // ---- at least once

  async #lock<T>(
    name: string,
    locks: string,
    decode: (data: Uint8Array) => T,
    scope: Patience,
  ): Promise<Taken<T> | undefined> {
    const lock = await createLock(this.client, childPath(locks, name), scope, () => this.#ensure(locks, scope));
    if (lock === undefined) return undefined;
    try {
      const found = await this.read(name, scope);
      if (found !== undefined && !lock.signal.aborted) {
        const value = this.#decode(name, found.data, decode);
        return { value, claim: new LockedClaim(this, lock, name, found.data) };
      }
    } catch (error) {
      void unlock(this.client, lock);
      throw error;
    }
    void unlock(this.client, lock);
    return undefined;
  }

  // ---- lists

  #isFree(name: string): boolean {
    return !this.#busy.has(name) && !this.#unreadable.has(name);
  }

  #mustRefresh(listing: Listing): boolean {
    const { minItemsBeforeRefresh = 0 } = this.#options;
    return this.layout.names.isReordering && listing.isStale && listing.taken >= minItemsBeforeRefresh;
  }

  async #list(scope: Patience): Promise<Listing> {
    for (;;) {
      if (scope.signal.aborted) throw scope.signal.reason;
      if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
      if (this.#listing !== undefined) return this.#listing;
      // Shared, and so not ended by the patience of one.
      this.#loading ??= Listing.load(this.client, this.layout, this.#closing)
        .then((listing) => (this.#listing = listing))
        .catch((error: unknown) => {
          throw this.#closing.signal.aborted ? this.#closing.signal.reason : error;
        })
        .finally(() => (this.#loading = undefined));
      const loading = this.#loading;
      await firstOf({ signals: [scope.signal], promises: [loading] });
      if (!scope.signal.aborted) await loading;
      else loading.catch(() => undefined);
    }
  }

  #forget(listing: Listing): void {
    listing[Symbol.dispose]();
    if (this.#listing === listing) this.#listing = undefined;
  }

  async #waitFor(changed: Promise<WatchFired | void>, scope: Patience, untilWallMs?: number): Promise<void> {
    using either = new LinkedSignal(scope.signal, this.#closing.signal);
    const delayMs = untilWallMs === undefined ? undefined : Math.max(1, untilWallMs - this.#wallMs());
    let due: { cancel(): void } | undefined;
    const promises: Promise<unknown>[] = [changed];
    if (delayMs !== undefined) {
      const { scheduler } = this.client.runtime;
      promises.push(new Promise<void>((resolve) => (due = scheduler.after(delayMs, resolve))));
    }
    await firstOf({ signals: [either.signal], promises });
    due?.cancel();
    if (either.signal.aborted) throw either.signal.reason;
  }

  async #lockedNames(scope: Patience): Promise<readonly string[]> {
    return this.layout.locks === undefined ? [] : this.#children(this.layout.locks, scope);
  }

  #children(path: string, scope: Patience): Promise<readonly string[]> {
    return persistently(this.client, scope, async () => {
      try {
        return (await this.client.getChildren(path, { signal: scope.signal })).children;
      } catch (error) {
        if (isNamed(error, 'NONODE')) return [];
        throw error;
      }
    });
  }

  async #listItems(scope: Patience): Promise<Watched<NodeChildren> | undefined> {
    return persistently(this.client, scope, () =>
      this.client.getChildrenAndWatch(this.layout.items, { signal: scope.signal }).catch((error: unknown) => {
        if (isNamed(error, 'NONODE')) return undefined;
        throw error;
      }),
    );
  }

  #decode<T>(name: string, data: Uint8Array, decode: (data: Uint8Array) => T): T {
    try {
      return decode(data);
    } catch (error) {
      this.#unreadable.add(name);
      throw new UnreadableItemError(childPath(this.layout.items, name), error);
    }
  }

  #ensure(path: string, scope: Patience): Promise<void> {
    const { acl } = this.#options;
    return persistently(this.client, scope, () =>
      ensureDirectory(this.client, this.layout, path, {
        signal: scope.signal,
        ...(acl === undefined ? {} : { acl }),
      }),
    );
  }

  #wallMs(): number {
    return this.client.runtime.clock.wallMs();
  }
}

/** Unlike `mayHaveApplied`, in no doubt about errors that say nothing: the reason of a signal, say. */
function isMaybeApplied(error: unknown): boolean {
  return error instanceof Error && 'maybeApplied' in error && error.maybeApplied === true;
}

export interface Taken<T> {
  readonly value: T;
  readonly claim: Claim;
}

export interface QueueCoreOptions {
  readonly receipts?: boolean | string | undefined;
  readonly acl?: readonly Acl[] | undefined;
  readonly minItemsBeforeRefresh?: number | undefined;
}
