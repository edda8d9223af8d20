import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('requests', 'honoured');
const unsupported = rowsOf('requests', 'unsupported');
const noEffect = rowsOf('requests', 'no effect');

/** spec: operations, section 2.4. */
export const REQUEST_KEYS: readonly KeySpec[] = [
  honoured('globalOutstandingLimit', 'whole', {
    unit: 'requests',
    raisedTo: 0,
    default: '1000',
    meaning: 'Requests in flight before reading pauses; 0: each connection has one write at a time.',
  }),
  honoured('request_throttle_max_requests', 'whole', {
    unit: 'requests',
    min: 0,
    default: '0',
    meaning: 'Requests in flight before requests wait; 0: off.',
  }),
  noEffect('request_throttle_stall_time', 'whole', {
    unit: 'ms',
    min: 0,
    default: '100',
    meaning: 'How long a request waits at a time.',
  }),
  unsupported('request_throttle_drop_stale', 'flag', {
    default: 'true',
    harmless: ['true'],
    meaning: 'Drop waiting requests that went stale.',
  }),
  unsupported('request_stale_latency_check', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'A request is stale when its session would have expired.',
  }),
  unsupported('request_stale_connection_check', 'flag', {
    default: 'true',
    harmless: ['true'],
    meaning: 'A request is stale when its connection is gone.',
  }),
  noEffect('request_throttler.shutdownTimeout', 'whole', {
    unit: 'ms',
    min: 0,
    default: '10000',
    meaning: 'How long the throttling thread may take to end.',
  }),
  honoured('throttled_op_wait_time', 'whole', {
    unit: 'ms',
    min: 0,
    default: '0',
    meaning: 'A request that waited longer is refused; 0: off.',
  }),
  honoured('connection_throttle_tokens', 'whole', {
    unit: 'tokens',
    min: 0,
    default: '0',
    meaning: 'Tokens for new connections; 0: off.',
  }),
  honoured('connection_throttle_fill_time', 'whole', {
    unit: 'ms',
    min: 0,
    default: '1',
    meaning: 'Time between refills.',
  }),
  honoured('connection_throttle_fill_count', 'whole', {
    unit: 'tokens',
    min: 0,
    default: '1',
    meaning: 'Tokens per refill.',
  }),
  honoured('connection_throttle_freeze_time', 'whole', {
    unit: 'ms',
    min: -1,
    default: '-1',
    meaning: 'Time between changes of the drop probability; -1: never drop.',
  }),
  honoured('connection_throttle_drop_increase', 'ratio', {
    default: '0.02',
    meaning: 'How fast the drop probability rises.',
  }),
  honoured('connection_throttle_drop_decrease', 'ratio', {
    default: '0.002',
    meaning: 'How fast the drop probability falls.',
  }),
  honoured('connection_throttle_decrease_ratio', 'ratio', {
    default: '0',
    meaning: 'Share of tokens that must be free before it falls.',
  }),
  honoured('connection_throttle_weight_enabled', 'flag', {
    default: 'false',
    meaning: 'Kinds of sessions cost different numbers of tokens.',
  }),
  honoured('connection_throttle_global_session_weight', 'whole', {
    unit: 'tokens',
    min: 1,
    default: '3',
    meaning: 'Cost of a new session.',
  }),
  honoured('connection_throttle_renew_session_weight', 'whole', {
    unit: 'tokens',
    min: 1,
    default: '2',
    meaning: 'Cost of a renewed session.',
  }),
  honoured('connection_throttle_local_session_weight', 'whole', {
    unit: 'tokens',
    min: 1,
    default: '1',
    meaning: 'Cost of a local session.',
  }),
  honoured('largeRequestMaxBytes', 'whole', {
    unit: 'bytes',
    min: 1,
    default: '104857600',
    meaning: 'Bytes of large requests in flight.',
  }),
  honoured('largeRequestThreshold', 'whole', {
    unit: 'bytes',
    min: -1,
    default: '-1',
    meaning: 'Size from which a request is large; -1: off.',
  }),
  honoured('enforceQuota', 'flag', {
    default: 'false',
    ours: 'true',
    why: 'Somebody who sets a hard quota (setquota -N, -B) wants it kept. Soft quotas only log, as before.',
    meaning: 'Refuse writes that pass a hard quota.',
  }),
  noEffect('maxResponseCacheSize', 'whole', {
    unit: 'entries',
    default: '400',
    meaning: 'Cache of encoded getData replies.',
  }),
  noEffect('maxGetChildrenResponseCacheSize', 'whole', {
    unit: 'entries',
    default: '400',
    meaning: 'Cache of encoded getChildren replies.',
  }),
  noEffect('intBufferStartingSizeBytes', 'whole', {
    unit: 'bytes',
    min: 32,
    default: '1024',
    meaning: 'Size of a new buffer.',
  }),
  rowsOf('requests', 'ensemble')('enableEagerACLCheck', 'flag', {
    default: 'false',
    meaning: 'Refuse writes without permission before they reach the log.',
  }),
  noEffect('commitProcessor.numWorkerThreads', 'whole', {
    unit: 'threads',
    min: 0,
    meaning: 'Threads that answer requests.',
  }),
  noEffect('commitProcessor.maxReadBatchSize', 'whole', {
    unit: 'requests',
    default: '-1',
    meaning: 'Reads before the next commit.',
  }),
  noEffect('commitProcessor.maxCommitBatchSize', 'whole', {
    unit: 'requests',
    default: '1',
    meaning: 'Commits before the next read.',
  }),
  noEffect('commitProcessor.shutdownTimeout', 'whole', {
    unit: 'ms',
    default: '5000',
    meaning: 'How long the threads may take to end.',
  }),
  noEffect('nio.numSelectorThreads', 'whole', { unit: 'threads', min: 1, meaning: 'Threads that watch sockets.' }),
  noEffect('nio.numWorkerThreads', 'whole', {
    unit: 'threads',
    min: 0,
    meaning: 'Threads that read and write sockets.',
  }),
  noEffect('nio.directBufferBytes', 'whole', {
    unit: 'bytes',
    min: 0,
    default: '65536',
    meaning: 'Size of write buffers.',
  }),
  honoured('nio.sessionlessCnxnTimeout', 'whole', {
    unit: 'ms',
    min: 1,
    default: '10000',
    meaning: 'A connection without a session is closed after this time.',
  }),
  noEffect('nio.shutdownTimeout', 'whole', {
    unit: 'ms',
    min: 0,
    default: '5000',
    meaning: 'How long the threads may take to end.',
  }),
  noEffect('netty.advancedFlowControl.enabled', 'flag', { default: 'false', meaning: 'Flow control in Netty.' }),
  honoured('netty.server.outstandingHandshake.limit', 'whole', {
    default: '-1',
    meaning: 'TLS handshakes under way at a time on one port; more connections are closed. -1: no limit.',
  }),
  unsupported('netty.server.earlyDropSecureConnectionHandshakes', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Drop TLS handshakes early when not serving.',
  }),
  honoured('clientTcpKeepAlive', 'flag', { default: 'false', meaning: 'Keep-alive on client connections.' }),
  noEffect('watchManagerName', 'text', {
    default: 'org.apache.zookeeper.server.watch.WatchManager',
    meaning: 'Java class that keeps watches.',
  }),
  noEffect('watcherCleanThreadsNum', 'whole', {
    unit: 'threads',
    default: '2',
    meaning: 'Threads that remove dead watchers.',
  }),
  noEffect('watcherCleanThreshold', 'whole', { default: '1000', meaning: 'Dead watchers before a cleaning.' }),
  noEffect('watcherCleanIntervalInSeconds', 'whole', { unit: 's', default: '600', meaning: 'Time between cleanings.' }),
  noEffect('maxInProcessingDeadWatchers', 'whole', {
    default: '-1',
    meaning: 'Dead watchers before closing connections waits.',
  }),
  noEffect('bitHashCacheSize', 'whole', { default: '10', meaning: 'Cache of a watch manager.' }),
  honoured('extendedTypesEnabled', 'flag', {
    default: 'false',
    ours: 'true',
    why: 'TTL znodes should just work. Going back to Apache ZooKeeper, set it there too, or TTL znodes vanish.',
    meaning: 'Allow TTL znodes. In an ensemble they are off unless this is set, since all members must agree.',
  }),
  unsupported('emulate353TTLNodes', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Read and write TTL znodes in the format of 3.5.3.',
  }),
  unsupported('pathStats.enabled', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Count requests per path.',
  }),
  unsupported('pathStats.*', 'text', {
    meaning:
      'Details of the counting per path (slotCapacity, slotDuration, maxDepth, sampleRate, initialDelay, delay, topPathMax).',
  }),
  unsupported('messageTracker.Enabled', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Keep the last messages per learner.',
  }),
  unsupported('messageTracker.BufferSize', 'whole', {
    default: '10',
    meaning: 'How many messages.',
  }),
];
