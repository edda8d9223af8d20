export * from '@zk/client-api';
export type { ClientMetrics, LatencySummary } from './metrics.js';
export type { AuthInfo, ClientOptions, Resolver } from './options.js';
export { defaultLimits } from './options.js';
export type { RequestLimits } from './machine/request-queue.js';
export { parseConnectionString } from './connection-string.js';
export type { ConnectionString, ServerAddress } from './connection-string.js';
export type { RequestTrace } from './tracing.js';
export type { ZooKeeperClient } from './zookeeper-client.js';
