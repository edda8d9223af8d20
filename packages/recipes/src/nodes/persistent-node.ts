import {
  type CallOptions,
  CancelledError,
  type ClientSession,
  type Codec,
  type CreateModeName,
  OperationTimeoutError,
  type Watched,
  type ZkClient,
  bytes,
  requireOptions,
} from '@zk/client-api';
import { type SessionId, type Stat, type Zxid } from '@zk/model';
import { BehaviorSubject, type Observable, Subject, distinctUntilChanged, filter } from 'rxjs';
import {
  CallScope,
  childPath,
  closedErrorOf,
  exponentialBackoff,
  firstOf,
  guaranteedDelete,
  isClientOver,
  isNamed,
  isTransient,
  mayHaveApplied,
  nodeName,
  parentPath,
  requirePath,
  sleep,
  sweepChildren,
  uniquePrefix,
  requireClient,
} from '../support/index.js';
import { OwnSequentials } from './own-sequentials.js';
import { type PersistentNodeOptions, persistentNodeRules } from './persistent-node-options.js';

/** `refused`: the server does not want it, e.g. NOAUTH; tried again in a new session and with new data. */
export type PersistentNodeState = 'new' | 'absent' | 'present' | 'refused' | 'closed';

const LAST_DIGITS = 10;

/**
 * A znode that is there as long as this object is: created again when it is deleted, and, if it is ephemeral, in every
 * new session, with the data that was last given to it (spec: recipes, section 8.1; Curator's PersistentNode). Data that
 * somebody else writes stays. A sequential node keeps its number.
 *
 * Suspended: nothing happens, the node may live. Lost: `absent`, and created again in the next session; a node that the
 * old session left is replaced at once. Lost replies: the node is looked for before it is created again, so there is one.
 */
export class PersistentNode<T = Uint8Array> implements AsyncDisposable {
  readonly #client: ZkClient;
  readonly #options: PersistentNodeOptions<T>;
  readonly #basePath: string;
  readonly #prefix: string | undefined;
  readonly #codec: Codec<T>;
  readonly #state = new BehaviorSubject<PersistentNodeState>('new');
  readonly #life = new AbortController();
  readonly #ownSessions = new Set<SessionId>();
  readonly #ownSequentials: OwnSequentials;
  #path: string | undefined;
  #data: T;
  /** Grows with every {@link setData}; what the server has is {@link #written}. */
  #wanted = 1;
  #written = 0;
  /** Of the last of our writes that was answered. */
  #writtenZxid: Zxid = -1n;
  #watched: Watched<unknown> | undefined;
  #replacedIn: SessionId | undefined;
  #presentIn: SessionId | undefined;
  /** Something happened that the next round must look at. */
  /** The create of which nobody knows whether it happened. */
  #uncertain: { readonly path: string; readonly mode: CreateModeName } | undefined;
  #isDirty = true;
  #wake: (() => void) | undefined;
  readonly #progress = new Subject<void>();
  #lastError: unknown;
  #refusals = 0;
  #loop: Promise<void> | undefined;
  #sessions: { unsubscribe(): void } | undefined;

  constructor(client: ZkClient, path: string, data: T, options: PersistentNodeOptions<T> = {}) {
    this.#options = requireOptions('a PersistentNode', options, persistentNodeRules);
    requireClient('a PersistentNode', client);
    this.#client = client;
    // A sequential znode gets its number appended, so its path may end with a slash.
    requirePath(this.#isSequential ? `${path}1` : path);
    this.#basePath = path;
    this.#codec = options.codec ?? (bytes as unknown as Codec<T>);
    this.#data = data;
    const isProtected = options.protection ?? this.#isSequential;
    this.#prefix = isProtected ? uniquePrefix('curator', client.runtime.random) : undefined;
    this.#ownSequentials = OwnSequentials.of(client);
  }

  /** Where it really is: with prefix and number. Undefined before it was created first; it then stays the same. */
  get path(): string | undefined {
    return this.#path;
  }

  /** What was last given, whether or not the server has it yet. */
  get data(): T {
    return this.#data;
  }

  get state(): PersistentNodeState {
    return this.#state.value;
  }

  /** Replays the present state; completes with `closed`. */
  get state$(): Observable<PersistentNodeState> {
    return this.#state.asObservable().pipe(distinctUntilChanged());
  }

  /** Why it is `refused`. */
  get error(): unknown {
    return this.#lastError;
  }

  /** Begins, in the background. Idempotent. */
  start(): this {
    if (this.state !== 'new') return this;
    this.#state.next('absent');
    this.#sessions = this.#client.session$.subscribe({
      next: (session) => {
        if (session !== undefined) this.#ownSessions.add(session.id);
        this.#onSession(session);
      },
      complete: () => void this.close(),
    });
    this.#loop = this.#run();
    return this;
  }

  /**
   * Resolves with the path when the node is there.
   * @throws what the server refuses; OperationTimeoutError, CancelledError (it goes on trying), ClientClosedError,
   *   RecipeClosedError when it was closed
   */
  async waitForInitialCreate(options: CallOptions = {}): Promise<string> {
    if (this.state === 'refused') throw this.#lastError;
    await this.#waitUntil(() => this.#path !== undefined && this.state === 'present', options);
    return this.#path!;
  }

  /**
   * New data, also for every creation from now on; resolves when the server has it.
   * @throws as {@link waitForInitialCreate}; the data stays wanted
   */
  async setData(data: T, options: CallOptions = {}): Promise<void> {
    this.#codec.encode(data);
    this.#data = data;
    const revision = ++this.#wanted;
    this.#wakeUp();
    await this.#waitUntil(() => this.#written >= revision, options);
  }

  /**
   * @internal Data that was found in the node, for every creation from now on: if it is not from before our own last
   * write, nor about to be replaced by the next one.
   */
  takeOver(data: T, { mzxid }: Pick<Stat, 'mzxid'>): void {
    if (this.#written >= this.#wanted && mzxid > this.#writtenZxid) this.#data = data;
  }

  /**
   * Deletes the node, if so told, and stops. Waits for the server, but not for a connection: the rest is then done in
   * the background. Idempotent.
   */
  async close(): Promise<void> {
    if (this.state === 'closed') return;
    const wasStarted = this.#loop !== undefined;
    this.#sessions?.unsubscribe();
    this.#watched?.cancel();
    this.#life.abort(this.#closedError());
    this.#state.next('closed');
    this.#state.complete();
    this.#progress.complete();
    this.#wakeUp();
    if (!wasStarted) return;
    const isOffline = (state: string): boolean => state !== 'connected' && state !== 'reconnected';
    const ended = this.#loop!.then(() => this.#removeOnClose());
    await firstOf({ promises: [ended], observables: [this.#client.state$.pipe(filter(isOffline))] });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #mode(): CreateModeName {
    return this.#options.mode ?? 'ephemeral';
  }

  get #isSequential(): boolean {
    return this.#mode.includes('equential');
  }

  get #isEphemeral(): boolean {
    return this.#mode.startsWith('ephemeral');
  }

  get #isClosed(): boolean {
    return this.#life.signal.aborted;
  }

  async #removeOnClose(): Promise<void> {
    if (this.#options.deleteOnClose === false) return;
    this.#removeUncertain();
    const path = this.#path;
    if (path === undefined) return;
    this.#ownSequentials.release(path);
    await guaranteedDelete(this.#client, path).catch(() => undefined);
  }

  /** Guard of "leaves no node behind when it is closed" in node-faults.spec.ts. */
  #removeUncertain(): void {
    if (this.#uncertain === undefined) return;
    const { path, mode } = this.#uncertain;
    if (this.#prefix !== undefined) sweepChildren(this.#client, parentPath(path), this.#prefix);
    else if (!mode.includes('equential')) guaranteedDelete(this.#client, path).catch(() => undefined);
  }

  #onSession(session: ClientSession | undefined): void {
    if (this.#isEphemeral && this.state === 'present' && session?.id !== this.#presentIn) this.#state.next('absent');
    this.#wakeUp();
  }

  async #run(): Promise<void> {
    const { random } = this.#client.runtime;
    const { signal } = this.#life;
    const backoff = exponentialBackoff();
    for (let failures = 0; !this.#isClosed;) {
      try {
        await this.#settle();
        failures = 0;
        await this.#woken();
      } catch (error) {
        if (this.#isClosed) return;
        if (isClientOver(error) || isNamed(error, 'AUTHFAILED')) return void this.close();
        if (isTransient(error) || isNamed(error, 'NONODE', 'NODEEXISTS', 'BADVERSION')) {
          await sleep(this.#client.runtime, backoff(++failures, 0, random)!, signal).catch(() => undefined);
        } else {
          this.#lastError = error;
          this.#refusals++;
          this.#state.next('refused');
          this.#progress.next();
          await this.#woken();
        }
      }
    }
  }

  /** Makes it so: the node exists, is watched, and has the data. */
  async #settle(): Promise<void> {
    const session = await this.#client.connected({ signal: this.#life.signal });
    this.#isDirty = false;
    for (;;) {
      if (this.#path === undefined) await this.#create(this.#basePath, this.#mode, session);
      if (this.#isClosed) return;
      const stat = await this.#look(this.#path!);
      if (this.#isClosed) return;
      if (stat !== null && (await this.#mayStay(stat))) break;
      await this.#createAgain(session);
    }
    if (this.#written < this.#wanted) {
      const revision = this.#wanted;
      const { mzxid } = await this.#client.set(this.#path!, this.#codec.encode(this.#data));
      this.#writtenZxid = mzxid;
      this.#written = Math.max(this.#written, revision);
    }
    if (this.#isClosed) return;
    this.#presentIn = this.#client.session?.id;
    if (this.state !== 'present') this.#state.next('present');
    this.#progress.next();
  }

  /** One-shot, and set again after each event: every server has these. */
  async #look(path: string): Promise<Stat | null> {
    if (this.#watched !== undefined) return this.#client.exists(path);
    const watched = await this.#client.existsAndWatch(path);
    if (this.#isClosed) watched.cancel();
    else this.#watched = watched;
    void watched.fired.then(({ type }) => {
      if (this.#watched === watched) this.#watched = undefined;
      if (type === 'deleted' && !this.#isClosed) this.#state.next('absent');
      this.#wakeUp();
    });
    return watched.value;
  }

  /** Whether the node that is there will do; if not, it is deleted. */
  async #mayStay(stat: Stat): Promise<boolean> {
    // Not the session of when this round began: a create that waited may have been sent in the next one.
    const current = this.#client.session?.id;
    if (!this.#isEphemeral || stat.ephemeralOwner === current) return true;
    const isLeftBehind = this.#ownSessions.has(stat.ephemeralOwner);
    const isReplaced = this.#options.ifForeign === 'replace' && this.#replacedIn !== current;
    // Guard of "replaces what its old session left behind" in node-faults.spec.ts: it would vanish with that session.
    if (!isLeftBehind && !isReplaced) return true;
    this.#replacedIn = current;
    await this.#client.delete(this.#path!, { ifMissing: 'ignore', version: stat.version });
    return false;
  }

  /** With the number it had, as Curator: no second number is ever taken. */
  async #createAgain(session: ClientSession): Promise<void> {
    const path = this.#path!;
    if (!this.#isSequential) return this.#create(this.#basePath, this.#mode, session);
    const mode = this.#mode.replace('Sequential', '') as CreateModeName;
    await this.#create(this.#basePath + path.slice(-LAST_DIGITS), mode, session);
  }

  async #create(path: string, mode: CreateModeName, session: ClientSession): Promise<void> {
    const { acl, ttl, parents = 'container' } = this.#options;
    const revision = this.#wanted;
    const protection = this.#prefix === undefined ? {} : { protection: { prefix: this.#prefix } };
    try {
      const created = await this.#client.create(path, this.#codec.encode(this.#data), {
        mode,
        parents,
        ...protection,
        ...(acl === undefined ? {} : { acl }),
        ...(ttl === undefined ? {} : { ttl }),
      });
      this.#written = revision;
      this.#writtenZxid = created.stat.mzxid;
      this.#adopt(created.path);
    } catch (error) {
      if (isNamed(error, 'NODEEXISTS') && !mode.includes('equential')) {
        // Ours, of a create without a reply or of a session before, or somebody else's: the look that follows tells.
        this.#written = 0;
        return this.#adopt(childPath(parentPath(path), (this.#prefix ?? '') + nodeName(path)));
      }
      await this.#onUnknownOutcome(error, path, mode, session);
    }
  }

  async #onUnknownOutcome(error: unknown, path: string, mode: CreateModeName, session: ClientSession): Promise<void> {
    if (!mayHaveApplied(error)) throw error;
    this.#uncertain = { path, mode };
    if (this.#isClosed || mode !== 'ephemeralSequential' || this.#prefix !== undefined) throw error;
    // Guard of "creates one sequential node although the reply is lost" in node-faults.spec.ts.
    const found = await this.#ownSequentials.find(path, session.id, this.#life.signal);
    if (found === undefined) throw error;
    this.#written = 0;
    this.#adopt(found);
  }

  #adopt(path: string): void {
    this.#path = path;
    this.#uncertain = undefined;
    if (this.#isSequential) this.#ownSequentials.claim(path);
  }

  #closedError(): Error {
    return closedErrorOf(this.#client, 'PersistentNode', this.#basePath);
  }

  #wakeUp(): void {
    this.#isDirty = true;
    this.#wake?.();
  }

  async #woken(): Promise<void> {
    while (!this.#isDirty && !this.#isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  async #waitUntil(isDone: () => boolean, options: CallOptions): Promise<void> {
    using scope = new CallScope(this.#client.runtime, options);
    const refusals = this.#refusals;
    while (!isDone()) {
      if (scope.hasTimedOut) throw new OperationTimeoutError(this.#basePath, scope.timeoutMs, true);
      if (scope.signal.aborted) throw new CancelledError(this.#basePath, scope.signal.reason, true);
      if (this.#isClosed) throw this.#closedError();
      if (this.#refusals > refusals) throw this.#lastError;
      await firstOf({ signals: [scope.signal, this.#life.signal], observables: [this.#progress] });
    }
  }
}
