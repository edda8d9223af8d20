import type { Call } from '../commands/command.js';
import { humanBytes } from '../format/sizes.js';
import { walk } from './walk.js';

interface Sum {
  readonly path: string;
  znodes: number;
  bytes: number;
  ephemerals: number;
}

/** Counts subtrees down to a level; what lies deeper counts for the subtree it is in. */
export async function runDu(call: Call): Promise<void> {
  const { out, signal } = call;
  const depth = call.integer('depth', { min: 0 }) ?? 1;
  const top = call.integer('top', { min: 1 }) ?? Infinity;
  for (const root of call.paths('/')) {
    const total: Sum = { path: root, znodes: 0, bytes: 0, ephemerals: 0 };
    const sums: Sum[] = [];
    /** The sums that the present branch of the walk counts for, from the root down. */
    const branch: Sum[] = [total];
    for await (const { path, depth: level, stat } of walk(call.client, root, { signal })) {
      if (level > 0 && level <= depth) {
        branch.length = level;
        const sum: Sum = { path, znodes: 0, bytes: 0, ephemerals: 0 };
        branch.push(sum);
        sums.push(sum);
      }
      // A znode at the deepest level counted, or above it, ends the branch of the one before.
      if (level <= depth) branch.length = level + 1;
      for (const sum of branch) {
        sum.znodes++;
        sum.bytes += stat?.dataLength ?? 0;
        if (stat !== undefined && stat.ephemeralOwner !== 0n) sum.ephemerals++;
      }
    }
    const by = call.has('count') ? (sum: Sum) => sum.znodes : (sum: Sum) => sum.bytes;
    const shown = sums.sort((a, b) => by(b) - by(a) || b.znodes - a.znodes || (a.path < b.path ? -1 : 1)).slice(0, top);
    const lines = [...shown, total];
    if (out.isJson) {
      for (const sum of lines) out.emit(sum, '');
      continue;
    }
    const rows = lines.map(({ path, znodes, bytes, ephemerals }) => [
      call.has('human') ? humanBytes(bytes) : String(bytes),
      String(znodes),
      String(ephemerals),
      path,
    ]);
    out.print(alignRight([['bytes', 'znodes', 'ephemeral', 'path'], ...rows]));
  }
}

/** Columns of numbers, and a last one of text. */
export function alignRight(rows: readonly (readonly string[])[]): string {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row.map((text, column) => (column === count - 1 ? text : text.padStart(widths[column] as number))).join('  '),
    )
    .join('\n');
}
