export type { LinkStatus } from './link-traffic.js';
export type { EnsembleStatus } from './ensemble-peer.js';
export { EnsemblePeer } from './ensemble-peer.js';
export type { EnsembleEvent, EnsembleRequest } from './events.js';
export type { EnsembleOptions } from './options.js';
export { defaultEnsembleOptions } from './options.js';
export type { EnsemblePorts } from './ports.js';
export type {
  ReplicatedState,
  SnapshotForm,
  StateDump,
  StateLoader,
  StateSink,
  StateSource,
} from './replicated-state.js';
export { QuorumAuthError } from './security/proving-end.js';
export { type QuorumTransport, TwoWayTransport } from './security/quorum-transport.js';
export { type QuorumSaslOptions, type SaslPorts, SaslTransport } from './security/sasl-transport.js';
export type { EnsembleRole } from './role.js';
export { mayHideHole } from './stored-history.js';
