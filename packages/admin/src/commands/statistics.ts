import { type Inspection, VERSION_LINE, monitorValues, peerState, resetStatistics } from '@zk/server';
import { type Json, NumberText } from '../json.js';
import { type Command, type Fields, query } from './command.js';
import { briefly, connectionLists } from './connections.js';

function mode({ view }: Inspection): string {
  return view?.mode ?? 'standalone';
}

/** As `mntr`, without `zk_`. */
function monitor(inspection: Inspection): Fields {
  const state = peerState(inspection.view);
  return {
    version: VERSION_LINE,
    server_state: mode(inspection),
    ...(state === undefined ? {} : { peer_state: state }),
    ...metricsOf(inspection),
  };
}

function metricsOf(inspection: Inspection): Readonly<Record<string, Json>> {
  const values = Object.entries(monitorValues(inspection));
  return Object.fromEntries(values.map(([name, text]) => [name, new NumberText(text)]));
}

async function serverStats(inspection: Inspection): Promise<Fields> {
  const { server, storage, view } = inspection;
  const { snapshotBytes, logBytes } = await storage.usage();
  const of = metricsOf(inspection);
  const value = (name: string): Json => of[name] ?? 0;
  const sizes = server.stats.replySizes();
  const replies = bufferSizes(sizes);
  return {
    version: VERSION_LINE,
    read_only: view?.mode === 'read-only',
    server_stats: {
      packets_sent: value('packets_sent'),
      packets_received: value('packets_received'),
      fsync_threshold_exceed_count: value('fsync_threshold_exceed_count'),
      client_response_stats: replies,
      provider_null: false,
      server_state: mode(inspection),
      outstanding_requests: value('outstanding_requests'),
      min_latency: value('min_latency'),
      avg_latency: value('avg_latency'),
      max_latency: value('max_latency'),
      data_dir_size: snapshotBytes,
      log_dir_size: logBytes,
      last_processed_zxid: server.lastZxid,
      num_alive_client_connections: value('num_alive_connections'),
      uptime: value('uptime'),
      auth_failed_count: value('auth_failed_count'),
      non_mtlsremote_conn_count: value('non_mtls_remote_conn_count'),
      non_mtlslocal_conn_count: value('non_mtls_local_conn_count'),
    },
    client_response: replies,
    ...(view?.leading === undefined ? {} : { proposal_stats: bufferSizes(view.leading.proposalBytes) }),
    node_count: server.database.tree.nodeCount,
  };
}

function bufferSizes({
  last,
  min,
  max,
}: {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}): Fields {
  return { last_buffer_size: last, min_buffer_size: min, max_buffer_size: max };
}

export const STATISTICS_COMMANDS: readonly Command[] = [
  query(['monitor', 'mntr'], monitor),
  query(['server_stats', 'srvr'], serverStats),
  query(['stats', 'stat'], async (inspection) => ({
    ...(await serverStats(inspection)),
    ...connectionLists(inspection, briefly),
  })),
  query(['stat_reset', 'srst'], (inspection) => {
    resetStatistics(inspection);
    return {};
  }),
];
