export type { ClientConnection } from './client.js';
export { Client } from './client.js';
export type { OutboxHost } from './outbox.js';
export { Outbox } from './outbox.js';
export type { PipelineOptions, PipelineParts } from './pipeline.js';
export { DIGEST_INTERVAL, RequestPipeline } from './pipeline.js';
export { LatencyStats } from './stats.js';
export type { Proposer } from './transactions.js';
