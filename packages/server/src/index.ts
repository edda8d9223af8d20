export type { Registration } from './composition.js';
export { SERVER_OPTIONS, ZK_SERVER, createServer, registerServer } from './composition.js';
export type { LoadReport } from './database.js';
export type { ConnectionThrottleSettings, ServerOptions } from './options.js';
export { completeOptions, defaultServerOptions } from './options.js';
export { systemClock, systemRandom, systemScheduler } from './system-ports.js';
export { COMPATIBLE_VERSION, PRODUCT_VERSION, VERSION_LINE } from './version.js';
export type { ServerParts, ServerState, SessionEvent } from './zk-server.js';
export { ZkServer } from './zk-server.js';
