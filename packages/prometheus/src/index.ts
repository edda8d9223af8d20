export type { Endpoint, MetricsEndpointOptions } from './metrics-endpoint.js';
export { MetricsEndpoint } from './metrics-endpoint.js';
export { Scrape } from './scrape.js';
