import { type DataTree, parseQuota } from '@zk/data-tree';
import { utf8Bytes, utf8Text } from '@zk/jute';
import type { Metric } from './metric.js';

const QUOTA_ROOT = utf8Bytes('/zookeeper/quota');
const LIMITS_NAME = 'zookeeper_limits';
const STATS_NAME = 'zookeeper_stats';

const SETS = [
  'quota_count_limit_per_namespace',
  'quota_bytes_limit_per_namespace',
  'quota_count_usage_per_namespace',
  'quota_bytes_usage_per_namespace',
] as const;

/** Limits (-1: none) and usage by the first name of the path they are for: gauges (spec: operations, section 9.2). */
export function quotaMetrics(tree: DataTree): Metric[] {
  const sets = new Map<string, Map<string, number>>(SETS.map((name) => [name, new Map()]));
  const add = (namespace: string, name: (typeof SETS)[number], value: number | undefined): void => {
    if (value === undefined) return;
    const totals = sets.get(name)!;
    totals.set(namespace, (totals.get(namespace) ?? 0) + value);
  };
  for (const [path, node] of quotaNodes(tree)) {
    const [namespace, ...names] = path.split('/').slice(3);
    const values = parseQuota(utf8Text(tree.dataBytes(node) ?? new Uint8Array()));
    if (names.at(-1) === LIMITS_NAME) {
      add(namespace!, 'quota_count_limit_per_namespace', hardOrSoft(values.get('countHardLimit'), values.get('count')));
      add(namespace!, 'quota_bytes_limit_per_namespace', hardOrSoft(values.get('byteHardLimit'), values.get('bytes')));
    } else if (names.at(-1) === STATS_NAME) {
      add(namespace!, 'quota_count_usage_per_namespace', values.get('count'));
      add(namespace!, 'quota_bytes_usage_per_namespace', values.get('bytes'));
    }
  }
  return [...sets].map(([name, value]) => ({ kind: 'gauge', name, value }));
}

function hardOrSoft(hard: number | undefined, soft: number | undefined): number | undefined {
  return hard !== undefined && hard >= 0 ? hard : soft;
}

function* quotaNodes(tree: DataTree): Iterable<readonly [path: string, node: number]> {
  const open = [tree.find(QUOTA_ROOT, 0, QUOTA_ROOT.length)];
  for (let node = open.pop(); node !== undefined && node >= 0; node = open.pop()) {
    yield [tree.pathOf(node), node];
    for (let child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) open.push(child);
  }
}
