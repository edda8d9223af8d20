import { type CallOptions, CancelledError, OperationTimeoutError, type ZkClient, bytes } from '@zk/client-api';
import { type Observable, filter, take } from 'rxjs';
import { CallScope, closedErrorOf, firstOf, requirePath } from '../support/index.js';
import { type CacheOptions, type CacheProblem, type CacheStatus, dataless } from './cache-types.js';
import { type MirrorOptions, TreeMirror } from './tree-mirror.js';

/** What all caches have in common: the life of the mirror behind them. */
export abstract class MirrorCache<T> implements AsyncDisposable {
  readonly path: string;
  protected readonly mirror: TreeMirror<T>;
  readonly #client: ZkClient;
  readonly #name: string;
  #starting: Promise<void> | undefined;

  protected constructor(
    client: ZkClient,
    name: string,
    path: string,
    options: CacheOptions<T>,
    scope: Pick<MirrorOptions<T>, 'maxDepth' | 'accepts' | 'ignoresRoot'>,
  ) {
    this.#client = client;
    this.#name = name;
    this.path = requirePath(path);
    const codec = options.codec ?? (bytes as unknown as NonNullable<CacheOptions<T>['codec']>);
    this.mirror = new TreeMirror<T>(client, path, {
      ...scope,
      codec,
      withData: (codec as unknown) !== dataless,
      concurrency: options.concurrency ?? 256,
      watches: options.watches ?? 'auto',
    });
  }

  get status(): CacheStatus {
    return this.mirror.status;
  }

  /** Replays the present status; completes with `closed`. */
  get status$(): Observable<CacheStatus> {
    return this.mirror.status$;
  }

  /** Every time the cache has caught up: nothing that the server told of is still to be read. Hot. */
  get settled$(): Observable<void> {
    return this.mirror.settled$;
  }

  /** Hot; completes when the cache is closed. */
  get problems$(): Observable<CacheProblem> {
    return this.mirror.problems$;
  }

  /**
   * Sets the watch and reads what is there; resolves when it is in the cache. Subscribe before to see every event.
   * A start that fails, is cancelled or runs out of time closes the cache.
   * @throws what the server refuses; OperationTimeoutError, CancelledError, ClientClosedError,
   *   RecipeClosedError when it was closed
   */
  async start(options: CallOptions = {}): Promise<void> {
    using scope = new CallScope(this.#client.runtime, options);
    let failure: { readonly error: unknown } | undefined;
    this.#starting ??= this.mirror.start();
    const failed = this.#starting.then(
      () => new Promise<void>(() => undefined),
      (error: unknown) => {
        failure = { error };
      },
    );
    const isSettled = (status: CacheStatus): boolean => status === 'current' || status === 'stale';
    const settled = this.status$.pipe(filter(isSettled), take(1));
    await firstOf({ signals: [scope.signal], promises: [failed], observables: [settled] });
    if (isSettled(this.status)) return;
    const wasClosed = this.status === 'closed';
    await this.close();
    if (scope.hasTimedOut) throw new OperationTimeoutError(this.path, scope.timeoutMs, false);
    if (scope.signal.aborted) throw new CancelledError(this.path, scope.signal.reason, false);
    if (failure !== undefined && !wasClosed) throw failure.error;
    throw closedErrorOf(this.#client, this.#name, this.path);
  }

  /** Removes the watch; streams complete; what was last seen stays readable. Idempotent, never rejects. */
  async close(): Promise<void> {
    await this.mirror.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
