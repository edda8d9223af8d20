import { type SessionId, hiOf, loOf } from '@zk/model';
import type { Inspection } from '../inspection.js';

/** Sessions that would end together. */
export interface ExpiringSessions {
  /** Monotonic ms. */
  readonly expiryMs: number;
  readonly ids: readonly SessionId[];
}

/** Earliest first; none on a learner, which leaves the end of sessions to the leader. */
export function expiringSessions({ server, view }: Inspection): readonly ExpiringSessions[] {
  if (view !== undefined && view.mode !== 'leader') return [];
  return server.sessions
    .bucketList()
    .map(({ expiryMs, sessions }) => ({ expiryMs, ids: sessions.map(({ id }) => id) }));
}

/** Paths of ephemerals by the id of the session that owns them. */
export function ephemeralsByOwner({ server }: Inspection): Map<SessionId, string[]> {
  const { tree } = server.database;
  const byOwner = new Map<SessionId, string[]>();
  for (const owner of tree.ephemeralOwners()) {
    byOwner.set(
      owner,
      [...(tree.ephemeralsOf(hiOf(owner), loOf(owner)) ?? [])].map((node) => tree.pathOf(node)),
    );
  }
  return byOwner;
}
