import { CreateMode } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';
import { outcome } from './outcomes.js';
import { VERSION_PATTERN } from './plain-text.js';

describe('mntr', () => {
  let harness: Harness;
  let client: RawClient;

  beforeEach(async () => {
    harness = await Harness.inVirtualTime({ options: { tickTimeMs: 2000, enforceQuota: true } }).start();
    client = await harness.connect({ timeoutMs: 10_000 });
  });

  afterEach(() => harness.end());

  const metricsOf = async (): Promise<Map<string, string>> => {
    const lines = (await harness.word('mntr')).trimEnd().split('\n');
    return new Map(lines.map((line) => line.split('\t') as [string, string]));
  };

  it('has a line for each metric of Apache ZooKeeper', async () => {
    const report = await harness.word('mntr');
    expect(report).toMatch(new RegExp(`^zk_version\t${VERSION_PATTERN}\nzk_server_state\tstandalone\n`));
    expect(report.endsWith('\n')).toBe(true);
    expect(
      report
        .trimEnd()
        .split('\n')
        .every((line) => /^zk_[a-z0-9_]+\t[^\t]+$/.test(line)),
    ).toBe(true);
    const metrics = await metricsOf();
    for (const name of [
      'avg_latency max_latency min_latency packets_received packets_sent num_alive_connections outstanding_requests',
      'uptime znode_count watch_count ephemerals_count approximate_data_size global_sessions local_sessions',
      'open_file_descriptor_count max_file_descriptor_count connection_drop_probability last_client_response_size',
      'max_client_response_size min_client_response_size outstanding_tls_handshake auth_failed_count',
      'non_mtls_remote_conn_count non_mtls_local_conn_count fsync_threshold_exceed_count snapshot_error_count',
      'commit_count proposal_count looking_count diff_count snap_count connection_request_count connection_rejected',
      'connection_drop_count connection_revalidate_count sessionless_connections_expired stale_sessions_expired',
      'bytes_received_count response_bytes watch_bytes unrecoverable_error_count digest_mismatches_count',
      'throttled_ops request_throttle_wait_count large_requests_rejected response_packet_cache_hits',
      'avg_fsynctime min_fsynctime max_fsynctime cnt_fsynctime sum_fsynctime',
      'avg_snapshottime min_snapshottime max_snapshottime cnt_snapshottime sum_snapshottime',
      'avg_updatelatency min_updatelatency max_updatelatency cnt_updatelatency sum_updatelatency',
      'p50_updatelatency p95_updatelatency p99_updatelatency p999_updatelatency',
      'avg_readlatency min_readlatency max_readlatency cnt_readlatency sum_readlatency',
      'p50_readlatency p95_readlatency p99_readlatency p999_readlatency',
      'cnt_node_created_watch_count sum_node_deleted_watch_count max_node_changed_watch_count',
      'avg_node_children_watch_count cnt_dbinittime cnt_startup_txns_loaded sum_startup_txns_load_time',
      'sum_startup_snap_load_time avg_connection_token_deficit cnt_sync_processor_batch_size',
    ].flatMap((line) => line.split(' '))) {
      expect(metrics.has(`zk_${name}`) ? name : `${name} is missing`).toBe(name);
    }
  });

  it('counts what happens', async () => {
    await client.create('/a', 'data');
    await client.create('/a/e', null, { flags: CreateMode.ephemeral });
    await client.getData('/a', true);
    await client.setData('/a', 'x'.repeat(1000));
    await client.getData('/a');
    const again = await harness.reattach(client);
    await again.disconnect();
    await outcome((await harness.connect()).auth('nonsense', ''));
    await harness.time.advance(13_000);
    const metrics = await metricsOf();
    const value = (name: string): string | undefined => metrics.get(`zk_${name}`);
    expect(value('znode_count')).toBe('6');
    expect(value('ephemerals_count')).toBe('0');
    expect(value('watch_count')).toBe('0');
    expect(value('global_sessions')).toBe('0');
    expect(value('connection_request_count')).toBe('3');
    expect(value('connection_revalidate_count')).toBe('1');
    expect(value('connection_drop_count')).toBe('1');
    expect(value('stale_sessions_expired')).toBe('2');
    expect(value('auth_failed_count')).toBe('1');
    expect(value('max_client_response_size')).toBe(String(16 + 4 + 1000 + 68));
    expect(value('watch_bytes')).toBe(String(16 + 4 + 4 + 4 + 2));
    expect(Number(value('bytes_received_count'))).toBeGreaterThan(1000);
    expect(Number(value('response_bytes'))).toBeGreaterThan(1092);
    expect(value('cnt_updatelatency')).toBe('5');
    expect(value('cnt_readlatency')).toBe('2');
    expect(value('cnt_connection_token_deficit')).toBe('3');
    expect(value('cnt_node_changed_watch_count')).toBe('1');
    expect(value('max_node_changed_watch_count')).toBe('1');
    expect(value('cnt_snapshottime')).toBe('1');
    expect(value('num_alive_connections')).toBe('1');
    expect(value('uptime')).toBe('13000');
    client = await harness.connect();
  });

  it('goes on counting when the state is another one', async () => {
    await client.getData('/', true);
    await client.setData('/', 'x');
    harness.server.database.clear();
    expect((await metricsOf()).get('zk_cnt_node_changed_watch_count')).toBe('1');
  });

  it('shows quotas by the first name of their path', async () => {
    await client.create('/app');
    await client.create('/app/x', '12345');
    for (const path of ['/app', '/app/x']) await client.create(`/zookeeper/quota${path}`);
    await client.create(
      '/zookeeper/quota/app/x/zookeeper_limits',
      'count=10,bytes=-1=;byteHardLimit=500;countHardLimit=-1',
    );
    await client.create('/zookeeper/quota/app/x/zookeeper_stats', 'count=0,bytes=0');
    expect(await outcome(client.create('/app/x/large', 'x'.repeat(600)))).toBe('QUOTAEXCEEDED');
    const metrics = await metricsOf();
    expect(metrics.get('zk_app_quota_exceeded_error_per_namespace')).toBe('1');
    expect(metrics.get('zk_app_quota_count_limit_per_namespace')).toBe('10');
    expect(metrics.get('zk_app_quota_bytes_limit_per_namespace')).toBe('500');
    expect(metrics.get('zk_app_quota_count_usage_per_namespace')).toBe('1');
    expect(metrics.get('zk_app_quota_bytes_usage_per_namespace')).toBe('5');
  });

  it('begins anew with counters and summaries after srst, and leaves gauges', async () => {
    await client.getData('/', true);
    await client.setData('/', 'x');
    await harness.word('srst');
    const metrics = await metricsOf();
    const zero = ['watch_bytes', 'connection_request_count', 'cnt_readlatency', 'cnt_updatelatency'];
    const counted = [...zero, 'cnt_node_changed_watch_count', 'cnt_connection_token_deficit', 'znode_count'];
    expect(counted.map((name) => metrics.get(`zk_${name}`))).toEqual([...counted.slice(1).map(() => '0'), '5']);
    // This word, and the answer to the one before.
    expect(metrics.get('zk_bytes_received_count')).toBe('4');
    expect(metrics.get('zk_response_bytes')).toBe(String('Server stats reset.\n'.length));
  });
});
