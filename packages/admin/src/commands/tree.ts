import { hex64 } from '@zk/model';
import {
  type Inspection,
  ephemeralsByOwner,
  expiringSessions,
  watchCounts,
  watchedPathsBySession,
  watchersByPath,
} from '@zk/server';
import { type Command, type Fields, query } from './command.js';

/** Of the sum over all znodes: the second and only version in use. */
const DIGEST_VERSION = 2;

function dump(inspection: Inspection): Fields {
  const expiring = expiringSessions(inspection).map(
    ({ expiryMs, ids }) => [String(Math.round(expiryMs)), ids] as const,
  );
  return {
    expiry_time_to_session_ids: new Map(expiring),
    session_id_to_ephemeral_paths: byId(ephemeralsByOwner(inspection)),
  };
}

function byId(groups: ReadonlyMap<bigint, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  return new Map([...groups].map(([id, members]) => [String(id), members]));
}

async function lastSnapshot({ storage }: Inspection): Promise<Fields> {
  const [newest] = await storage.snapshots.list();
  return { zxid: hex64(newest?.zxid ?? 0n), timestamp: Math.floor((newest?.modifiedMs ?? 0) / 1000) };
}

export const TREE_COMMANDS: readonly Command[] = [
  query(['dump'], dump),
  query(['hash'], ({ server }) => ({
    digests: server.database.digests
      .entries()
      .map(({ zxid, digest }) => ({ zxid, digest, digest_version: DIGEST_VERSION })),
  })),
  query(['last_snapshot', 'lsnp'], lastSnapshot),
  query(['watches', 'wchc'], (inspection) => ({
    session_id_to_watched_paths: byId(watchedPathsBySession(inspection)),
  })),
  query(['watches_by_path', 'wchp'], (inspection) => ({ path_to_session_ids: watchersByPath(inspection) })),
  query(['watch_summary', 'wchs'], (inspection) => {
    const { connections, paths, watches } = watchCounts(inspection);
    return { num_connections: connections, num_paths: paths, num_total_watches: watches };
  }),
];
