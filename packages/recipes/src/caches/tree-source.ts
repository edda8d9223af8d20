import type { Codec, NodeData, WatchSubscription, Watched, ZkClient, ZnodeEvent } from '@zk/client-api';
import type { Stat, Zxid } from '@zk/model';
import { isNamed } from '../support/index.js';

/** A znode as it was read; data is undefined where the cache keeps none. */
export interface FoundNode {
  readonly data: Uint8Array | null | undefined;
  readonly stat: Stat;
}

/** What a source tells its mirror. */
export interface TreeSink {
  /** The server says what happened; delivered before the answer of any read that shows it. */
  event(event: ZnodeEvent): void;
  /** Look at this znode again; with `children`, at the list of them as well; with `subtree`, at each of them. */
  look(path: string, what: { readonly children?: boolean; readonly subtree?: boolean }): void;
  /** Anything may have happened unseen. */
  reset(): void;
  /** The watch is gone for good: a server was asked for it again that does not know such watches, say. */
  failed(error: unknown): void;
}

/** How a mirror reads znodes and hears of their changes. */
export interface TreeSource {
  /** Whether a znode without children must be listed nevertheless, because the listing is what sets the watch. */
  readonly mustList: boolean;
  /** Whether the watches survive a reconnect without a reset item. */
  readonly survivesReconnect: boolean;
  /** @throws what the server answers; UNIMPLEMENTED where it does not know this kind of watch */
  start(sink: TreeSink, signal: AbortSignal): Promise<void>;
  /** null when there is no such znode. */
  read(path: string): Promise<FoundNode | null>;
  list(path: string): Promise<readonly string[] | null>;
  /** The znode is gone. */
  forget(path: string): void;
  close(): Promise<void>;
}

const raw: Codec<Uint8Array | null> = { encode: (value) => value, decode: (data) => data };

/** One persistent watch, recursive or of one znode (server 3.6 and later). */
export class PersistentSource implements TreeSource {
  readonly mustList = false;
  readonly survivesReconnect = false;
  readonly #client: ZkClient;
  readonly #root: string;
  readonly #options: { readonly recursive: boolean; readonly withData: boolean };
  #subscription: WatchSubscription | undefined;
  #failures: { unsubscribe(): void } | undefined;

  constructor(client: ZkClient, root: string, options: { readonly recursive: boolean; readonly withData: boolean }) {
    this.#client = client;
    this.#root = root;
    this.#options = options;
  }

  async start(sink: TreeSink, signal: AbortSignal): Promise<void> {
    const stream = this.#client.watch(this.#root, { recursive: this.#options.recursive });
    this.#subscription = await stream.start(
      (item) => {
        if (item.type === 'reset') sink.reset();
        else if (item.type !== 'childrenChanged') sink.event(item);
      },
      { signal },
    );
    this.#failures = stream.subscribe({ error: (error: unknown) => sink.failed(error) });
  }

  read(path: string): Promise<FoundNode | null> {
    return readNode(this.#client, path, this.#options.withData);
  }

  list(path: string): Promise<readonly string[] | null> {
    return orNull(async () => (await this.#client.getChildren(path)).children);
  }

  forget(): void {
    // The one watch covers all znodes, those that are to come as well.
  }

  async close(): Promise<void> {
    this.#failures?.unsubscribe();
    await this.#subscription?.unsubscribe();
  }
}

/** For servers before 3.6: a data watch and a child watch on every znode, set again after each event. */
export class OneShotSource implements TreeSource {
  readonly mustList = true;
  readonly survivesReconnect = true;
  readonly #client: ZkClient;
  readonly #root: string;
  readonly #withData: boolean;
  #data = new Map<string, Watched<unknown>>();
  #children = new Map<string, Watched<unknown>>();
  #sink: TreeSink | undefined;

  constructor(client: ZkClient, root: string, options: { readonly withData: boolean }) {
    this.#client = client;
    this.#root = root;
    this.#withData = options.withData;
  }

  async start(sink: TreeSink): Promise<void> {
    this.#sink = sink;
  }

  async read(path: string): Promise<FoundNode | null> {
    for (;;) {
      if (this.#data.has(path)) return readNode(this.#client, path, this.#withData);
      const found = await orNull(() => this.#readAndWatch(path));
      if (found !== null || path !== this.#root) return found;
      // Nothing above it is watched, so the root says itself when it comes into being.
      const watched = await this.#client.existsAndWatch(path);
      this.#arm(this.#data, path, watched);
      if (watched.value === null) return null;
    }
  }

  async list(path: string): Promise<readonly string[] | null> {
    return orNull(async () => {
      if (this.#children.has(path)) return (await this.#client.getChildren(path)).children;
      const watched = await this.#client.getChildrenAndWatch(path);
      this.#arm(this.#children, path, watched);
      return watched.value.children;
    });
  }

  forget(path: string): void {
    for (const armed of [this.#data, this.#children]) {
      if (armed === this.#data && path === this.#root) continue;
      armed.get(path)?.cancel();
      armed.delete(path);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#data.values(), ...this.#children.values()];
    this.#sink = undefined;
    this.#data.clear();
    this.#children.clear();
    for (const watched of all) watched.cancel();
  }

  async #readAndWatch(path: string): Promise<FoundNode | null> {
    if (this.#withData) {
      const watched = await this.#client.getAndWatch(path);
      this.#arm(this.#data, path, watched);
      return watched.value;
    }
    const watched = await this.#client.existsAndWatch(path);
    if (watched.value === null && path !== this.#root) {
      watched.cancel();
      return null;
    }
    this.#arm(this.#data, path, watched);
    return watched.value === null ? null : { data: undefined, stat: watched.value };
  }

  #arm(armed: Map<string, Watched<unknown>>, path: string, watched: Watched<unknown>): void {
    if (this.#sink === undefined) return watched.cancel();
    armed.get(path)?.cancel();
    armed.set(path, watched);
    void watched.fired.then((fired) => {
      if (fired.type === 'sessionLost') return this.#sessionLost(armed, path, watched);
      if (armed.get(path) === watched) armed.delete(path);
      if (fired.type === 'cancelled') return;
      // What else happened since the watch fired is unknown: only a new reading can tell.
      this.#sink?.look(path, { children: fired.type !== 'dataChanged', subtree: fired.type === 'deleted' });
    });
  }

  /** All watches went with the session: forgotten at once, so that what is read from now on sets new ones. */
  #sessionLost(armed: Map<string, Watched<unknown>>, path: string, watched: Watched<unknown>): void {
    if (armed.get(path) !== watched) return;
    this.#data.clear();
    this.#children.clear();
    this.#sink?.reset();
  }
}

async function readNode(client: ZkClient, path: string, withData: boolean): Promise<FoundNode | null> {
  if (withData) return orNull((): Promise<NodeData<Uint8Array | null>> => client.get(path, { codec: raw }));
  const stat = await client.exists(path);
  return stat === null ? null : { data: undefined, stat };
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (isNamed(error, 'NONODE')) return null;
    throw error;
  }
}

/** Whether the event is older than what was read; servers before 3.9 do not tell (-1). */
export function isKnown(eventZxid: Zxid, readZxid: Zxid): boolean {
  return eventZxid > 0n && eventZxid <= readZxid;
}
