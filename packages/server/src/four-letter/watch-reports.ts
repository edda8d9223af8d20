import { hex64 } from '@zk/model';
import type { Inspection } from '../inspection.js';

/** How many watches there are. Only the data table counts, as in Apache ZooKeeper. */
export interface WatchCounts {
  readonly connections: number;
  readonly paths: number;
  readonly watches: number;
}

export function watchCounts({ server }: Inspection): WatchCounts {
  const { connectionCount, pathCount, dataWatchCount } = server.database.watches;
  return { connections: connectionCount, paths: pathCount, watches: dataWatchCount };
}

/** Watched paths by session id; 0 stands for a client without a session. */
export function watchedPathsBySession({ server }: Inspection): Map<bigint, string[]> {
  const bySession = new Map<bigint, string[]>();
  for (const { path, watchers } of server.database.watches.byPath()) {
    for (const watcher of watchers) {
      const id = server.sessionOfWatcher(watcher);
      const paths = bySession.get(id);
      if (paths === undefined) bySession.set(id, [path]);
      else paths.push(path);
    }
  }
  return bySession;
}

/** Ids of watching sessions by path. */
export function watchersByPath({ server }: Inspection): Map<string, bigint[]> {
  const byPath = new Map<string, bigint[]>();
  for (const { path, watchers } of server.database.watches.byPath()) {
    byPath.set(
      path,
      watchers.map((watcher) => server.sessionOfWatcher(watcher)),
    );
  }
  return byPath;
}

/** How many watches there are: `wchs`. */
export function wchsReport(inspection: Inspection): string {
  const { connections, paths, watches } = watchCounts(inspection);
  return `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`;
}

/** Watched paths by session: `wchc`. */
export function wchcReport(inspection: Inspection): string {
  const groups = [...watchedPathsBySession(inspection)];
  return `${groups.map(([id, paths]) => grouped(shown(id), paths)).join('')}\n`;
}

/** Watching sessions by path: `wchp`. */
export function wchpReport(inspection: Inspection): string {
  const groups = [...watchersByPath(inspection)];
  return `${groups.map(([path, ids]) => grouped(path, ids.map(shown))).join('')}\n`;
}

function shown(sessionId: bigint): string {
  return `0x${hex64(sessionId)}`;
}

function grouped(head: string, members: readonly string[]): string {
  return `${head}\n${members.map((member) => `\t${member}\n`).join('')}`;
}
