import { readdirSync } from 'node:fs';
import { VERSION_LINE } from '../version.js';
import { formatAverage } from './reports.js';
import type { WordContext } from './words.js';

/** Metrics as `zk_<name>\t<value>` lines: `mntr` (spec: operations, section 9). */
export function mntrReport(context: WordContext): string {
  const lines = [`zk_version\t${VERSION_LINE}`, 'zk_server_state\tstandalone'];
  for (const [name, value] of Object.entries(metrics(context))) lines.push(`zk_${name}\t${value}`);
  return `${lines.join('\n')}\n`;
}

/** The gauges and counters of a standalone server, by Apache's names. */
export function metrics({ server, storage, clock }: WordContext): Record<string, number | string> {
  const { latency } = server.pipeline;
  const { tree, watches } = server.database;
  const { syncStats } = storage.log;
  const averageSyncMs = syncStats.count === 0 ? 0 : syncStats.totalMs / syncStats.count;
  return {
    avg_latency: formatAverage(latency.averageMs),
    max_latency: Math.round(latency.maxMs),
    min_latency: Math.round(latency.minMs),
    packets_received: server.stats.received,
    packets_sent: server.stats.sent,
    num_alive_connections: server.connections.size,
    outstanding_requests: server.pipeline.inFlight,
    uptime: Math.round(clock.monotonicMs() - server.stats.startedMs),
    znode_count: tree.nodeCount,
    watch_count: watches.watchCount,
    ephemerals_count: tree.ephemeralCount,
    approximate_data_size: tree.approximateDataSize,
    global_sessions: server.sessions.size,
    local_sessions: 0,
    open_file_descriptor_count: openDescriptors(),
    max_file_descriptor_count: -1,
    auth_failed_count: server.pipeline.authFailures,
    connection_rejected: server.rejectedConnections,
    sessionless_connections_expired: server.stats.sessionlessExpired,
    avg_fsynctime: formatAverage(averageSyncMs),
    max_fsynctime: Math.round(syncStats.maxMs),
    cnt_fsynctime: syncStats.count,
    sum_fsynctime: Math.round(syncStats.totalMs),
    fsync_threshold_exceed_count: syncStats.slow,
  };
}

/** -1 where the platform does not say. */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}
