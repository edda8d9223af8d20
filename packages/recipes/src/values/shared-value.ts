import {
  type CallOptions,
  type Codec,
  type WatchSubscription,
  type ZkClient,
  isConnected,
  op,
  type OptionRules,
  rules,
} from '@zk/client-api';
import { type Acl, type Zxid } from '@zk/model';
import { type Observable, BehaviorSubject, Subject, filter } from 'rxjs';
import {
  CallScope,
  LinkedSignal,
  type ParentKind,
  closedErrorOf,
  isClientOver,
  isNamed,
  requireRecipe,
  parentsRule,
  requireCallOptions,
} from '../support/index.js';
import { int32Codec } from './counter-codecs.js';
import { latestOf } from './latest.js';
import { type Outcome, ReceiptWriter } from './receipts.js';
import { type Patience, persistently, scoped } from './scoped.js';
import { Turns } from './turns.js';
import { equalBytes, requireVersion } from './versions.js';

/**
 * A value that all see and each may change, kept current by a watch: Curator's SharedValue (spec: recipes, section 6.1).
 *
 * What it holds locally is the last value seen, and is never older than one it showed before. Suspended: it stays, and
 * {@link isFresh} is false until the value has been read again; changes in between are seen as one. Lost: the same, in
 * the next session. Deleted: it stays as well, until somebody creates the znode anew or sets a value.
 */
export class SharedValue<T> implements AsyncDisposable, AsyncIterable<VersionedValue<T>> {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #options: SharedValueOptions<T>;
  readonly #writer: ReceiptWriter;
  readonly #turns = new Turns();
  readonly #closing = new AbortController();
  readonly #value$: BehaviorSubject<VersionedValue<T> | undefined>;
  readonly #problem$ = new Subject<Error>();
  #subscription: WatchSubscription | undefined;
  #starting: Promise<this> | undefined;
  #reading: Promise<void> | undefined;
  #isStale = true;

  constructor(client: ZkClient, path: string, options: SharedValueOptions<T>) {
    this.#options = requireRecipe('a SharedValue', client, path, options, sharedValueRules, ['codec', 'seed']);
    this.path = path;
    this.#client = client;
    this.#writer = new ReceiptWriter(client, path, options.receipts ?? true);
    this.#value$ = new BehaviorSubject<VersionedValue<T> | undefined>(undefined);
  }

  /**
   * Creates the znode with the seed if it is missing, reads it, and keeps watching. Idempotent.
   * @throws what the codec says of a value it cannot read; RecipeClosedError when it was closed
   */
  start(options: CallOptions = {}): Promise<this> {
    if (this.#closing.signal.aborted) return Promise.reject(closedErrorOf(this.#client, 'SharedValue', this.path));
    this.#starting ??= scoped(this.#client, this.path, options, (scope) => this.#start(scope)).catch(
      (error: unknown) => {
        this.#starting = undefined;
        if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
        throw error;
      },
    );
    return this.#starting;
  }

  /** The last value seen; before {@link start} the seed. */
  get value(): T {
    return this.#value$.value === undefined ? this.#options.seed : this.#value$.value.value;
  }

  /** The same with its version: what {@link trySet} wants. @throws Error before {@link start} */
  get versioned(): VersionedValue<T> {
    const versioned = this.#value$.value;
    if (versioned === undefined) throw new Error(`the shared value of ${this.path} has not been started`);
    return versioned;
  }

  /** Whether the local value is what this server has, as far as its watch tells: connected, and nothing left to read. */
  get isFresh(): boolean {
    return !this.#isStale && isConnected(this.#client.state);
  }

  /** Hot; replays the present value; every value seen, in order; completes with {@link close}. Not every change is seen. */
  get changes$(): Observable<VersionedValue<T>> {
    return this.#value$.pipe(filter((value) => value !== undefined));
  }

  /** Hot; what went wrong in the background: a value that the codec cannot read, a read that was refused. */
  get problems$(): Observable<Error> {
    return this.#problem$.asObservable();
  }

  /** As {@link changes$}; a slow consumer misses values that were replaced meanwhile, and always gets the last one. */
  [Symbol.asyncIterator](): AsyncIterableIterator<VersionedValue<T>> {
    return latestOf(this.changes$);
  }

  /**
   * Sets it, whatever it was; creates the znode if it is gone. After a lost reply it sets again: between two writers the
   * later one wins, and it may win twice.
   */
  async set(value: T, options: CallOptions = {}): Promise<void> {
    const data = this.#options.codec.encode(value);
    return this.#scoped(options, async (scope) => {
      await persistently(this.#client, scope, async () => {
        const { stat } = await this.#client.create(this.path, data, { ...this.#createOptions(scope), ifExists: 'set' });
        this.#accept({ value, version: stat.version, zxid: stat.mzxid });
      });
    });
  }

  /**
   * Sets it if nobody has changed it since `previous`, by default the value seen last. False, and the local value is
   * read again, if somebody has. A lost reply is found out: see {@link SharedValueOptions.receipts}.
   */
  async trySet(
    value: T,
    options: CallOptions & { readonly previous?: VersionedValue<T> | undefined } = {},
  ): Promise<boolean> {
    requireCallOptions(options);
    const { previous = this.versioned, ...rest } = options;
    const data = this.#options.codec.encode(value);
    return this.#scoped(rest, (scope) =>
      this.#turns.run(scope.signal, () => this.#trySet(previous, value, data, scope)),
    );
  }

  /** Stops watching; the value stays, here and on the server. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(closedErrorOf(this.#client, 'SharedValue', this.path));
      this.#value$.complete();
      this.#problem$.complete();
    }
    await this.#starting?.catch(() => undefined);
    await Promise.allSettled([this.#subscription?.unsubscribe(), this.#writer.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(call: CallScope): Promise<this> {
    const data = this.#options.codec.encode(this.#options.seed);
    // Guard of "is closed at once, also while it starts" in value-faults.spec.ts.
    using scope = new LinkedSignal(call.signal, this.#closing.signal);
    await persistently(this.#client, scope, () =>
      this.#client.create(this.path, data, { ...this.#createOptions(scope), ifExists: 'keep' }),
    );
    const { signal } = scope;
    this.#subscription = await persistently(this.#client, scope, () =>
      this.#client.watch(this.path).start(() => this.#refresh(), { signal }),
    );
    try {
      await this.#read(scope);
    } catch (error) {
      await this.#subscription.unsubscribe().catch(() => undefined);
      this.#subscription = undefined;
      throw error;
    }
    return this;
  }

  async #trySet(previous: VersionedValue<T>, value: T, data: Uint8Array | null, scope: CallScope): Promise<boolean> {
    if (previous.zxid !== this.versioned.zxid) return false;
    const version = requireVersion(this.path, previous);
    try {
      const compare = (): Promise<Outcome> => this.#compare(version, data, scope);
      const [answer] = (await this.#writer.write([op.set(this.path, data, version)], scope, { compare })) ?? [];
      if (answer?.stat === undefined) await this.#read(scope);
      else this.#accept({ value, version: answer.stat.version, zxid: answer.stat.mzxid });
      return true;
    } catch (error) {
      if (!isNamed(error, 'BADVERSION', 'NONODE')) throw error;
      if (isNamed(error, 'BADVERSION')) await this.#read(scope);
      return false;
    }
  }

  async #compare(version: number, data: Uint8Array | null, scope: CallScope): Promise<Outcome> {
    const { signal } = scope;
    const now = await persistently(this.#client, scope, () =>
      this.#client.get(this.path, { linearizable: true, signal }).catch((error: unknown) => {
        if (isNamed(error, 'NONODE')) return undefined;
        throw error;
      }),
    );
    if (now === undefined) return 'unknown';
    if (now.stat.version === version) return 'notApplied';
    return now.stat.version === ((version + 1) | 0) && !equalBytes(now.data, data) ? 'notApplied' : 'unknown';
  }

  /** Something may have changed: reads again, once more if that happens during the reading. */
  #refresh(): void {
    this.#isStale = true;
    if (this.#closing.signal.aborted) return;
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined));
  }

  async #readAll(): Promise<void> {
    using scope = new CallScope(this.#client.runtime, { signal: this.#closing.signal });
    while (this.#isStale && !this.#closing.signal.aborted) {
      try {
        await this.#read(scope);
      } catch (error) {
        if (this.#closing.signal.aborted || isClientOver(error)) return;
        this.#problem$.next(error as Error);
        return;
      }
    }
  }

  async #read(scope: Patience): Promise<void> {
    const { codec } = this.#options;
    await persistently(this.#client, scope, async () => {
      this.#isStale = false;
      try {
        const { data, stat } = await this.#client.get(this.path, { signal: scope.signal });
        this.#accept({ value: codec.decode(data), version: stat.version, zxid: stat.mzxid });
      } catch (error) {
        if (isNamed(error, 'NONODE')) return;
        this.#isStale = true;
        throw error;
      }
    });
  }

  /** Guard of "never shows an older value after a newer one" in value-faults.spec.ts. */
  #accept(next: VersionedValue<T>): void {
    const present = this.#value$.value;
    if (present !== undefined && next.zxid <= present.zxid) return;
    if (!this.#closing.signal.aborted) this.#value$.next(next);
  }

  #createOptions(scope: Patience): { parents: ParentKind; signal: AbortSignal; acl?: readonly Acl[] } {
    const { acl, parents = 'container' } = this.#options;
    return { parents, signal: scope.signal, ...(acl === undefined ? {} : { acl }) };
  }

  #scoped<R>(options: CallOptions, body: (scope: CallScope) => Promise<R>): Promise<R> {
    return scoped(this.#client, this.path, options, body, '30s');
  }
}

export interface VersionedValue<T> {
  readonly value: T;
  /** Of the znode's data. */
  readonly version: number;
  /** Of the change that made it; grows with every change, also when the znode is created anew. */
  readonly zxid: Zxid;
}

export interface SharedValueOptions<T> {
  readonly codec: Codec<T>;
  /** Value the znode is created with when it is missing. */
  readonly seed: T;
  /** Whether `trySet` leaves a receipt in an ephemeral child, so that a lost reply is never a question; default true. */
  readonly receipts?: boolean | undefined;
  /** What missing parents are created as; default: containers. */
  readonly parents?: ParentKind | undefined;
  readonly acl?: readonly Acl[] | undefined;
}

type SharedCountOptions = Omit<SharedValueOptions<number>, 'codec' | 'seed'> & { readonly seed?: number | undefined };

const sharedCountRules: OptionRules<SharedCountOptions> = {
  seed: { text: 'an integer', isShown: true, isMet: Number.isInteger },
  receipts: rules.flag,
  parents: parentsRule,
  acl: rules.acl,
};

const sharedValueRules: OptionRules<SharedValueOptions<unknown>> = {
  ...sharedCountRules,
  codec: rules.codec,
  seed: rules.value,
};

/**
 * A shared 32-bit integer: Curator's SharedCount, four bytes big-endian, which DistributedAtomicInteger and kazoo's
 * `Counter(support_curator=True)` understand too. For counting with many writers take a DistributedAtomicInteger.
 */
export class SharedCount extends SharedValue<number> {
  constructor(client: ZkClient, path: string, options: SharedCountOptions = {}) {
    requireRecipe('a SharedCount', client, path, options, sharedCountRules);
    super(client, path, { seed: 0, ...options, codec: int32Codec });
  }
}
