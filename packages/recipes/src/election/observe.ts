import { type ZkClient, isConnected, utf8 } from '@zk/client-api';
import type { SessionId, Zxid } from '@zk/model';
import { filter, skip } from 'rxjs';
import type { QueueRules } from '../locks/queue.js';
import {
  type HolderIdentity,
  LatestStream,
  LinkedSignal,
  childPath,
  firstOf,
  identityOf,
  isClientOver,
  isNamed,
  rankNames,
  withRetry,
} from '../support/index.js';

/** Who leads. */
export interface Leader {
  readonly path: string;
  /** The data of its node, as text. */
  readonly id: string;
  readonly identity: HolderIdentity | undefined;
  readonly token: Zxid;
  readonly sessionId: SessionId;
}

/**
 * Cold: each subscriber looks for itself. Emits the present leader, or undefined where there is none, then every other
 * one; of leaders in quick succession some may be missed. Completes when the client is closed. Only the node of the
 * leader is watched, so that a candidate that comes or goes wakes nobody.
 */
export function observeLeader(client: ZkClient, rules: QueueRules): LatestStream<Leader | undefined> {
  return new LatestStream((subscriber) => {
    const stop = new AbortController();
    let last: string | undefined | null = null;
    const emit = (leader: Leader | undefined): void => {
      if (leader?.path !== last) subscriber.next(leader);
      last = leader?.path;
    };
    follow(client, rules, stop.signal, emit).then(
      () => subscriber.complete(),
      (error: unknown) => {
        if (stop.signal.aborted || isClientOver(error)) subscriber.complete();
        else subscriber.error(error);
      },
    );
    return () => stop.abort();
  });
}

/** Who leads now; undefined when nobody stands. */
export async function leaderNow(
  client: ZkClient,
  rules: QueueRules,
  signal?: AbortSignal,
): Promise<Leader | undefined> {
  const options = signal === undefined ? {} : { signal };
  for (;;) {
    try {
      const { children } = await client.getChildren(rules.parent, options);
      const [first] = rankNames(children, rules.markers, rules.dialect);
      if (first === undefined) return undefined;
      const path = childPath(rules.parent, first.name);
      return leaderOf(path, await client.get(path, options));
    } catch (error) {
      if (!isNamed(error, 'NONODE')) throw error;
      if ((await client.exists(rules.parent, options)) === null) return undefined;
    }
  }
}

async function follow(
  client: ZkClient,
  rules: QueueRules,
  signal: AbortSignal,
  emit: (leader: Leader | undefined) => void,
): Promise<void> {
  const reconnects = client.state$.pipe(skip(1), filter(isConnected));
  while (!signal.aborted) {
    using looking = new LinkedSignal(signal);
    const reconnected = firstOf({ signals: [looking.signal], observables: [reconnects] });
    try {
      const seen = await withRetry(client.runtime, () => look(client, rules, signal), { signal });
      if (seen === undefined) continue;
      emit(seen.leader);
      await firstOf({ signals: [signal], promises: [seen.changed, reconnected] });
      seen.cancel();
    } finally {
      looking.abort(undefined);
    }
  }
}

interface Seen {
  readonly leader: Leader | undefined;
  readonly changed: Promise<unknown>;
  cancel(): void;
}

/** The leader, and a watch for the end of what was seen; undefined when it changed while we looked. */
async function look(client: ZkClient, rules: QueueRules, signal: AbortSignal): Promise<Seen | undefined> {
  const first = (children: readonly string[]): string | undefined =>
    rankNames(children, rules.markers, rules.dialect)[0]?.name;
  try {
    const name = first((await client.getChildren(rules.parent, { signal })).children);
    if (name !== undefined) {
      const path = childPath(rules.parent, name);
      const watched = await client.getAndWatch(path, { signal });
      return { leader: leaderOf(path, watched.value), changed: watched.fired, cancel: () => watched.cancel() };
    }
    const watched = await client.getChildrenAndWatch(rules.parent, { signal });
    if (first(watched.value.children) === undefined) {
      return { leader: undefined, changed: watched.fired, cancel: () => watched.cancel() };
    }
    watched.cancel();
    return undefined;
  } catch (error) {
    if (!isNamed(error, 'NONODE')) throw error;
  }
  const watched = await client.existsAndWatch(rules.parent, { signal });
  if (watched.value === null) return { leader: undefined, changed: watched.fired, cancel: () => watched.cancel() };
  watched.cancel();
  return undefined;
}

function leaderOf(
  path: string,
  { data, stat }: { data: Uint8Array; stat: { czxid: Zxid; ephemeralOwner: SessionId } },
): Leader {
  return {
    path,
    id: utf8.decode(data),
    identity: identityOf(data),
    token: stat.czxid,
    sessionId: stat.ephemeralOwner,
  };
}
