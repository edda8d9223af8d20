import { readFileSync, readdirSync } from 'node:fs';
import { EventType, hex64 } from '@zk/model';
import { VERSION_LINE } from '../version.js';
import type { WordContext } from './context.js';
import { ensembleMetrics, peerState } from './ensemble-metrics.js';
import { quotaMetrics } from './quota-metrics.js';
import { formatAverage } from './reports.js';
import { type Metrics, type Values, basicSummary, requestLatencies } from './summary-metrics.js';

/** Metrics as `zk_<name>\t<value>` lines: `mntr` (spec: operations, section 9). */
export function mntrReport(context: WordContext): string {
  const { view } = context;
  const state = peerState(view);
  const lines = [
    `zk_version\t${VERSION_LINE}`,
    `zk_server_state\t${view?.mode ?? 'standalone'}`,
    ...(state === undefined ? [] : [`zk_peer_state\t${state}`]),
  ];
  for (const [name, value] of Object.entries(metrics(context))) lines.push(`zk_${name}\t${value}`);
  return `${lines.join('\n')}\n`;
}

/** Digests of the tree at past zxids: `hash`. */
export function hashReport({ server }: WordContext): string {
  return server.database.digests
    .entries()
    .map(({ zxid, digest }) => `${hex64(zxid)}: ${digest}\n`)
    .join('');
}

/** The metrics of the server, by Apache's names. What has no counterpart here is left out, or 0 for good. */
export function metrics(context: WordContext): Metrics {
  const { server, clock, view } = context;
  return {
    ...gauges(context),
    ...quotaMetrics(server.database.tree),
    ...counters(context),
    ...summaries(context),
    ...(view === undefined ? OF_ENSEMBLES : ensembleMetrics(view, clock.monotonicMs())),
  };
}

/** Counters that tools look for on any server. */
const OF_ENSEMBLES: Metrics = { commit_count: 0, proposal_count: 0, looking_count: 0, diff_count: 0, snap_count: 0 };

function gauges({ server, storage, clock, view }: WordContext): Metrics {
  const { latency } = server.pipeline;
  const { tree, watches } = server.database;
  const replySizes = server.stats.replySizes();
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
    global_sessions: view === undefined ? server.sessions.size : server.database.sessions.size,
    local_sessions: 0,
    open_file_descriptor_count: openDescriptors(),
    max_file_descriptor_count: maxDescriptors(),
    connection_drop_probability: formatAverage(server.admission.throttle.dropChance),
    last_client_response_size: replySizes.last,
    max_client_response_size: replySizes.max,
    min_client_response_size: replySizes.min,
    outstanding_tls_handshake: 0,
    auth_failed_count: server.stats.authFailures,
    non_mtls_remote_conn_count: 0,
    non_mtls_local_conn_count: 0,
    fsync_threshold_exceed_count: storage.log.syncStats.slow,
  };
}

function counters({ server }: WordContext): Metrics {
  const { stats, admission } = server;
  return {
    connection_request_count: stats.connectionRequests,
    connection_rejected: admission.rejectedConnections,
    connection_drop_count: stats.connectionsDropped,
    cnxn_closed_without_zk_server_running: stats.closedUnserved,
    connection_revalidate_count: stats.sessionsReattached,
    sessionless_connections_expired: stats.sessionlessExpired,
    stale_sessions_expired: stats.sessionsExpired,
    bytes_received_count: stats.bytesReceived,
    response_bytes: stats.bytesSent - stats.watchBytes,
    watch_bytes: stats.watchBytes,
    large_requests_rejected: admission.largeRequests.rejectedCount,
    throttled_ops: admission.requests.throttledOps,
    request_throttle_wait_count: admission.requests.waitCount,
    snapshot_error_count: server.snapshotter.errorCount,
    unrecoverable_error_count: stats.unrecoverableErrors,
    digest_mismatches_count: server.database.digestMismatches,
    // There is no cache of replies: they are encoded from the tree each time.
    response_packet_cache_hits: 0,
    response_packet_cache_misses: 0,
    response_packet_get_children_cache_hits: 0,
    response_packet_get_children_cache_misses: 0,
  };
}

function summaries({ server, storage }: WordContext): Metrics {
  const { count, totalMs, minMs, maxMs } = storage.log.syncStats;
  const { pipeline, database, loadReport } = server;
  const { fired } = database.watches;
  return {
    ...basicSummary('fsynctime', { count, sum: totalMs, min: minMs, max: maxMs }),
    ...basicSummary('snapshottime', server.snapshotter.times),
    ...basicSummary('connection_token_deficit', server.admission.tokenDeficits),
    ...requestLatencies(pipeline.latency, pipeline.updateLatency),
    ...basicSummary('node_created_watch_count', fired.of(EventType.nodeCreated)),
    ...basicSummary('node_deleted_watch_count', fired.of(EventType.nodeDeleted)),
    ...basicSummary('node_changed_watch_count', fired.of(EventType.nodeDataChanged)),
    ...basicSummary('node_children_watch_count', fired.of(EventType.nodeChildrenChanged)),
    ...(loadReport !== undefined && {
      ...basicSummary('dbinittime', once(loadReport.durationMs)),
      ...basicSummary('startup_txns_loaded', once(loadReport.replayedTxns)),
      ...basicSummary('startup_txns_load_time', once(loadReport.replayMs)),
      ...basicSummary('startup_snap_load_time', once(loadReport.snapshotMs)),
    }),
  };
}

/** A summary of the one value there is. */
function once(value: number): Values {
  return { count: 1, sum: value, min: value, max: value };
}

/** -1 where the platform does not say. */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}

/** -1 where the platform does not say, or has no limit. */
function maxDescriptors(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return limit === null ? -1 : Number(limit[1]);
  } catch {
    return -1;
  }
}
