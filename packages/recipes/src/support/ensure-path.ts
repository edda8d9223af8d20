import type { CallOptions, ZkClient } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { isNamed } from './retry.js';

const EMPTY = new Uint8Array();

/** What recipes make parents of: containers, which the server removes when they have become empty, or persistent. */
export type ParentKind = 'container' | 'persistent';

/**
 * Creates the path and what is missing above it, with empty data (0 bytes, as Curator and kazoo do). What exists stays
 * as it is. A container may be gone again before it is used: treat NONODE later as "ensure it again".
 */
export async function ensurePath(
  client: ZkClient,
  path: string,
  options: CallOptions & { readonly as?: ParentKind | undefined; readonly acl?: readonly Acl[] | undefined } = {},
): Promise<void> {
  if (path === '/') return;
  const { as: kind = 'container', ...rest } = options;
  const create = (mode: ParentKind): Promise<unknown> =>
    client.create(path, EMPTY, { ...rest, mode, parents: mode, ifExists: 'keep' });
  try {
    await create(kind);
  } catch (error) {
    // Servers before 3.5.1 have no containers.
    if (kind !== 'container' || !isNamed(error, 'UNIMPLEMENTED')) throw error;
    await create('persistent');
  }
}
