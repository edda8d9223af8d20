import {
  type CallOptions,
  type Codec,
  type Duration,
  type WriteOp,
  type ZkClient,
  op,
  type OptionRules,
  requireOptions,
  rules,
} from '@zk/client-api';
import type { Acl, Stat } from '@zk/model';
import { Mutex } from '../locks/index.js';
import {
  type CallScope,
  type ParentKind,
  ensurePath,
  exponentialBackoff,
  isNamed,
  parentPath,
  sleep,
  requireRecipe,
  parentsRule,
} from '../support/index.js';
import { type Outcome, ReceiptWriter } from './receipts.js';
import { persistently, scoped } from './scoped.js';
import { Turns } from './turns.js';
import { equalBytes, requireVersion } from './versions.js';

/**
 * A value that many change, each change computed from the value before and applied exactly once: Curator's
 * DistributedAtomicValue (spec: recipes, section 6.2).
 *
 * First it is optimistic: read, compute, write on the condition that nobody wrote in between. Where that fails too often,
 * and a lock path is given, the rest happens under a mutex, and those who are promoted queue up instead of colliding.
 * Calls of one object take turns.
 *
 * Suspended: a call waits, up to its `timeout`. Lost: it goes on in the next session; a write whose reply was lost in the
 * one before is found out, or OutcomeUnknownError says that it cannot be. Cancelled, out of time: CancelledError,
 * OperationTimeoutError, whose `maybeApplied` is true when a write was under way.
 */
export class DistributedAtomicValue<T> {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #options: AtomicOptions<T>;
  readonly #writer: ReceiptWriter;
  readonly #turns = new Turns();
  readonly #lock: Mutex | undefined;

  constructor(client: ZkClient, path: string, options: AtomicOptions<T>) {
    this.#options = requireRecipe('a DistributedAtomicValue', client, path, options, atomicRules, ['codec']);
    this.path = path;
    this.#client = client;
    this.#writer = new ReceiptWriter(client, path, options.receipts ?? true);
    const { promotion } = options;
    if (promotion !== undefined) {
      requireOptions('the promotion of a value', promotion, promotionRules, ['lockPath']);
      this.#lock = new Mutex(client, promotion.lockPath);
    }
  }

  /** The value now. The default: see {@link AtomicOptions.initial}. */
  get(options: CallOptions & { readonly linearizable?: boolean | undefined } = {}): Promise<T> {
    const { linearizable } = options;
    return this.#scoped(options, async (scope) => (await this.#read(scope, linearizable)).value);
  }

  /**
   * Replaces the value by what `change` makes of it. `change` is called again when somebody was quicker.
   * `succeeded` is false when that happened in every attempt that was allowed; then nothing was written.
   */
  update(change: (value: T) => T | Promise<T>, options: CallOptions = {}): Promise<AtomicResult<T>> {
    return this.#scoped(options, (scope) => this.#turns.run(scope.signal, () => this.#update(change, scope)));
  }

  /** Sets the value, whatever it was; like every change only if nobody interferes. */
  trySet(value: T, options: CallOptions = {}): Promise<AtomicResult<T>> {
    return this.update(() => value, options);
  }

  /** One attempt: sets the value if the znode exists and holds, byte for byte, what `expected` is written as. */
  async compareAndSet(expected: T, value: T, options: CallOptions = {}): Promise<AtomicResult<T>> {
    const wanted = this.#encode(expected);
    return this.#scoped(options, (scope) =>
      this.#turns.run(scope.signal, async () => {
        const stats = new Stopwatch(this.#client);
        stats.optimisticTries = 1;
        const current = await this.#read(scope);
        const isExpected = current.stat !== undefined && equalBytes(current.data, wanted);
        const succeeded = isExpected && (await this.#replace(current, value, scope));
        return stats.result(succeeded, current.value, value);
      }),
    );
  }

  /** Creates the znode with this value. False when there is one: it stays as it is. */
  initialize(value: T, options: CallOptions = {}): Promise<boolean> {
    return this.#scoped(options, (scope) =>
      this.#turns.run(scope.signal, () => this.#replace({ value, data: null, stat: undefined }, value, scope)),
    );
  }

  /** Sets the value without looking at what others do. When a reply is lost it may be set twice, to the same. */
  async forceSet(value: T, options: CallOptions = {}): Promise<void> {
    const data = this.#encode(value);
    const { acl } = this.#options;
    return this.#scoped(options, async (scope) => {
      await persistently(this.#client, scope, () =>
        this.#client.create(this.path, data, {
          ifExists: 'set',
          parents: this.#options.parents ?? 'container',
          signal: scope.signal,
          ...(acl === undefined ? {} : { acl }),
        }),
      );
    });
  }

  /** Removes what is on the server for the sake of certainty only; the value stays. Idempotent. */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #update(change: (value: T) => T | Promise<T>, scope: CallScope): Promise<AtomicResult<T>> {
    const { promotion, attempts = promotion === undefined ? Infinity : DEFAULT_ATTEMPTS } = this.#options;
    const stats = new Stopwatch(this.#client);
    const optimistic = await this.#rounds(change, attempts, scope, () => stats.optimisticTries++);
    stats.lap('optimistic');
    if (optimistic.succeeded || this.#lock === undefined || promotion === undefined) {
      return stats.result(optimistic.succeeded, optimistic.preValue, optimistic.postValue);
    }
    try {
      const allowed = promotion.attempts ?? DEFAULT_ATTEMPTS;
      const promoted = await this.#lock.run(() => this.#rounds(change, allowed, scope, () => stats.promotedTries++), {
        timeout: promotion.timeout ?? '30s',
        signal: scope.signal,
      });
      stats.lap('promoted');
      return stats.result(promoted.succeeded, promoted.preValue, promoted.postValue);
    } catch (error) {
      if (!isNamed(error, 'AcquireTimeoutError')) throw error;
      stats.lap('promoted');
      return stats.result(false, optimistic.preValue, optimistic.postValue);
    }
  }

  async #rounds(
    change: (value: T) => T | Promise<T>,
    attempts: number,
    scope: CallScope,
    onTry: () => void,
  ): Promise<{ readonly succeeded: boolean; readonly preValue: T; readonly postValue: T }> {
    const policy = exponentialBackoff({ first: 2, max: 200 });
    for (let attempt = 1; ; attempt++) {
      onTry();
      const current = await this.#read(scope);
      const next = await change(current.value);
      const succeeded = await this.#replace(current, next, scope);
      if (succeeded || attempt >= attempts) return { succeeded, preValue: current.value, postValue: next };
      await sleep(this.#client.runtime, policy(attempt, 0, this.#client.runtime.random)!, scope.signal);
    }
  }

  async #read(scope: CallScope, linearizable = false): Promise<Current<T>> {
    const { codec, initial } = this.#options;
    return persistently(this.#client, scope, async () => {
      try {
        const { data, stat } = await this.#client.get(this.path, { signal: scope.signal, linearizable });
        const value = data.length === 0 && initial !== undefined ? initial : codec.decode(data);
        return { value, data, stat };
      } catch (error) {
        if (!isNamed(error, 'NONODE')) throw error;
        return { value: initial !== undefined ? initial : codec.decode(null), data: null, stat: undefined };
      }
    });
  }

  /** False when somebody was quicker. */
  async #replace(current: Current<T>, value: T, scope: CallScope): Promise<boolean> {
    const data = this.#encode(value);
    const { stat } = current;
    const operation: WriteOp =
      stat === undefined
        ? op.create(this.path, data, this.#options.acl === undefined ? {} : { acl: this.#options.acl })
        : op.set(this.path, data, requireVersion(this.path, stat));
    for (;;) {
      try {
        const compare = (): Promise<Outcome> => this.#compare(operation.kind, stat?.version, data, scope);
        await this.#writer.write([operation], scope, { compare });
        return true;
      } catch (error) {
        if (isNamed(error, 'BADVERSION', 'NODEEXISTS')) return false;
        if (!isNamed(error, 'NONODE')) throw error;
        if (stat !== undefined) return false;
        await this.#ensureParent(scope);
      }
    }
  }

  #ensureParent(scope: CallScope): Promise<void> {
    const as = this.#options.parents ?? 'container';
    return persistently(this.#client, scope, () =>
      ensurePath(this.#client, parentPath(this.path), { as, signal: scope.signal }),
    );
  }

  /** What the znode alone tells of a write of which nobody else can. */
  async #compare(
    kind: WriteOp['kind'],
    version: number | undefined,
    data: Uint8Array | null,
    scope: CallScope,
  ): Promise<Outcome> {
    const now = await this.#read(scope, true);
    if (now.stat === undefined) return kind === 'create' ? 'notApplied' : 'unknown';
    if (version !== undefined && now.stat.version === version) return 'notApplied';
    const isNext = now.stat.version === (version === undefined ? 0 : (version + 1) | 0);
    return isNext && !equalBytes(now.data, data) ? 'notApplied' : 'unknown';
  }

  #encode(value: T): Uint8Array | null {
    return this.#options.codec.encode(value);
  }

  #scoped<R>(options: CallOptions, body: (scope: CallScope) => Promise<R>): Promise<R> {
    return scoped(this.#client, this.path, options, body, '30s');
  }
}

const DEFAULT_ATTEMPTS = 10;

export interface AtomicOptions<T> {
  readonly codec: Codec<T>;
  /** What a znode that is missing or empty stands for; default: what the codec makes of no data. */
  readonly initial?: T | undefined;
  /** Optimistic attempts before it is promoted, or gives up; default 10 with a promotion, else until the timeout. */
  readonly attempts?: number | undefined;
  readonly promotion?: PromotionOptions | undefined;
  /**
   * Whether each write leaves a receipt in an ephemeral child of the znode, so that a lost reply is never a question;
   * default true. Without, a lost reply under contention ends in OutcomeUnknownError.
   */
  readonly receipts?: boolean | undefined;
  /** What missing parents are created as; default: containers. */
  readonly parents?: ParentKind | undefined;
  readonly acl?: readonly Acl[] | undefined;
}

export interface PromotionOptions {
  /** Of the mutex; everybody who is promoted uses the same. Not the path of the value. */
  readonly lockPath: string;
  /** How long to wait for the mutex; default 30 s. */
  readonly timeout?: Duration | undefined;
  /** Attempts while holding it, for there may be others who are not promoted; default 10. */
  readonly attempts?: number | undefined;
}

/** Of every kind of atomic value. */
export const updatingRules: OptionRules<Omit<AtomicOptions<unknown>, 'codec' | 'initial'>> = {
  attempts: rules.limit(1),
  promotion: rules.object,
  receipts: rules.flag,
  parents: parentsRule,
  acl: rules.acl,
};

const atomicRules: OptionRules<AtomicOptions<unknown>> = {
  ...updatingRules,
  codec: rules.codec,
  initial: rules.value,
};

const promotionRules: OptionRules<PromotionOptions> = {
  lockPath: rules.text,
  timeout: rules.duration,
  attempts: rules.limit(1),
};

export interface AtomicResult<T> {
  readonly succeeded: boolean;
  /** Before the change; after a failure: what was seen last. */
  readonly preValue: T;
  /** After the change; after a failure: what would have been written. */
  readonly postValue: T;
  readonly stats: AtomicStats;
}

export interface AtomicStats {
  readonly optimisticTries: number;
  readonly promotedTries: number;
  readonly optimisticMs: number;
  readonly promotedMs: number;
}

interface Current<T> {
  readonly value: T;
  readonly data: Uint8Array | null;
  readonly stat: Stat | undefined;
}

class Stopwatch {
  optimisticTries = 0;
  promotedTries = 0;
  readonly #client: ZkClient;
  readonly #laps = { optimistic: 0, promoted: 0 };
  #startMs: number;

  constructor(client: ZkClient) {
    this.#client = client;
    this.#startMs = client.runtime.clock.monotonicMs();
  }

  lap(name: 'optimistic' | 'promoted'): void {
    const nowMs = this.#client.runtime.clock.monotonicMs();
    this.#laps[name] += nowMs - this.#startMs;
    this.#startMs = nowMs;
  }

  result<T>(succeeded: boolean, preValue: T, postValue: T): AtomicResult<T> {
    const { optimisticTries, promotedTries } = this;
    if (promotedTries === 0 && this.#laps.optimistic === 0) this.lap('optimistic');
    const { optimistic: optimisticMs, promoted: promotedMs } = this.#laps;
    return { succeeded, preValue, postValue, stats: { optimisticTries, promotedTries, optimisticMs, promotedMs } };
  }
}
