import { type ClientRuntime, type Duration, type ZkClient, durationMs, isConnected } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { filter, skip } from 'rxjs';
import {
  AcquireCancelledError,
  AcquireTimeoutError,
  type CallScope,
  type Dialect,
  LinkedSignal,
  OwnNode,
  type RankedName,
  childPath,
  exponentialBackoff,
  firstOf,
  isNamed,
  isTransient,
  rankNames,
  sleep,
  uniquePrefix,
  withRetry,
} from '../support/index.js';

/**
 * The queue behind every lock and election. A contender adds an ephemeral sequential node and looks at the list: nobody
 * before it that matters, and it is its turn; else it watches the nearest that does matter, and only that one, so that a
 * release wakes one waiter and not all (spec: recipes, section 3.1, "Acquire").
 *
 * What is added to that: a waiter watches its own node as well, for a queue that has lost it would never serve it; it
 * looks again after every reconnect; its turn counts only while the node belongs to the living session; and whatever
 * ends a wait, the node is removed, in the background and with time of its own.
 */
export interface QueueRules {
  readonly parent: string;
  readonly dialect: Dialect;
  /** In front of the number in the names of own nodes. */
  readonly marker: string;
  /** Markers of this recipe, in the order in which Curator cuts them off. */
  readonly markers: readonly string[];
  /** Of those ahead in the queue, in order: the one to wait for; undefined when it is our turn. */
  blocker(ahead: readonly RankedName[]): RankedName | undefined;
}

export interface EnterOptions {
  readonly data: () => Uint8Array;
  readonly acl?: readonly Acl[] | undefined;
  readonly parents?: 'container' | 'persistent' | undefined;
  /** Sees each node before it is used; a wait may need several, when sessions end. */
  readonly onNode?: (node: OwnNode) => void;
  /** Looks once and gives up. */
  readonly once?: boolean;
}

/** Whoever came first: a mutex, a writer. */
export function nearest(ahead: readonly RankedName[]): RankedName | undefined {
  return ahead.at(-1);
}

/** Whether a contender that came now would have to wait; reads only. */
export async function isTaken(client: ZkClient, rules: QueueRules, scope: CallScope): Promise<boolean> {
  try {
    const { children } = await client.getChildren(rules.parent, { signal: scope.signal });
    return rules.blocker(rankNames(children, rules.markers, rules.dialect)) !== undefined;
  } catch (error) {
    if (isNamed(error, 'NONODE')) return false;
    throw endOf(scope, rules.parent, error);
  }
}

/**
 * Takes a place in the queue and waits for its turn; with a new place when the session was lost meanwhile. Undefined
 * when it is not at once our turn and `once` is set.
 *
 * @throws AcquireTimeoutError, AcquireCancelledError as the scope ends; what the server refuses; ClientClosedError
 */
export async function enter(
  client: ZkClient,
  rules: QueueRules,
  scope: CallScope,
  options: EnterOptions,
): Promise<OwnNode | undefined> {
  const backoff = exponentialBackoff();
  for (let attempt = 1; ; attempt++) {
    let node: OwnNode | undefined;
    let isGranted = false;
    try {
      if (scope.signal.aborted) throw scope.signal.reason;
      node = await join(client, rules, scope, options);
      options.onNode?.(node);
      isGranted = await awaitTurn(client, rules, node, scope, options.once);
      return isGranted ? node : undefined;
    } catch (error) {
      const isNodeLost = node?.signal.aborted ?? false;
      // Guard of "takes a new place for a waiter whose node was deleted" in suite/mutexes.ts.
      if (scope.signal.aborted || options.once || !(isTransient(error) || isNodeLost))
        throw endOf(scope, rules.parent, error);
      await pause(client.runtime, backoff(attempt, 0, client.runtime.random) ?? 0, scope, rules.parent);
    } finally {
      // Guard of "no contender is left behind" in lock-faults.spec.ts (kazoo#732, kazoo#760, CURATOR-79). Nobody waits for it.
      if (!isGranted) void node?.remove();
    }
  }
}

function join(client: ZkClient, rules: QueueRules, scope: CallScope, options: EnterOptions): Promise<OwnNode> {
  return OwnNode.create(client, rules.parent, {
    prefix: uniquePrefix(rules.dialect, client.runtime.random),
    name: rules.marker,
    data: options.data(),
    acl: options.acl,
    parents: options.parents ?? (rules.dialect === 'kazoo' ? 'persistent' : 'container'),
    signal: scope.signal,
  });
}

/** True at our turn; false when it is not and `once` is set. Rejects when the node is lost or the scope ends. */
export async function awaitTurn(
  client: ZkClient,
  rules: QueueRules,
  node: OwnNode,
  scope: Pick<CallScope, 'signal'>,
  once = false,
): Promise<boolean> {
  using either = new LinkedSignal(node.signal, scope.signal);
  const { signal } = either;
  const persist = <T>(task: () => Promise<T>): Promise<T> =>
    once ? task() : withRetry(client.runtime, task, { signal });
  const list = (): Promise<{ children: readonly string[] }> =>
    persist(() => client.getChildren(rules.parent, { signal }));
  let [{ children }] = await Promise.all([list(), persist(() => node.watch(signal))]);
  for (;;) {
    if (signal.aborted) throw signal.reason;
    const ranked = rankNames(children, rules.markers, rules.dialect);
    const own = ranked.findIndex(({ name }) => name === node.name);
    if (own < 0) node.end('nodeDeleted');
    // Guard of "is granted only while its session certainly lives" in lock-faults.spec.ts (CURATOR-604, CURATOR-696).
    if (!node.isOurs()) throw node.signal.aborted ? node.signal.reason : lostSession(node);
    const blocker = rules.blocker(ranked.slice(0, own));
    if (blocker === undefined) return true;
    if (once) return false;
    await gone(client, childPath(rules.parent, blocker.name), signal, persist);
    if (signal.aborted) throw signal.reason;
    ({ children } = await list());
  }
}

function lostSession(node: OwnNode): unknown {
  node.end('sessionLost');
  return node.signal.reason;
}

/** Resolves when anything happens to the node, or to the connection: the caller looks again. */
async function gone(
  client: ZkClient,
  path: string,
  signal: AbortSignal,
  persist: <T>(task: () => Promise<T>) => Promise<T>,
): Promise<void> {
  using looking = new LinkedSignal(signal);
  // Subscribed before the read, or a reconnect during it would go unnoticed.
  // Guard of "looks again after a reconnect" in lock-faults.spec.ts (kazoo#282).
  const reconnected = firstOf({
    signals: [looking.signal],
    observables: [client.state$.pipe(skip(1), filter(isConnected))],
  });
  try {
    // A read with a watch, and not `exists`: it leaves no watch behind where there is no node.
    const watched = await persist(() => client.getAndWatch(path, { signal }));
    await firstOf({ signals: [signal], promises: [watched.fired, reconnected] });
    watched.cancel();
  } catch (error) {
    if (!isNamed(error, 'NONODE')) throw error;
  } finally {
    looking.abort(undefined);
  }
}

async function pause(runtime: ClientRuntime, delayMs: number, scope: CallScope, path: string): Promise<void> {
  try {
    await sleep(runtime, delayMs, scope.signal);
  } catch (error) {
    throw endOf(scope, path, error);
  }
}

/** What the caller is told when a call ends without success. */
export function endOf(scope: CallScope, path: string, error: unknown): unknown {
  if (!scope.signal.aborted) return error;
  return scope.hasTimedOut
    ? new AcquireTimeoutError(path, scope.timeoutMs)
    : new AcquireCancelledError(path, scope.signal.reason);
}

/** A limit of no time: look once, as Curator does, and do not wait. */
export function isNoTime(timeout: Duration | undefined): boolean {
  return timeout !== undefined && durationMs(timeout) === 0;
}

export function outOfTime(path: string): never {
  throw new AcquireTimeoutError(path, 0);
}
