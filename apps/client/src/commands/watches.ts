import { NoWatcherError } from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import { watchLive } from '../tree/watch-live.js';
import type { WatchKind } from '../shell/watches.js';
import type { Command } from './command.js';

const REMOVED_TYPES: Readonly<Record<WatchKind, string>> = {
  data: 'DataWatchRemoved',
  children: 'ChildWatchRemoved',
  persistent: 'PersistentWatchRemoved',
  persistentRecursive: 'PersistentWatchRemoved',
};

const addWatch: Command = {
  name: 'addWatch',
  usage:
    '[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE',
  summary: 'watch until the watch is removed; events are printed in the shell',
  details: 'See also watch, which prints events until it is interrupted.',
  options: [{ letter: 'm', name: 'mode', value: 'mode', summary: 'PERSISTENT or PERSISTENT_RECURSIVE' }],
  args: { min: 1 },
  isZkCli: true,
  async run(call) {
    const mode = (call.value('mode') ?? 'PERSISTENT_RECURSIVE').toUpperCase();
    if (mode !== 'PERSISTENT' && mode !== 'PERSISTENT_RECURSIVE') throw call.usage();
    const path = call.path();
    await call.shell.watches.add(call.client, path, mode === 'PERSISTENT_RECURSIVE', call.signal);
    if (call.out.isJson) call.out.emit({ path, mode }, '');
  },
};

const removeWatches: Command = {
  name: 'removewatches',
  usage: 'path [-c|-d|-a] [-l]',
  summary: 'remove watches of this shell',
  options: [
    { letter: 'c', name: 'children', summary: 'those on children' },
    { letter: 'd', name: 'data', summary: 'those on data and existence' },
    { letter: 'p', name: 'persistent', summary: 'persistent ones' },
    { letter: 'r', name: 'recursive', summary: 'persistent recursive ones' },
    { letter: 'a', name: 'all', summary: 'all (default)' },
    { letter: 'l', name: 'local', summary: 'also when there is no connection' },
  ],
  args: { min: 1 },
  isZkCli: true,
  async run(call) {
    const path = call.path();
    const removed = await call.shell.watches.remove(path, kindsOf(call));
    if (removed.length === 0) throw new NoWatcherError(ErrorCode.NOWATCHER, path);
    for (const kind of removed) call.shell.tellEvent({ type: REMOVED_TYPES[kind], path, zxid: -1n });
    if (call.out.isJson) call.out.emit({ path, removed }, '');
  },
};

function kindsOf(call: { has(key: string): boolean }): readonly WatchKind[] {
  if (call.has('children')) return ['children'];
  if (call.has('data')) return ['data'];
  if (call.has('persistent')) return ['persistent'];
  // zkCli adds recursive watches by default and knows them as persistent ones when it removes them; both are meant.
  if (call.has('recursive')) return ['persistentRecursive'];
  return ['data', 'children', 'persistent', 'persistentRecursive'];
}

const watch: Command = {
  name: 'watch',
  usage: '[-1] [-d] [-n count] [-t seconds] [path…]',
  summary: 'print what happens at and below a path, as it happens, until interrupted',
  details: `
Each line: the time, what happened, the path, the zxid. When events may be missing (a new connection, a new session) a
line says so.

  watch /app                     everything below /app
  watch -1 /app/config           the znode itself, and its children's coming and going
  watch -d -n 1 /app/config      wait for one change and print the new data
  watch --json / | jq .path`,
  options: [
    { letter: '1', name: 'single', summary: 'only the znode itself, not what is below' },
    { letter: 'd', name: 'data', summary: 'print the data of what was created or changed' },
    { letter: 'n', name: 'count', value: 'count', summary: 'end after so many events' },
    { letter: 't', name: 'time', value: 'seconds', summary: 'end after so long' },
  ],
  args: { min: 0 },
  globs: 'all',
  completes: 'all',
  run: watchLive,
};

export const watchCommands: readonly Command[] = [addWatch, removeWatches, watch];
