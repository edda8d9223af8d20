export type { WebSocketOptions } from './options.js';
export type { WebSocketTransportOptions } from './websocket-transport.js';
export { WebSocketTransport } from './websocket-transport.js';
