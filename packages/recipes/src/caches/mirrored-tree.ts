import type { Codec } from '@zk/client-api';
import { childPath, nodeName, parentPath } from '../support/index.js';
import type { CacheEvent, CacheNode, CacheProblem } from './cache-types.js';
import type { FoundNode } from './tree-source.js';

/** How what is found becomes what is held. */
export interface DecodingOptions<T> {
  readonly codec: Codec<T>;
  /** The root is there for the sake of its children: its data is not decoded, and no value to anybody. */
  readonly ignoresRoot: boolean;
}

/** Who hears of what becomes of the znodes held. */
export interface MirroredTreeListener<T> {
  event(event: CacheEvent<T>): void;
  problem(problem: CacheProblem): void;
  /** Said before the event, and of every path that is removed, whether or not anything was held for it. */
  forgotten(path: string): void;
}

/**
 * What a reading turned out to be. `absent`: there is no such znode. `parked`: its parent is not known yet. `again`: another
 * znode of the same path than the one that was held. `known`: held before, or not usable.
 */
export type Finding = 'absent' | 'parked' | 'new' | 'again' | 'known';

/**
 * The znodes that a mirror holds, each with its decoded value. A parent comes before its children and goes after them. A
 * znode whose value cannot be decoded is unusable: known to exist and not held, and what is below it does not wait for it.
 */
export class MirroredTree<T> {
  readonly #root: string;
  readonly #options: DecodingOptions<T>;
  readonly #listener: MirroredTreeListener<T>;
  readonly #nodes = new Map<string, CacheNode<T>>();
  /** Names of the children that are held, by their parent's path, whether or not that is held itself. */
  readonly #children = new Map<string, Set<string>>();
  readonly #unusable = new Set<string>();

  constructor(root: string, options: DecodingOptions<T>, listener: MirroredTreeListener<T>) {
    this.#root = root;
    this.#options = options;
    this.#listener = listener;
  }

  get size(): number {
    return this.#nodes.size;
  }

  has(path: string): boolean {
    return this.#nodes.has(path);
  }

  get(path: string): CacheNode<T> | undefined {
    return this.#nodes.get(path);
  }

  /** Held or unusable. */
  exists(path: string): boolean {
    return this.#nodes.has(path) || this.#unusable.has(path);
  }

  hasChildren(path: string): boolean {
    return this.#children.has(path);
  }

  childNames(path: string): readonly string[] {
    return [...(this.#children.get(path) ?? [])];
  }

  nodes(): IterableIterator<CacheNode<T>> {
    return this.#nodes.values();
  }

  unusable(): Iterable<string> {
    return this.#unusable;
  }

  /** It cannot be read. What is held of it stays. */
  giveUp(path: string): void {
    if (!this.#nodes.has(path)) this.#unusable.add(path);
  }

  /** What a reading says, made so. */
  apply(path: string, found: FoundNode | null): Finding {
    if (found === null) {
      this.remove(path);
      return 'absent';
    }
    const previous = this.#nodes.get(path);
    if (previous === undefined) return this.#add(path, found);
    if (previous.stat.czxid === found.stat.czxid) return this.#update(path, previous, found);
    // The reading that found it has set its watch: that stays. Found by chance in cache-property.spec.ts.
    this.#drop(path);
    const finding = this.#add(path, found);
    return finding === 'new' ? 'again' : finding;
  }

  #add(path: string, found: FoundNode): Finding {
    const parent = parentPath(path);
    if (path !== this.#root && !this.exists(parent)) return 'parked';
    const node = this.#decode(path, found);
    if (node === undefined) return 'known';
    this.#unusable.delete(path);
    this.#nodes.set(path, node);
    if (path !== this.#root) this.#adopt(parent, nodeName(path));
    this.#listener.event({ type: 'created', path, node });
    return 'new';
  }

  #update(path: string, previous: CacheNode<T>, found: FoundNode): Finding {
    const hasChanged = previous.stat.mzxid !== found.stat.mzxid;
    const node = hasChanged ? this.#decode(path, found) : { path, data: previous.data, stat: found.stat };
    if (node === undefined) return 'known';
    this.#nodes.set(path, node);
    if (hasChanged) this.#listener.event({ type: 'changed', path, node, previous });
    return 'known';
  }

  #decode(path: string, found: FoundNode): CacheNode<T> | undefined {
    if (this.#options.ignoresRoot && path === this.#root) return { path, data: undefined as T, stat: found.stat };
    try {
      const data = this.#options.codec.decode(found.data ?? null);
      return { path, data, stat: found.stat };
    } catch (error) {
      // The last good value stays, if there is one.
      this.giveUp(path);
      this.#listener.problem({ path, error });
      return undefined;
    }
  }

  #adopt(parent: string, name: string): void {
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, new Set([name]));
    else siblings.add(name);
  }

  /** Forgets a znode and, before it, all below it. */
  remove(path: string): void {
    this.#unusable.delete(path);
    this.#removeChildren(path);
    this.#listener.forgotten(path);
    this.#removeNode(path);
  }

  /** The same, but whoever listens is to go on with the path itself. */
  #drop(path: string): void {
    this.#unusable.delete(path);
    this.#removeChildren(path);
    this.#removeNode(path);
  }

  #removeChildren(path: string): void {
    for (const name of this.#children.get(path) ?? []) this.remove(childPath(path, name));
  }

  #removeNode(path: string): void {
    const previous = this.#nodes.get(path);
    if (previous === undefined) return;
    this.#nodes.delete(path);
    if (path !== this.#root) this.#disown(parentPath(path), nodeName(path));
    this.#listener.event({ type: 'deleted', path, previous });
  }

  #disown(parent: string, name: string): void {
    const siblings = this.#children.get(parent);
    if (siblings?.delete(name) === true && siblings.size === 0) this.#children.delete(parent);
  }
}
