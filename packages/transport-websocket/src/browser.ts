export type { WebSocketOptions } from './options.js';
export type { BrowserWebSocketOptions as WebSocketTransportOptions } from './browser-websocket-transport.js';
export { BrowserWebSocketTransport as WebSocketTransport } from './browser-websocket-transport.js';
