export type { AuthProvider, AuthProviders } from './auth.js';
export { AUTH_PROVIDERS } from './auth.js';
export type { LogFields, Logger } from './logger.js';
export { LOGGER, silentLogger } from './logger.js';
export type { PeerInfo } from './peer-info.js';
export type { RandomSource } from './random.js';
export { RANDOM } from './random.js';
export type { SaslAuthority, SaslExchange, SaslStep } from './sasl.js';
export type {
  BatchStats,
  EntryVisitor,
  LoggedTxn,
  ReplayReport,
  SnapshotInfo,
  SnapshotStore,
  SnapshotWriter,
  StateStore,
  Storage,
  StorageLocation,
  StorageUsage,
  SyncStats,
  TxnLog,
  TxnLogListener,
} from './storage.js';
export { SnapshotTrail } from './snapshot-trail.js';
export { STORAGE } from './storage.js';
export type { Clock, Scheduler, Timer } from './time.js';
export { CLOCK, SCHEDULER } from './time.js';
export type {
  Connection,
  ConnectionHandler,
  DialOptions,
  HandshakeCounts,
  ListenOptions,
  Listener,
  Transport,
} from './transport.js';
export { TRANSPORT } from './transport.js';
export { WrappingConnection } from './wrapping-connection.js';
