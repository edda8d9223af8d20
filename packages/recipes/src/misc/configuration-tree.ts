import { type CallOptions, type Codec, CancelledError, OperationTimeoutError } from '@zk/client-api';
import { NoNodeError, type WriteOp, type ZkClient, op, utf8 } from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import { type CacheStatus, TreeCache } from '../caches/index.js';
import { CallScope, childPath, ensurePath, isNamed, nodeName, parentPath } from '../support/index.js';
import type { ConfigurationSink, ConfigurationSource } from './configuration-json.js';

interface TreeNode {
  readonly data: Uint8Array;
  readonly version: number;
}

/** Paths with data, the root among them if it exists. */
type Tree = ReadonlyMap<string, TreeNode>;

/** A znode per key. */
export class TreeSource<T> implements ConfigurationSource<T> {
  readonly #client: ZkClient;
  readonly #path: string;
  readonly #codec: Codec<T>;
  readonly #sink: ConfigurationSink<T>;
  readonly #cache: TreeCache;
  #isChanged = true;

  constructor(client: ZkClient, path: string, codec: Codec<T>, sink: ConfigurationSink<T>) {
    this.#client = client;
    this.#path = path;
    this.#codec = codec;
    this.#sink = sink;
    this.#cache = new TreeCache(client, path);
    this.#cache.events.subscribe({ next: () => (this.#isChanged = true), complete: () => sink.end() });
    this.#cache.settled$.subscribe(() => this.#take());
    this.#cache.problems$.subscribe((problem) => sink.problem(problem));
  }

  get status(): CacheStatus {
    return this.#cache.status;
  }

  start(options: CallOptions): Promise<void> {
    return this.#cache.start(options);
  }

  /** All znodes that were read are checked in the one multi that writes: nothing is lost, and nothing half done. */
  async update(change: (value: T) => T | Promise<T>, defaults: T | undefined, options: CallOptions): Promise<T> {
    using scope = new CallScope(this.#client.runtime, options);
    const { signal } = scope;
    for (;;) {
      if (scope.hasTimedOut) throw new OperationTimeoutError(this.#path, scope.timeoutMs, false);
      if (signal.aborted) throw new CancelledError(this.#path, signal.reason, false);
      const tree = await this.#read(signal);
      if (tree.size === 0 && defaults === undefined) throw new NoNodeError(ErrorCode.NONODE, this.#path);
      const value = tree.size === 0 ? defaults! : this.#decode(tree);
      const changed = await change(value);
      const operations = this.#plan(tree, changed);
      if (operations.length === 0) return changed;
      try {
        if (tree.size === 0) await ensurePath(this.#client, parentPath(this.#path), { signal });
        await this.#client.multi([...checksOf(tree, operations), ...operations], { signal });
        return changed;
      } catch (error) {
        // Somebody else was quicker.
        if (!isNamed(error, 'BADVERSION', 'NONODE', 'NODEEXISTS', 'NOTEMPTY')) throw error;
      }
    }
  }

  close(): Promise<void> {
    return this.#cache.close();
  }

  #take(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const tree: Tree = new Map([...this.#cache].map(({ path, data, stat }) => [path, { data, version: stat.version }]));
    const error = new NoNodeError(ErrorCode.NONODE, this.#path);
    if (tree.size === 0) return this.#sink.problem({ path: this.#path, error });
    try {
      this.#sink.value(this.#decode(tree));
    } catch (error) {
      this.#sink.problem({ path: this.#path, error });
    }
  }

  #decode(tree: Tree): T {
    return this.#codec.decode(utf8.encode(JSON.stringify(objectOf(this.#path, tree))));
  }

  /** What turns the tree into the value: parents before children, deletions children first. */
  #plan(tree: Tree, value: T): WriteOp[] {
    const wanted = new Map<string, Uint8Array | undefined>();
    flatten(this.#path, JSON.parse(utf8.decode(this.#codec.encode(value))), wanted);
    const operations: WriteOp[] = [];
    const obsolete = [...tree.keys()].filter((path) => !wanted.has(path));
    for (const path of obsolete.sort().reverse()) operations.push(op.delete(path, tree.get(path)!.version));
    for (const [path, data] of wanted) {
      const known = tree.get(path);
      if (known === undefined) operations.push(op.create(path, data ?? new Uint8Array()));
      else if (data !== undefined && !isSame(known.data, data)) operations.push(op.set(path, data, known.version));
    }
    return operations;
  }

  async #read(signal: AbortSignal): Promise<Tree> {
    const tree = new Map<string, TreeNode>();
    const visit = async (path: string): Promise<void> => {
      try {
        const { data, stat } = await this.#client.get(path, { signal });
        tree.set(path, { data, version: stat.version });
        if (stat.numChildren === 0) return;
        const { children } = await this.#client.getChildren(path, { signal });
        await Promise.all(children.map((name) => visit(childPath(path, name))));
      } catch (error) {
        // Gone in the meantime; its parent has lost its last check, so the multi fails or the key is gone for good.
        if (!isNamed(error, 'NONODE')) throw error;
        tree.delete(path);
      }
    };
    await visit(this.#path);
    return tree;
  }
}

function checksOf(tree: Tree, operations: readonly WriteOp[]): WriteOp[] {
  const written = new Set(operations.map(({ path }) => path));
  return [...tree].filter(([path]) => !written.has(path)).map(([path, { version }]) => op.check(path, version));
}

function objectOf(root: string, tree: Tree): unknown {
  const children = new Map<string, string[]>();
  for (const path of tree.keys()) {
    if (path === root) continue;
    const siblings = children.get(parentPath(path)) ?? [];
    siblings.push(path);
    children.set(parentPath(path), siblings);
  }
  const build = (path: string): unknown => {
    const below = children.get(path);
    if (below === undefined) return path === root ? {} : leafOf(tree.get(path)!.data);
    // Not by assignment, which would take `__proto__` for something else than a key.
    return Object.fromEntries(below.sort().map((child) => [nodeName(child), build(child)]));
  };
  return build(root);
}

/** JSON, or else text as it is. */
function leafOf(data: Uint8Array): unknown {
  const text = utf8.decode(data);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Text that would be read as something else is quoted; an empty object has no znode below it and is written as `{}`. */
function leafData(value: unknown): Uint8Array {
  const isPlain = typeof value === 'string' && leafOf(utf8.encode(value) ?? new Uint8Array()) === value;
  return utf8.encode(isPlain ? value : JSON.stringify(value)) ?? new Uint8Array();
}

/** Data of each znode; undefined for one that has children, whose data means nothing and is left alone. */
function flatten(path: string, value: unknown, into: Map<string, Uint8Array | undefined>): void {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isObject ? Object.entries(value) : [];
  if (entries.length === 0) {
    into.set(path, leafData(value));
    return;
  }
  into.set(path, undefined);
  for (const [key, item] of entries) flatten(childPath(path, key), item, into);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
