export { plainAddress } from './addresses.js';
export { bind } from './bind.js';
export { isPeerGone, SocketConnection } from './socket-connection.js';
export { TcpTransport } from './tcp-transport.js';
export type { TcpTransportOptions } from './tcp-transport.js';
