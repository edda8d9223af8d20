import type { PeerInfo } from '@zk/contracts';
import type { Id } from '@zk/model';
import { type ZkServer, hasEveryRight } from '@zk/server';

/** Why somebody may not use a command. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly error: string;
}

/**
 * Looks whether an `Authorization` header (`digest user:password`, `ip any`, `x509 any`, or a scheme of one’s own) proves every
 * permission on the root znode (spec: operations, section 8).
 * @returns undefined when it does
 */
export function refusalOf(server: ZkServer, authorization: string | undefined, peer: PeerInfo): Refusal | undefined {
  if (authorization === undefined) return { status: 401, error: 'Auth info is missing for the command' };
  const ids = idsOf(server, authorization, peer);
  if (ids === undefined) return { status: 401, error: 'Not authenticated' };
  return hasEveryRight(server, ids) ? undefined : { status: 403, error: 'Not authorized' };
}

function idsOf(server: ZkServer, authorization: string, peer: PeerInfo): readonly Id[] | undefined {
  const [, scheme = '', text] = /^(\S*)(?:\s+(.*))?$/s.exec(authorization) ?? [];
  const provider = server.providers.get(scheme.toLowerCase());
  if (provider === undefined || text === undefined) return undefined;
  try {
    return provider.authenticate(peer, Buffer.from(text, 'utf8'));
  } catch {
    // A provider that throws refuses, as it does for clients.
    return undefined;
  }
}
