import { hex64 } from '@zk/model';
import type { Call } from '../commands/command.js';
import { briefText, dataJson } from '../format/data.js';
import { nameOf } from '../format/paths.js';
import { statJson } from '../format/stat.js';
import { type Visited, walk } from './walk.js';

/** Characters of data. */
const MAX_SHOWN = 60;

/** Draws a tree line by line, as it is walked: a big one costs no memory. */
export async function runTree(call: Call): Promise<void> {
  const { signal, out } = call;
  const maxDepth = call.integer('depth', { min: 0 }) ?? Infinity;
  const withoutSystem = call.has('no-system');
  const withData = call.has('data');
  for (const root of call.paths('/')) {
    const isHidden = (path: string): boolean =>
      withoutSystem && (path === '/zookeeper' || path.startsWith('/zookeeper/'));
    const nodes = walk(call.client, root, {
      signal,
      maxDepth,
      ...(withData ? { reads: { data: true as const } } : {}),
    });
    const lines = new TreeLines();
    let count = 0;
    for await (const visited of nodes) {
      if (isHidden(visited.path)) continue;
      count++;
      const children = visited.children.filter(
        (name) => !isHidden(`${visited.path === '/' ? '' : visited.path}/${name}`),
      );
      const prefix = lines.prefixOf(visited.depth, visited.depth < maxDepth ? children.length : 0);
      if (out.isJson) out.emit(jsonOf(call, visited), '');
      else out.print(prefix + textOf(call, visited, root));
      if (count % 1000 === 0) await out.flushed();
    }
    out.print(`\n${count} znode${count === 1 ? '' : 's'}`);
  }
}

/** The lines in front of names. Knows, per level, how many siblings are still to come. */
class TreeLines {
  private readonly left: number[] = [];

  prefixOf(depth: number, childCount: number): string {
    let prefix = '';
    if (depth > 0) {
      for (let level = 1; level < depth; level++) prefix += (this.left[level] ?? 0) > 0 ? '│   ' : '    ';
      const left = (this.left[depth] ?? 1) - 1;
      this.left[depth] = left;
      prefix += left > 0 ? '├── ' : '└── ';
    }
    this.left[depth + 1] = childCount;
    return prefix;
  }
}

function textOf(call: Call, { path, depth, stat, data, error }: Visited, root: string): string {
  const { out } = call;
  const name = depth === 0 ? root : nameOf(path);
  const isEphemeral = stat !== undefined && stat.ephemeralOwner !== 0n;
  const parts = [out.paint(isEphemeral ? 'yellow' : 'blue', name)];
  if (error !== undefined) parts.push(out.paint('red', '(may not be listed)'));
  if (call.has('stat') && stat !== undefined) {
    const owner = isEphemeral ? ` owner=0x${hex64(stat.ephemeralOwner)}` : '';
    parts.push(out.paint('dim', `${stat.dataLength}B v${stat.version}${owner}`));
  } else if (isEphemeral) {
    parts.push(out.paint('dim', '(ephemeral)'));
  }
  if (data !== undefined) parts.push(`= ${briefText(data, MAX_SHOWN)}`);
  return parts.join(' ');
}

function jsonOf(call: Call, { path, depth, stat, data, error, children }: Visited): unknown {
  return {
    path,
    depth,
    children: children.length,
    ...(error === undefined ? {} : { error: error.name }),
    ...(call.has('stat') && stat !== undefined ? { stat: statJson(stat) } : {}),
    ...(data === undefined ? {} : dataJson(data)),
  };
}
