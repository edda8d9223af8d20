export type { Acl, Id } from './acl.js';
export { OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from './acl.js';
export type { ErrorName } from './codes.js';
export {
  AddWatchMode,
  CreateMode,
  ErrorCode,
  EventType,
  MAX_TTL_MS,
  OpCode,
  Perms,
  SYNC_CONNECTED,
  WatcherType,
  Xid,
  errorName,
  isEphemeral,
  isSequential,
  isTtl,
} from './codes.js';
export { CorruptionError, InvariantViolation, KeeperError, invariant } from './errors.js';
export type { SessionId, Zxid } from './int64.js';
export { type LogOrder, gapError, orderOf } from './log-order.js';
export { compare64, counterOf, epochOf, hex64, hexOf, hiOf, int64, loOf, makeZxid, parseHex64 } from './int64.js';
export { SYSTEM_PATHS, isValidPath, pathDefect } from './paths.js';
export type { Stat } from './stat.js';
export { STAT_BYTES } from './stat.js';
