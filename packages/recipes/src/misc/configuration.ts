import {
  type CallOptions,
  type Codec,
  NoNodeError,
  type StandardSchema,
  type ZkClient,
  json,
  utf8,
  type OptionRules,
  rules,
} from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import { type Observable, Subject } from 'rxjs';
import { type CacheProblem, type CacheStatus, EventStream } from '../caches/index.js';
import { requireRecipe } from '../support/index.js';
import { type ConfigurationSource, JsonSource } from './configuration-json.js';
import { TreeSource } from './configuration-tree.js';

export interface ConfigurationOptions<T> {
  /** Checks every value read and written: zod, valibot, arktype, or any other that speaks Standard Schema. */
  readonly schema?: StandardSchema<T> | undefined;
  /** Instead of a schema: anything that writes and reads JSON. */
  readonly codec?: Codec<T> | undefined;
  /**
   * `json` (default): one znode with JSON. `tree`: a znode per key, with objects as znodes that have children; a leaf is
   * JSON, or else text.
   */
  readonly layout?: 'json' | 'tree' | undefined;
  /** The value while there is nothing in the tree. Without it, {@link Configuration.start} wants a valid value. */
  readonly defaults?: T | undefined;
}

const configurationRules: OptionRules<ConfigurationOptions<unknown>> = {
  schema: { text: 'a Standard Schema, as of zod, valibot or arktype', isShown: false, isMet: isSchema },
  codec: rules.codec,
  layout: rules.oneOf('json', 'tree'),
  defaults: rules.value,
};

/** Some are functions. */
function isSchema(value: unknown): boolean {
  return Object(value) === value && '~standard' in (value as object);
}

export interface ConfigurationChange<T> {
  readonly value: T;
  readonly previous: T;
}

/**
 * A live, typed object: the configuration as it is in the tree now, checked by a schema, and never invalid. What is not
 * valid is told by `problems$`, and the last good value stays; the same when it is deleted.
 *
 * Suspended and lost: the value is the one last seen, with `status` `stale`; after that it is compared and changes come.
 * Several writes that belong together and are one multi never show a value in between in the layout `json`; in the layout
 * `tree` the value is taken when everything that the server told of has been read.
 */
export class Configuration<T> implements AsyncDisposable {
  /** Values that differ from the one before; a slow consumer of the iterable gets the newest. */
  readonly changes: EventStream<ConfigurationChange<T>>;
  readonly path: string;
  readonly #codec: Codec<T>;
  readonly #defaults: T | undefined;
  readonly #source: ConfigurationSource<T>;
  readonly #changes = new Subject<ConfigurationChange<T>>();
  readonly #problems = new Subject<CacheProblem>();
  #value: { readonly value: T; readonly text: string } | undefined;
  #lastProblem: CacheProblem | undefined;

  constructor(client: ZkClient, path: string, options: ConfigurationOptions<T> = {}) {
    requireRecipe('a Configuration', client, path, options, configurationRules);
    this.path = path;
    this.#codec = options.codec ?? json(options.schema);
    this.#defaults = options.defaults;
    this.changes = new EventStream(this.#changes, { bufferSize: 1, overflow: 'latest' });
    const Source = options.layout === 'tree' ? TreeSource : JsonSource;
    this.#source = new Source<T>(client, path, this.#codec, {
      value: (value) => this.#take(value),
      problem: (problem) => this.#report(problem),
      end: () => {
        this.#changes.complete();
        this.#problems.complete();
      },
    });
  }

  /**
   * The last good value.
   * @throws Error before {@link start} has resolved
   */
  get value(): T {
    if (this.#value !== undefined) return this.#value.value;
    throw new Error(`the configuration at ${this.path} is not known yet: await start()`);
  }

  get status(): CacheStatus {
    return this.#source.status;
  }

  /** What is in the tree and not valid, or gone. Hot. */
  get problems$(): Observable<CacheProblem> {
    return this.#problems;
  }

  /**
   * Resolves when there is a value.
   * @throws SchemaError or what the codec throws, NoNodeError: only without `defaults`; OperationTimeoutError,
   *   CancelledError, ClientClosedError. The configuration is then closed.
   */
  async start(options: CallOptions = {}): Promise<void> {
    await this.#source.start(options);
    if (this.#value !== undefined) return;
    if (this.#defaults !== undefined) return this.#take(this.#defaults);
    await this.close();
    throw this.#lastProblem?.error ?? new NoNodeError(ErrorCode.NONODE, this.path);
  }

  /**
   * Compare and set: reads, calls `change`, checks what it returns, and writes it on the condition that nobody wrote in
   * between, as often as it takes. Starts from `defaults` when there is nothing. {@link value} follows by way of the watch.
   *
   * @returns the value that was written
   * @throws SchemaError for a value that is not valid: nothing is written. ConnectionLossError with `maybeApplied`: look
   *   at {@link value}, or call again with a `change` that does no harm twice
   */
  update(change: (value: T) => T | Promise<T>, options: CallOptions = {}): Promise<T> {
    return this.#source.update(change, this.#defaults, options);
  }

  /** Idempotent. The value stays readable. */
  close(): Promise<void> {
    return this.#source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(value: T): void {
    const text = utf8.decode(this.#codec.encode(value));
    const before = this.#value;
    if (before?.text === text) return;
    this.#value = { value, text };
    if (before !== undefined) this.#changes.next({ value, previous: before.value });
  }

  #report(problem: CacheProblem): void {
    this.#lastProblem = problem;
    this.#problems.next(problem);
  }
}
