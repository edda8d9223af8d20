import { type ZkClient, utf8 } from '@zk/client-api';
import { type OwnNode, isNamed } from '../support/index.js';

/** `__REVOKE__`, as Curator's Revoker writes it into the node of a holder (spec: recipes, section 3.2). */
const REVOKE = '__REVOKE__';

export interface Candidate {
  readonly node: OwnNode;
  readonly revocation: AbortSignal;
}

export function isRevocation(data: Uint8Array): boolean {
  return data.length === REVOKE.length && utf8.decode(data) === REVOKE;
}

/**
 * Asks whoever stands behind a node to give it up, holder or waiter. It replaces the identity in the node. False when
 * there is no such node any more.
 */
export async function requestRevocation(
  client: ZkClient,
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  try {
    await client.set(path, utf8.encode(REVOKE), options);
    return true;
  } catch (error) {
    if (isNamed(error, 'NONODE')) return false;
    throw error;
  }
}
