import type { ZkClient, ZnodeEvent } from '@zk/client-api';
import { type Observable, BehaviorSubject, Subject } from 'rxjs';
import {
  childPath,
  exponentialBackoff,
  isClientOver,
  isNamed,
  isTransient,
  parentPath,
  withRetry,
} from '../support/index.js';
import type { CacheEvent, CacheNode, CacheProblem, CacheStatus } from './cache-types.js';
import { type DecodingOptions, MirroredTree } from './mirrored-tree.js';
import { type Look, type Task, TaskQueue, keep } from './task-queue.js';
import { type TreeLimits, TreeScope } from './tree-scope.js';
import { type FoundNode, OneShotSource, PersistentSource, type TreeSource, isKnown } from './tree-source.js';

// A mirror follows a subtree. The server tells which znode changed, never to what, so every event becomes a task "look at
// this znode", and what the look finds decides: there and unknown, it was created; there and changed, it was changed; not
// there, it was deleted. Nothing else ever changes the mirror (but for deletions, which need no look), so it does not
// matter why a look was taken. At the start, and whenever events may be missing, the whole tree is walked by the same
// means: look at the root, list it, look at every child that is listed or known.
//
// Why it ends up right: the server tells of a change before it answers a reading that shows it, and a path that is told
// about while a look at it is under way is looked at once more. So the last look at a znode begins after the last event.

export interface MirrorOptions<T> extends TreeLimits, DecodingOptions<T> {
  readonly withData: boolean;
  readonly concurrency: number;
  readonly watches: 'auto' | 'oneShot';
}

export class TreeMirror<T> {
  readonly #client: ZkClient;
  readonly #root: string;
  readonly #options: MirrorOptions<T>;
  readonly #scope: TreeScope;
  readonly #tree: MirroredTree<T>;
  readonly #queue: TaskQueue;
  /** Found before their parent was: a parent is created first, and if there is none, nor are they. */
  readonly #parked = new Map<string, Set<string>>();
  readonly #events = new Subject<CacheEvent<T>>();
  readonly #problems = new Subject<CacheProblem>();
  readonly #status = new BehaviorSubject<CacheStatus>('new');
  readonly #settled = new Subject<void>();
  readonly #life = new AbortController();
  #source: TreeSource | undefined;
  #stateSubscription: { unsubscribe(): void } | undefined;
  #awaitsReset = false;
  #isInitialized = false;
  #failures = 0;
  #retryTimer: { cancel(): void } | undefined;

  constructor(client: ZkClient, root: string, options: MirrorOptions<T>) {
    this.#client = client;
    this.#root = root;
    this.#options = options;
    this.#scope = new TreeScope(root, options);
    this.#tree = new MirroredTree(root, options, {
      event: (event) => this.#events.next(event),
      problem: (problem) => this.#problems.next(problem),
      forgotten: (path) => this.#source?.forget(path),
    });
    this.#queue = new TaskQueue(options.concurrency, (task) => this.#run(task));
    this.#queue.pause();
  }

  get events$(): Subject<CacheEvent<T>> {
    return this.#events;
  }

  get problems$(): Observable<CacheProblem> {
    return this.#problems;
  }

  /** Nothing is waiting to be read. */
  get settled$(): Observable<void> {
    return this.#settled;
  }

  get status$(): Observable<CacheStatus> {
    return this.#status;
  }

  get status(): CacheStatus {
    return this.#status.value;
  }

  get size(): number {
    return this.#tree.size;
  }

  get(path: string): CacheNode<T> | undefined {
    return this.#tree.get(path);
  }

  childNames(path: string): readonly string[] {
    return this.#tree.childNames(path);
  }

  nodes(): IterableIterator<CacheNode<T>> {
    return this.#tree.nodes();
  }

  /** Resolves when there is a watch and the first walk has begun. */
  async start(): Promise<void> {
    if (this.status !== 'new') return;
    this.#status.next('filling');
    const source = await this.#openSource();
    if (this.#isClosed) return source.close();
    this.#source = source;
    this.#queue.add(this.#root, { subtree: true });
    this.#queue.resume();
    this.#stateSubscription = this.#client.state$.subscribe({
      next: (state) => {
        if (state === 'suspended' || state === 'lost') this.#disconnected();
        else if (state === 'connected' || state === 'reconnected' || state === 'readOnly') this.#connected();
      },
      complete: () => void this.close(),
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#life.abort();
    this.#retryTimer?.cancel();
    this.#stateSubscription?.unsubscribe();
    this.#queue.clear();
    this.#status.next('closed');
    this.#status.complete();
    this.#events.complete();
    this.#problems.complete();
    this.#settled.complete();
    // Where removing the watch fails, it goes with the session.
    await this.#source?.close().catch(() => undefined);
  }

  get #isClosed(): boolean {
    return this.status === 'closed';
  }

  async #openSource(): Promise<TreeSource> {
    const { maxDepth, watches, withData } = this.#options;
    const oneShot = new OneShotSource(this.#client, this.#root, { withData });
    const sources =
      watches === 'oneShot'
        ? [oneShot]
        : [new PersistentSource(this.#client, this.#root, { recursive: maxDepth > 0, withData }), oneShot];
    const { signal } = this.#life;
    for (const source of sources) {
      try {
        await withRetry(this.#client.runtime, () => source.start(this.#sinkFor(source), signal), { signal });
        return source;
      } catch (error) {
        if (source === oneShot || !isNamed(error, 'UNIMPLEMENTED')) throw error;
      }
    }
    return oneShot;
  }

  async #openAgain(reason: unknown): Promise<void> {
    this.#awaitsReset = true;
    if (this.status === 'current') this.#status.next('stale');
    this.#problems.next({ path: this.#root, error: reason });
    try {
      const source = await this.#openSource();
      if (this.#isClosed) return await source.close();
      this.#source = source;
      this.#onReset();
    } catch (error) {
      if (!this.#isClosed) this.#problems.next({ path: this.#root, error });
    }
  }

  #sinkFor(source: TreeSource) {
    const isOurs = (): boolean => !this.#isClosed && (this.#source === undefined || this.#source === source);
    return {
      event: (event: ZnodeEvent) => isOurs() && this.#onEvent(event),
      look: (path: string, what: { readonly children?: boolean; readonly subtree?: boolean }) =>
        isOurs() && this.#look(path, what),
      reset: () => isOurs() && this.#onReset(),
      failed: (error: unknown) => isOurs() && void this.#openAgain(error),
    } as const;
  }

  #onEvent(event: ZnodeEvent): void {
    const { path } = event;
    if (!this.#isWanted(path)) return;
    if (event.type === 'deleted') {
      // What is known was read before this happened, and whatever is asked for now is told by an event after this one.
      this.#queue.outdate(path);
      this.#unpark(path, false);
      this.#tree.remove(path);
      return this.#checkIdle();
    }
    const known = this.#tree.get(path);
    if (event.type === 'dataChanged' && known !== undefined && isKnown(event.zxid, known.stat.mzxid)) return;
    this.#queue.add(path);
  }

  #look(path: string, what: { readonly children?: boolean; readonly subtree?: boolean }): void {
    if (this.#isWanted(path)) this.#queue.add(path, what);
  }

  #onReset(): void {
    this.#awaitsReset = false;
    if (this.status === 'current') this.#status.next('stale');
    this.#queue.add(this.#root, { subtree: true });
    // What is no longer reached from the root is looked at as well: it is gone, or its parent was unusable.
    for (const path of this.#tree.unusable()) this.#queue.add(path, { subtree: true });
  }

  #disconnected(): void {
    this.#awaitsReset = this.#source?.survivesReconnect !== true;
    if (this.status === 'current') this.#status.next('stale');
  }

  #connected(): void {
    if (this.#retryTimer !== undefined) this.#resume();
    this.#checkIdle();
  }

  async #run(task: Task): Promise<void> {
    const source = this.#source!;
    const { path, children, subtree } = task;
    task.children = false;
    task.subtree = false;
    try {
      const found = await source.read(path);
      if (this.#isClosed) return;
      if (task.isOutdated) keep(task, { children, subtree });
      else await this.#use(source, task, found, { children, subtree });
      if (this.#isClosed) return;
      this.#failures = 0;
    } catch (error) {
      if (this.#isClosed) return;
      if (isTransient(error)) return this.#postpone(task, { children, subtree });
      this.#giveUp(path, error);
    }
    if (!this.#queue.done(task)) return;
    this.#unpark(path, this.#tree.exists(path));
    this.#checkIdle();
  }

  async #use(source: TreeSource, task: Task, found: FoundNode | null, what: Look): Promise<void> {
    const { path } = task;
    const finding = this.#tree.apply(path, found);
    if (finding === 'parked') return this.#park(path, what, task);
    if (found === null || finding === 'absent') return;
    // What was below one that is another now went with it, and may be there again.
    if (finding === 'again') await this.#list(source, path, found, { children: true, subtree: true });
    else if (what.children || finding === 'new') await this.#list(source, path, found, what);
  }

  async #list(source: TreeSource, path: string, found: FoundNode, what: Look): Promise<void> {
    if (this.#scope.isDeepest(path)) return;
    const isLeaf = found.stat.numChildren === 0 && !this.#tree.hasChildren(path);
    // Where there is one watch for all, a new znode's children come by events of their own.
    if (!source.mustList && (isLeaf || !what.children)) return;
    const names = await source.list(path);
    if (names === null || this.#isClosed) return;
    const present = new Set(names);
    for (const name of [...names].sort()) {
      const child = childPath(path, name);
      const isNew = !this.#tree.has(child);
      if ((isNew || what.subtree) && this.#scope.accepts(child)) this.#queue.add(child, { subtree: true });
    }
    // One that is known and not listed is gone, or newer than the listing: a look at it tells.
    for (const name of this.#tree.childNames(path)) {
      if (!present.has(name)) this.#queue.add(childPath(path, name));
    }
  }

  #park(path: string, what: Look, task: Task): void {
    keep(task, what);
    const parent = parentPath(path);
    const waiting = this.#parked.get(parent) ?? new Set();
    this.#parked.set(parent, waiting.add(path));
    this.#queue.add(parent, { children: true });
  }

  #unpark(parent: string, isThere: boolean): void {
    const waiting = this.#parked.get(parent);
    if (waiting === undefined) return;
    this.#parked.delete(parent);
    if (isThere) for (const path of waiting) this.#queue.add(path, { subtree: true });
  }

  #postpone(task: Task, what: Look): void {
    keep(task, what);
    this.#queue.postpone(task);
    if (this.#retryTimer !== undefined) return;
    this.#queue.pause();
    const { random, scheduler } = this.#client.runtime;
    const delayMs = exponentialBackoff()(++this.#failures, 0, random)!;
    this.#retryTimer = scheduler.after(delayMs, () => this.#resume());
  }

  #resume(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#queue.resume();
  }

  #giveUp(path: string, error: unknown): void {
    if (isClientOver(error) || isNamed(error, 'AUTHFAILED')) {
      void this.close();
      return;
    }
    this.#tree.giveUp(path);
    this.#problems.next({ path, error });
  }

  #checkIdle(): void {
    if (!this.#queue.isIdle || this.#awaitsReset || this.#isClosed || this.#source === undefined) return;
    if (!this.#isInitialized) {
      this.#isInitialized = true;
      this.#events.next({ type: 'initialized' });
    }
    if (this.status !== 'current') this.#status.next('current');
    this.#settled.next();
  }

  #isWanted(path: string): boolean {
    return this.#tree.has(path) || this.#scope.includes(path, (above) => this.#tree.has(above));
  }
}
