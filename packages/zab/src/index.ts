export type { Epochs, StoredEpochs } from './epochs.js';
export { parseEpoch, restoreEpochs } from './epochs.js';
export type { LogEntry } from './log-entry.js';
export { epochStart, follows, isEpochStart } from './log-entry.js';
export { RecentEntries } from './recent-entries.js';
export type {
  ClientRequest,
  DiskContents,
  DiskWrite,
  LearnerPort,
  LinkId,
  PeerInput,
  PeerOutput,
  PeerPhase,
  PeerRole,
  WritePoint,
} from './messages.js';
export { WRITE_POINTS } from './messages.js';
export { configOfTxn } from './membership.js';
export { packets } from './packets.js';
export type { PeerStart } from './peer.js';
export { Peer } from './peer.js';
export type { PeerOptions } from './peer-context.js';
export { defaultPeerOptions } from './peer-context.js';
export type { Knowledge, ZabRules } from './rules.js';
export { zabRules } from './rules.js';
export type { LearnerStatus, PeerStatus, RoleStatus } from './status.js';
export type { SyncPlan } from './sync-plan.js';
export { LogWalk, planSync } from './sync-plan.js';
export type { InitialMessage, Notification, PeerState } from './wire.js';
export {
  MAX_NOTIFICATION_BYTES,
  PacketType,
  SNAPSHOT_SIGNATURE,
  ZAB_PROTOCOL_VERSION,
  decodeInitialMessage,
  decodeNotification,
  encodeInitialMessage,
  encodeNotification,
  encodePacket,
  keepsDialled,
  packetBytes,
  packetName,
  writePacket,
} from './wire.js';
export type { ElectionStreamHandler, PacketStreamHandler } from './streams.js';
export { ElectionStream, PacketStream } from './streams.js';
