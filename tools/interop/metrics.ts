/**
 * What servers tell Prometheus: Apache's provider beside ours, after the same little load. Every name that both have must
 * have the same type and the same lines, and what counts the load the same values; the names that ours has not must be those
 * that docs/metrics.md lists, and no others.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { freePort } from '../lib/launch.ts';
import type { ServerKind } from '../lib/launch.ts';
import { INTEROP_DIR, REPO_ROOT, installApache, installJars } from './install.ts';
import type { PeerReport } from './harness.ts';
import { listening } from './listening.ts';
import { scrape } from './metrics/exposition.ts';
import type { Exposition } from './metrics/exposition.ts';
import { load } from './metrics/load.ts';
import type { Peer } from './peers.ts';
import { startServer } from './server.ts';

const REST_DEADLINE_MS = 10_000;
const POLL_MS = 50;
const PROVIDER = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';

/** Lines whose values follow from the load alone. */
const SAME_VALUES = [
  'znode_count',
  'ephemerals_count',
  'watch_count',
  'num_alive_connections',
  'global_sessions',
  'outstanding_requests',
  'approximate_data_size',
  'updatelatency_count',
  'node_created_watch_count_count',
  'node_created_watch_count_sum',
  'node_changed_watch_count_count',
  'node_children_watch_count_count',
  'node_deleted_watch_count_count',
  'quota_count_limit_per_namespace{key="a"}',
  'connection_rejected',
  'digest_mismatches_count',
  'unrecoverable_error_count',
  'stale_sessions_expired',
  'looking_count',
  'election_time_count',
];

export const metrics: Peer = {
  name: 'metrics',
  title: "what Prometheus is told, beside Apache's provider of metrics",
  startsItsOwn: true,
  notOnEnsembles: 'it starts two single servers',
  install: async () => {
    await installApache();
    const folder = await installJars('prometheus', join(INTEROP_DIR, 'metrics/pom.xml'));
    const extraJars = readdirSync(folder)
      .filter((name) => name.endsWith('.jar'))
      .map((name) => join(folder, name));
    return async ({ report }) => {
      const [theirs, ours] = await Promise.all([measure('apache', extraJars), measure('zk', [])]);
      compare(report, theirs, ours);
    };
  },
};

async function measure(kind: ServerKind, extraJars: readonly string[]): Promise<Exposition> {
  const httpPort = await freePort();
  const settings = {
    'metricsProvider.className': PROVIDER,
    'metricsProvider.httpHost': '127.0.0.1',
    'metricsProvider.httpPort': httpPort,
  };
  const server = await startServer(kind, { settings, extraJars });
  try {
    const clients = await load(Number(server.address.split(':')[1]));
    await listening(httpPort);
    const exposition = await scrapeAtRest(httpPort, clients.length);
    await Promise.all(clients.map((client) => client.close()));
    return exposition;
  } finally {
    await server.stop();
  }
}

/** As soon as nobody is counted who has left, which takes a server a moment. */
async function scrapeAtRest(port: number, clients: number): Promise<Exposition> {
  const deadline = performance.now() + REST_DEADLINE_MS;
  for (;;) {
    const exposition = await scrape(port);
    if (valueOf(exposition, 'num_alive_connections') === String(clients)) return exposition;
    if (performance.now() > deadline) return exposition;
    await delay(POLL_MS);
  }
}

function compare(report: PeerReport, theirs: Exposition, ours: Exposition): void {
  const absent = absentNames();
  for (const [name, type] of theirs.types) {
    if (isAmong(name, absent)) continue;
    report.check(
      `${name} is there, a ${type}`,
      ours.types.get(name) === type,
      `ours is ${ours.types.get(name) ?? 'absent'}`,
    );
    const lines = [...(theirs.lines.get(name)?.keys() ?? [])].sort().join('\n');
    report.equal(`${name} has the same lines`, [...(ours.lines.get(name)?.keys() ?? [])].sort().join('\n'), lines);
  }
  for (const name of absent) {
    const family = (exposition: Exposition): boolean =>
      [...exposition.types.keys()].some((each) => isAmong(each, [name]));
    report.check(`${name} is Apache's alone, as the documentation says`, family(theirs) && !family(ours));
  }
  for (const line of SAME_VALUES) report.equal(`${line} is the same`, valueOf(ours, line), valueOf(theirs, line));
}

function valueOf({ lines }: Exposition, line: string): string {
  return String([...lines.values()].map((each) => each.get(line)).find((value) => value !== undefined));
}

/** The names that docs/metrics.md says this server has not; one that ends in `*` stands for a family. */
function absentNames(): readonly string[] {
  const text = readFileSync(join(REPO_ROOT, 'docs/metrics.md'), 'utf8');
  const section = text.slice(text.indexOf('## What Apache has, and this server has not'));
  // Items of its list, and the lines on which they go on.
  const items = section.split('\n').filter((line) => /^(?:- | {2})/.test(line));
  return [...items.join('\n').matchAll(/`([a-z0-9_*]+)`/g)].map(([, name]) => name as string);
}

function isAmong(name: string, names: readonly string[]): boolean {
  return names.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
}
