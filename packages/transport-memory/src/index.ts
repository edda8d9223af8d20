export type { Endpoint } from './addressed.js';
export { Addressed } from './addressed.js';
export { MemoryTransport } from './memory-transport.js';
export type { MemoryTransportOptions } from './memory-transport.js';
export { Pipe } from './pipe.js';
export type { SocketError } from './socket-error.js';
export { socketError } from './socket-error.js';
