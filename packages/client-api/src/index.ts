export type { ClientRuntime, ZkClient } from './client.js';
export { ZK_CLIENT } from './client.js';
export type { Codec, StandardSchema } from './codec.js';
export { SchemaError, bytes, json, utf8 } from './codec.js';
export type { ClientSession, ConnectionState } from './connection-state.js';
export { callOptionsDefect } from './call-options.js';
export { isConnected } from './connection-state.js';
export type { Duration } from './duration.js';
export { durationMs } from './duration.js';
export type { RequestFailure } from './errors.js';
export {
  AuthFailedError,
  BadArgumentsError,
  BadVersionError,
  CancelledError,
  ClientClosedError,
  ConnectionLossError,
  InvalidAclError,
  MultiError,
  NoAuthError,
  NoChildrenForEphemeralsError,
  NoNodeError,
  NoWatcherError,
  NodeExistsError,
  NotEmptyError,
  NotReadOnlyError,
  OperationTimeoutError,
  QueueFullError,
  QuotaExceededError,
  ReconfigDisabledError,
  RefusedError,
  SessionExpiredError,
  ThrottledError,
  UnimplementedError,
  errorOfCode,
} from './errors.js';
export type {
  CallOptions,
  CreateModeName,
  CreateOptions,
  Created,
  DeleteOptions,
  GetOptions,
  NodeChildren,
  NodeData,
  ReadOp,
  ReadOptions,
  ReadResult,
  ReadResults,
  SetOptions,
  UpdateOptions,
  WriteOp,
  WriteResult,
  WriteResults,
} from './operations.js';
export type { OptionRule, OptionRules } from './option-rules.js';
export { isBytes, kindOf, requireOptions, rules } from './option-rules.js';
export { op, read } from './ops.js';
export type {
  WatchFired,
  WatchItem,
  WatchOptions,
  WatchReset,
  WatchStream,
  WatchSubscription,
  Watched,
  ZnodeEvent,
} from './watches.js';
