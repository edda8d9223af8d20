import { type ZkClient, isConnected } from '@zk/client-api';
import { filter } from 'rxjs';
import { firstOf } from './abort.js';
import { childPath } from './paths.js';
import { exponentialBackoff, isClientOver, isNamed, isTransient, withRetry } from './retry.js';

/**
 * Deletes a node, whatever it takes: the deletion goes on in the background until it has happened or the client is
 * closed. Waits for the answer, but not for a connection: resolves as well when the rest is left to the background.
 *
 * @throws what the server refuses, e.g. NOAUTH; never for a node that is gone already. A rejection that nobody awaits
 *   is not reported as unhandled.
 */
export function guaranteedDelete(client: ZkClient, path: string): Promise<void> {
  const done = tryDelete(client, path);
  done.catch(() => undefined);
  return done;
}

async function tryDelete(client: ZkClient, path: string): Promise<void> {
  let refused: { readonly error: unknown } | undefined;
  const answered = client.delete(path, { guaranteed: true, ifMissing: 'ignore' }).catch((error: unknown) => {
    if (!isTransient(error) && !isClientOver(error) && !isNamed(error, 'NONODE')) refused = { error };
  });
  const disconnected = client.state$.pipe(filter((state) => !isConnected(state)));
  await firstOf({ promises: [answered], observables: [disconnected] });
  if (refused !== undefined) throw refused.error;
}

/**
 * Finds the children with this prefix and deletes them, in the background, until that has worked or the client is
 * closed: for a create of which nobody knows whether it happened. The list is preceded by a sync, for the create may
 * have been taken by another server than the one that lists.
 */
export function sweepChildren(client: ZkClient, parent: string, prefix: string): void {
  const sweep = async (): Promise<void> => {
    const { children } = await client.getChildren(parent, { linearizable: true });
    for (const name of children) {
      if (name.startsWith(prefix)) await guaranteedDelete(client, childPath(parent, name));
    }
  };
  withRetry(client.runtime, sweep, { policy: exponentialBackoff({ max: '10s' }), shouldRetry: isTransient }).catch(
    // NONODE: nothing to find. Closed: the session takes its ephemerals along. Refused: it will be for ever.
    () => undefined,
  );
}
