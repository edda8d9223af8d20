import {
  type CallOptions,
  type Duration,
  type Watched,
  type NodeChildren,
  type ZkClient,
  durationMs,
  type OptionRules,
  rules,
} from '@zk/client-api';
import { type Observable, Subject } from 'rxjs';
import { LeaderLatch } from '../election/index.js';
import {
  CallScope,
  childPath,
  closedErrorOf,
  ensurePath,
  exponentialBackoff,
  firstOf,
  isClientOver,
  isNamed,
  isTransient,
  sleep,
  uuid36,
  requireRecipe,
} from '../support/index.js';
import { type Patience, persistently, scoped } from '../values/scoped.js';
import type { Queue } from './queue.js';

const PREFIX = 'queue-';
/** Not what lies beside a queue and begins with its name: locks, receipts. */
const QUEUE_NAME = /^queue-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * One queue made of several, since whoever wants the first item of a queue reads all of its names: Curator's QueueSharder
 * (spec: recipes, section 7.3). Its queues are children of one znode; a leader adds one when all have become too
 * long.
 * Everybody puts into a queue that is not, and takes from all of them; there is no order among queues.
 *
 * Suspended: the queues are those that were last seen. Lost: the same; if this one led, somebody else does. Problems of
 * the background come from {@link problems$}, and it goes on.
 */
export class QueueSharder<Q extends Pick<Queue<never>, 'path' | 'close'>> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #options: QueueSharderOptions<Q>;
  readonly #latch: LeaderLatch;
  readonly #closing = new AbortController();
  readonly #problem$ = new Subject<unknown>();
  readonly #queues = new Map<string, Q>();
  /** Those that are short enough to be put into. */
  readonly #preferred = new Set<string>();
  #running: Promise<void> | undefined;

  /** @param path the parent of the queues; Curator's sharder takes every child for a queue, ours only those so named */
  constructor(client: ZkClient, path: string, options: QueueSharderOptions<Q>) {
    const needed = ['leaderPath', 'createQueue'] as const;
    this.#options = requireRecipe('a QueueSharder', client, path, options, sharderRules, needed);
    this.path = path;
    this.#client = client;
    this.#latch = new LeaderLatch(client, options.leaderPath);
  }

  /** Finds the queues, makes the first one if there is none, and looks after them from now on. Idempotent. */
  async start(options: CallOptions = {}): Promise<this> {
    if (this.#closing.signal.aborted) throw closedErrorOf(this.#client, 'QueueSharder', this.path);
    if (this.#running !== undefined) return this;
    const find = async (scope: CallScope): Promise<void> => {
      (await this.#look(scope)).cancel();
      if (this.#queues.size === 0) await this.#add(scope);
    };
    await scoped(this.#client, this.path, options, find, '30s');
    this.#latch.start();
    this.#running ??= this.#run();
    return this;
  }

  /** A queue to put into: one of those that are short enough, else any; by chance. @throws Error before {@link start} */
  queue(): Q {
    const paths = this.#preferred.size > 0 ? [...this.#preferred] : [...this.#queues.keys()];
    const path = paths[Math.floor(this.#client.runtime.random.next() * paths.length)];
    if (path === undefined) throw new Error(`the sharder of ${this.path} has not been started`);
    return this.#queues.get(path)!;
  }

  /** All of them, by path. */
  get queues(): ReadonlyMap<string, Q> {
    return this.#queues;
  }

  /** Hot; what went wrong in the background. Completes with {@link close}. */
  get problems$(): Observable<unknown> {
    return this.#problem$.asObservable();
  }

  /** Closes its queues, too. What is in them stays. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(closedErrorOf(this.#client, 'QueueSharder', this.path));
    await this.#running;
    await Promise.allSettled([this.#latch.close(), ...[...this.#queues.values()].map((queue) => queue.close())]);
    this.#problem$.complete();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    using scope = new CallScope(this.#client.runtime, { signal: this.#closing.signal });
    const policy = exponentialBackoff();
    let failures = 0;
    while (!scope.signal.aborted) {
      try {
        await this.#round(scope);
        failures = 0;
      } catch (error) {
        if (scope.signal.aborted || isClientOver(error)) return;
        if (!isTransient(error)) this.#problem$.next(error);
        const delayMs = policy(++failures, 0, this.#client.runtime.random)!;
        await sleep(this.#client.runtime, delayMs, scope.signal).catch(() => undefined);
      }
    }
  }

  /** Looks once, and waits until it is time to look again or somebody has added a queue. */
  async #round(scope: Patience): Promise<void> {
    const watched = await this.#look(scope);
    try {
      await this.#measure(scope);
      await this.#pause(watched, scope);
    } finally {
      watched.cancel();
    }
  }

  async #look({ signal }: Patience): Promise<Watched<NodeChildren>> {
    return persistently(this.#client, { signal }, async () => {
      for (;;) {
        try {
          const watched = await this.#client.getChildrenAndWatch(this.path, { signal });
          for (const name of watched.value.children) if (QUEUE_NAME.test(name)) this.#know(childPath(this.path, name));
          return watched;
        } catch (error) {
          if (!isNamed(error, 'NONODE')) throw error;
          await ensurePath(this.#client, this.path, { signal });
        }
      }
    });
  }

  #know(path: string): void {
    if (this.#queues.has(path)) return;
    const queue = this.#options.createQueue(path);
    this.#queues.set(path, queue);
    this.#preferred.add(path);
    this.#options.onQueue?.(queue);
  }

  /** Finds out which queues are too long; the leader adds one when there are any, up to the limit. */
  async #measure(scope: Patience): Promise<void> {
    const { threshold = 10_000, maxQueues = 10 } = this.#options;
    let isOneTooLong = false;
    for (const path of this.#queues.keys()) {
      const stat = await persistently(this.#client, scope, () => this.#client.exists(path, { signal: scope.signal }));
      const count = stat?.numChildren ?? 0;
      if (count >= threshold) {
        isOneTooLong = true;
        this.#preferred.delete(path);
      } else if (count <= threshold / 2) this.#preferred.add(path);
    }
    const isShort = isOneTooLong && this.#preferred.size === 0;
    if (isShort && this.#queues.size < maxQueues && this.#latch.hasLeadership) await this.#add(scope);
  }

  async #add(scope: Patience): Promise<void> {
    const path = childPath(this.path, PREFIX + uuid36(this.#client.runtime.random));
    // The name is unique, so a create that is repeated after a lost reply finds its own.
    await persistently(this.#client, scope, () =>
      ensurePath(this.#client, path, { as: 'persistent', signal: scope.signal }),
    );
    this.#know(path);
  }

  async #pause(watched: Watched<NodeChildren>, scope: Patience): Promise<void> {
    const checkMs = durationMs(this.#options.thresholdCheck ?? '30s');
    let timer: { cancel(): void } | undefined;
    const due = new Promise<void>((resolve) => (timer = this.#client.runtime.scheduler.after(checkMs, resolve)));
    await firstOf({ signals: [scope.signal], promises: [due, watched.fired] });
    timer?.cancel();
  }
}

export interface QueueSharderOptions<Q> {
  /** Of the latch of those who look after the queues; the same for all. */
  readonly leaderPath: string;
  /** Makes the object of one queue. The sharder closes it. */
  readonly createQueue: (path: string) => Q;
  /** Called once for every queue that becomes known, e.g. to consume from it. */
  readonly onQueue?: ((queue: Q) => void) | undefined;
  /** Items from which on a queue is too long; it is put into again when half of that is left. Default 10,000. */
  readonly threshold?: number | undefined;
  /** How often that is looked at; default 30 s. */
  readonly thresholdCheck?: Duration | undefined;
  /** Default 10. */
  readonly maxQueues?: number | undefined;
}

const sharderRules: OptionRules<QueueSharderOptions<unknown>> = {
  leaderPath: rules.name,
  createQueue: rules.callback,
  onQueue: rules.callback,
  threshold: rules.integer(1),
  thresholdCheck: rules.duration,
  maxQueues: rules.limit(1),
};
