import { runDiff } from '../tree/diff.js';
import { runDu } from '../tree/du.js';
import { runFind } from '../tree/find.js';
import { runTree } from '../tree/print-tree.js';
import type { Command } from './command.js';
import { OF_TREES } from './kinds.js';

const tree: Command = {
  ...OF_TREES,
  name: 'tree',
  usage: '[-L depth] [-d] [-s] [path…]',
  summary: 'draw what is below a path',
  options: [
    { letter: 'L', name: 'depth', value: 'levels', summary: 'only so many levels' },
    { letter: 'd', name: 'data', summary: 'with the beginning of the data' },
    { letter: 's', name: 'stat', summary: 'with size, version and owner' },
    { letter: 'S', name: 'no-system', summary: 'without /zookeeper' },
  ],
  run: runTree,
};

const du: Command = {
  ...OF_TREES,
  name: 'du',
  usage: '[-d depth] [-h] [-n] [path…]',
  summary: 'count znodes and bytes of data, per subtree, biggest first',
  options: [
    { letter: 'd', name: 'depth', value: 'levels', summary: 'subtrees so many levels down; default 1' },
    { letter: 'h', name: 'human', summary: 'sizes such as 1.5K' },
    { letter: 'n', name: 'count', summary: 'order by the number of znodes' },
    { letter: 't', name: 'top', value: 'count', summary: 'only the first so many lines' },
  ],
  run: runDu,
};

const find: Command = {
  ...OF_TREES,
  name: 'find',
  usage: '[path…] [tests] [--delete]',
  summary: 'print the paths of znodes that pass all tests',
  details: `
Sizes: 10, 4k, 1M; +4k is more than that, -4k less. Ages: 90s, 15m, 12h, 7d; +7d is longer ago, -1h more recently.

  find / --name 'lock-*' --ephemeral       who waits for locks
  find /app --data-matches timeout         whose data contains it
  find / --size +100k --json
  find /tasks --empty --older 7d --delete`,
  options: [
    { letter: 'n', name: 'name', value: 'glob', summary: 'its name matches' },
    { letter: 'p', name: 'path', value: 'glob', summary: 'its whole path matches' },
    { letter: 'e', name: 'ephemeral', summary: 'it is ephemeral' },
    { name: 'persistent', summary: 'it is not' },
    { letter: 'o', name: 'owner', value: 'session', summary: 'it is owned by the session with this id' },
    { name: 'empty', summary: 'it has no children' },
    { name: 'no-data', summary: 'it has no data, or none of any length' },
    { letter: 's', name: 'size', value: 'size', summary: 'bytes of data' },
    { letter: 'c', name: 'children', value: 'count', summary: 'number of children' },
    { name: 'older', value: 'age', summary: 'last changed longer ago' },
    { name: 'newer', value: 'age', summary: 'last changed more recently' },
    { letter: 'm', name: 'data-matches', value: 'regex', summary: 'its data, as text, matches a regular expression' },
    { letter: 'L', name: 'depth', value: 'levels', summary: 'only so many levels down' },
    { letter: 'l', name: 'long', summary: 'with size, version, time of the last change' },
    { name: 'delete', summary: 'delete them, deepest first; what has children stays' },
  ],
  run: runFind,
};

const diff: Command = {
  name: 'diff',
  usage: '[-s servers] path [other path]',
  summary: 'compare two subtrees, or one on two services',
  details: `
Prints < for what only the first has, > for what only the second has, ! for what differs, and in what. Exit code 0 when
there is no difference, 1 when there is one.

  diff /app /app-copy
  diff --server other:2181 /app             the same path on another service
  diff --acl --server other:2181 / /`,
  options: [
    { letter: 's', name: 'server', value: 'servers', summary: 'where the second one is; default: the same service' },
    { letter: 'a', name: 'acl', summary: 'compare access control lists too' },
    { letter: 'e', name: 'ephemerals', summary: 'compare ephemerals too' },
    { letter: 'q', name: 'quiet', summary: 'print nothing; the exit code tells' },
    { name: 'system', summary: 'compare what is below /zookeeper too' },
  ],
  args: { min: 1, max: 2 },
  completes: 'all',
  run: runDiff,
};

export const treeCommands: readonly Command[] = [tree, du, find, diff];
