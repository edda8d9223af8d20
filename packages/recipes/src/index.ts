export type {
  Dialect,
  Held,
  HolderIdentity,
  HoldOptions,
  LossPolicy,
  LossReason,
  ParentKind,
  RetryPolicy,
} from './support/index.js';
export {
  AcquireCancelledError,
  AcquireTimeoutError,
  Hold,
  LockLostError,
  RecipeClosedError,
  exponentialBackoff,
} from './support/index.js';
export * from './locks/index.js';
export * from './election/index.js';
export * from './barriers/index.js';
export * from './values/index.js';
export * from './queues/index.js';
export * from './caches/index.js';
export * from './nodes/index.js';
export * from './discovery/index.js';
export * from './misc/index.js';
