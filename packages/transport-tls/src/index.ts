export { TlsError } from './explain.js';
export type { StoreType, TlsMaterial } from './stores/stores.js';
export type { TlsTransportOptions } from './tls-transport.js';
export { TlsTransport } from './tls-transport.js';
