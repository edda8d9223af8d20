import type { WordContext } from './context.js';

/** How many watches there are: `wchs`. Only the data table counts, as in Apache ZooKeeper. */
export function wchsReport({ server }: WordContext): string {
  const { watches } = server.database;
  return `${watches.connectionCount} connections watching ${watches.pathCount} paths\nTotal watches:${watches.dataWatchCount}\n`;
}

/** Watched paths by session: `wchc`. */
export function wchcReport({ server }: WordContext): string {
  const bySession = new Map<string, string[]>();
  for (const { path, watchers } of server.database.watches.byPath()) {
    for (const watcher of watchers) {
      const id = server.sessionOfWatcher(watcher);
      const paths = bySession.get(id);
      if (paths === undefined) bySession.set(id, [path]);
      else paths.push(path);
    }
  }
  return `${grouped(bySession)}\n`;
}

/** Watching sessions by path: `wchp`. */
export function wchpReport({ server }: WordContext): string {
  const byPath = new Map<string, string[]>();
  for (const { path, watchers } of server.database.watches.byPath()) {
    byPath.set(
      path,
      watchers.map((watcher) => server.sessionOfWatcher(watcher)),
    );
  }
  return `${grouped(byPath)}\n`;
}

function grouped(groups: ReadonlyMap<string, readonly string[]>): string {
  return [...groups].map(([head, members]) => `${head}\n${members.map((member) => `\t${member}\n`).join('')}`).join('');
}
