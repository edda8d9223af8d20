export type { ConnectOptions, Reply, WatchedEvent } from './client-connection.js';
export { ClientConnection, encodeConnectRequest } from './client-connection.js';
export { ConnectionClosedError } from './errors.js';
export { fourLetterWord } from './four-letter-word.js';
export { FrameConnection } from './frame-connection.js';
export type { CreateOptions, Data } from './raw-client.js';
export { RawClient } from './raw-client.js';
