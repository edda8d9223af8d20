import type { Clock, Storage } from '@zk/contracts';
import { EventType } from '@zk/model';
import type { LatencyStats } from '@zk/request-pipeline';
import { EnsembleStats } from '../ensemble-stats.js';
import type { EnsembleView } from '../ensemble-view.js';
import type { InspectedServer } from '../inspection.js';
import { maxDescriptors, openDescriptors } from './descriptors.js';
import { ensembleGauges, ensembleHistory } from './ensemble-metrics.js';
import {
  type Metric,
  type Values,
  advancedSummary,
  basicSummaries,
  counters,
  gauges,
  latencySummary,
} from './metric.js';
import { quotaMetrics } from './quota-metrics.js';

/** Where metrics are read. */
export interface MetricSources {
  readonly server: InspectedServer;
  readonly storage: Storage;
  readonly clock: Clock;
  /** undefined for a server on its own. */
  readonly view: EnsembleView | undefined;
}

/**
 * The metrics of the server as they are now. What has no counterpart here is left out, or 0 for good. Gauges say what a
 * server is that serves; while it does not, there are none, as in Apache ZooKeeper.
 */
export function serverMetrics(sources: MetricSources): Metric[] {
  const { server, clock, view } = sources;
  return [
    ...(server.isServing ? gaugesOf(sources) : []),
    ...countersOf(server),
    ...summariesOf(sources),
    ...(view === undefined ? [] : ensembleGauges(view, clock.monotonicMs())),
    ...ensembleHistory(view?.stats ?? NEVER_IN_AN_ENSEMBLE),
  ];
}

/** Tools look for what happens in ensembles on any server. */
const NEVER_IN_AN_ENSEMBLE = new EnsembleStats();

function gaugesOf({ server, storage, clock, view }: MetricSources): Metric[] {
  const { latency } = server.latencies;
  const { tree, watches } = server.database;
  const replySizes = server.stats.replySizes();
  return [
    ...gauges({ avg_latency: latency.averageMs }, true),
    ...gauges({
      max_latency: latency.maxMs,
      min_latency: latency.minMs,
      packets_received: server.stats.received,
      packets_sent: server.stats.sent,
      num_alive_connections: server.connections.size,
      outstanding_requests: server.pipeline?.inFlight ?? 0,
      uptime: Math.round(clock.monotonicMs() - server.stats.startedMs),
      znode_count: tree.nodeCount,
      watch_count: watches.watchCount,
      ephemerals_count: tree.ephemeralCount,
      approximate_data_size: tree.approximateDataSize,
      global_sessions: view === undefined ? server.sessions.size : server.database.sessions.size,
      local_sessions: localSessions(server),
      open_file_descriptor_count: openDescriptors(),
      max_file_descriptor_count: maxDescriptors(),
    }),
    ...gauges({ connection_drop_probability: server.admission.throttle.dropChance }, true),
    ...gauges({
      last_client_response_size: replySizes.last,
      max_client_response_size: replySizes.max,
      min_client_response_size: replySizes.min,
      outstanding_tls_handshake: server.handshakes.underway,
      auth_failed_count: server.stats.authFailures,
      non_mtls_remote_conn_count: 0,
      non_mtls_local_conn_count: 0,
      fsync_threshold_exceed_count: storage.log.syncStats.slow,
    }),
    ...quotaMetrics(tree),
  ];
}

/** Sessions that the server keeps to itself: those of clients that only read, where they are on, and without a quorum all. */
function localSessions({ options, sessions, ensemble }: InspectedServer): number {
  if (ensemble === undefined || (!options.localSessionsEnabled && ensemble.role.role !== 'looking')) return 0;
  let count = 0;
  for (const session of sessions.sessions()) if (session.isLocal) count++;
  return count;
}

function countersOf({ stats, admission, snapshotter, database, handshakes }: InspectedServer): Metric[] {
  return counters({
    connection_request_count: stats.connectionRequests,
    connection_rejected: admission.rejectedConnections,
    unsuccessful_handshake: handshakes.failed,
    tls_handshake_exceeded: handshakes.refused,
    connection_drop_count: stats.connectionsDropped,
    cnxn_closed_without_zk_server_running: stats.closedUnserved,
    connection_revalidate_count: stats.sessionsReattached,
    sessionless_connections_expired: stats.sessionlessExpired,
    stale_sessions_expired: stats.sessionsExpired,
    bytes_received_count: stats.bytesReceived,
    response_bytes: stats.bytesSent - stats.watchBytes,
    watch_bytes: stats.watchBytes,
    large_requests_rejected: admission.largeRequests.rejectedCount,
    throttled_ops: stats.throttledOps,
    request_throttle_wait_count: admission.requests.waitCount,
    snapshot_error_count: snapshotter.errorCount,
    snapshot_rate_limited_count: stats.snapshotsRateLimited,
    restore_rate_limited_count: stats.restoresRateLimited,
    restore_error_count: stats.restoreErrors,
    unrecoverable_error_count: stats.unrecoverableErrors,
    digest_mismatches_count: database.digestMismatches,
    // There is no cache of replies: they are encoded from the tree each time.
    response_packet_cache_hits: 0,
    response_packet_cache_misses: 0,
    response_packet_get_children_cache_hits: 0,
    response_packet_get_children_cache_misses: 0,
    quota_exceeded_error_per_namespace: stats.quotasExceeded,
  });
}

function summariesOf({ server, storage }: MetricSources): Metric[] {
  const { count, totalMs, minMs, maxMs, medianMs, batches } = storage.log.syncStats;
  const { database, loadReport, latencies } = server;
  const { fired } = database.watches;
  return [
    ...basicSummaries({
      fsynctime: { count, sum: totalMs, min: minMs, max: maxMs, percentile: () => medianMs },
      sync_processor_batch_size: { ...batches, percentile: () => batches.median },
      snapshottime: server.snapshotter.times,
      restore_time: server.stats.restoreTimes,
      connection_token_deficit: server.admission.tokenDeficits,
    }),
    ...requestLatencies(latencies.latency, latencies.updateLatency),
    ...basicSummaries({
      node_created_watch_count: fired.of(EventType.nodeCreated),
      node_deleted_watch_count: fired.of(EventType.nodeDeleted),
      node_changed_watch_count: fired.of(EventType.nodeDataChanged),
      node_children_watch_count: fired.of(EventType.nodeChildrenChanged),
      ...(loadReport !== undefined && {
        dbinittime: once(loadReport.durationMs),
        startup_txns_loaded: once(loadReport.replayedTxns),
        startup_txns_load_time: once(loadReport.replayMs),
        startup_snap_load_time: once(loadReport.snapshotMs),
      }),
    }),
  ];
}

/** Writes are counted by themselves; what else was counted are reads. */
function requestLatencies(all: LatencyStats, updates: LatencyStats): Metric[] {
  const reads = all.histogram.without(updates.histogram);
  const readValues: Values = {
    count: all.count - updates.count,
    sum: all.sumMs - updates.sumMs,
    min: reads.percentile(0),
    max: reads.percentile(1),
  };
  return [advancedSummary('readlatency', readValues, reads), latencySummary('updatelatency', updates)];
}

/** A summary of the one value there is. */
function once(value: number): Values & { percentile(): number } {
  return { count: 1, sum: value, min: value, max: value, percentile: () => value };
}
