import { type ZkClient, utf8 } from '@zk/client-api';
import type { SessionId } from '@zk/model';
import { exponentialBackoff, hex32, isNamed, isTransient, mayHaveApplied, sleep, withRetry } from '../support/index.js';
import { type Patience, persistently } from '../values/scoped.js';

/** A lock of an item: an ephemeral node of the item's name, which everybody who wants the item tries to create. */
export interface ItemLock {
  readonly path: string;
  readonly token: Uint8Array;
  readonly sessionId: SessionId;
  readonly signal: AbortSignal;
}

/** Tries to lock an item: undefined when somebody else has it. A lost reply of the create does not matter. */
export async function createLock(
  client: ZkClient,
  path: string,
  scope: Patience,
  ensureDirectory: () => Promise<void>,
): Promise<ItemLock | undefined> {
  const locking = { client, path, token: utf8.encode(hex32(client.runtime.random))!, isUnsure: false };
  try {
    return await lock(locking, scope, ensureDirectory);
  } catch (error) {
    // Guard of "a take that is cancelled after a lost reply leaves no lock behind" in queue-faults.spec.ts.
    if (locking.isUnsure) void unlock(client, locking);
    throw error;
  }
}

interface Locking {
  readonly client: ZkClient;
  readonly path: string;
  readonly token: Uint8Array;
  /** A create had no reply. */
  isUnsure: boolean;
}

async function lock(
  locking: Locking,
  scope: Patience,
  ensureDirectory: () => Promise<void>,
): Promise<ItemLock | undefined> {
  const { client, path, token } = locking;
  const { signal } = scope;
  const policy = exponentialBackoff();
  for (let attempt = 1; ; attempt++) {
    const session = client.session ?? (await client.connected({ signal }));
    try {
      const { stat } = await client.create(path, token, { mode: 'ephemeral', signal });
      if (stat.ephemeralOwner === session.id) return { path, token, sessionId: session.id, signal: session.signal };
      // Made by a session that came after the one we looked at, or found by its token: not certain, so not taken.
      void unlock(client, locking);
      return undefined;
    } catch (error) {
      if (isNamed(error, 'NONODE')) await ensureDirectory();
      else if (isNamed(error, 'NODEEXISTS')) {
        // Guard of "a lock whose reply was lost is found again" in queue-faults.spec.ts.
        return locking.isUnsure ? findLock(client, path, token, scope) : undefined;
      } else {
        locking.isUnsure ||= mayHaveApplied(error);
        if (!isTransient(error) || signal.aborted) throw error;
        await sleep(client.runtime, policy(attempt, 0, client.runtime.random)!, signal);
      }
    }
  }
}

async function findLock(
  client: ZkClient,
  path: string,
  token: Uint8Array,
  scope: Patience,
): Promise<ItemLock | undefined> {
  return persistently(client, scope, async () => {
    const session = client.session;
    try {
      const { data, stat } = await client.get(path, { signal: scope.signal });
      const isOurs = utf8.decode(data) === utf8.decode(token);
      if (!isOurs) return undefined;
      if (session !== undefined && stat.ephemeralOwner === session.id) {
        return { path, token, sessionId: session.id, signal: session.signal };
      }
      void unlock(client, { path, token });
      return undefined;
    } catch (error) {
      if (isNamed(error, 'NONODE')) return undefined;
      throw error;
    }
  });
}

/** Removes a lock of ours, or one of which we do not know whether we have it; in the background, as long as it takes. */
export function unlock(client: ZkClient, lock: Pick<ItemLock, 'path' | 'token'>): Promise<void> {
  const attempt = async (): Promise<void> => {
    const { data, stat } = await client.get(lock.path, { linearizable: true });
    const isOurs = data.length === lock.token.length && data.every((byte, index) => byte === lock.token[index]);
    if (isOurs) await client.delete(lock.path, { version: stat.version, ifMissing: 'ignore' });
  };
  // What is refused here is gone, or will go with the session.
  return withRetry(client.runtime, attempt).catch(() => undefined);
}
