export { CallScope, LinkedSignal, firstOf, onAbort, sleep } from './abort.js';
export {
  dialectRule,
  identityRule,
  lossRule,
  parentsRule,
  requireCallOptions,
  requireClient,
  requireFunction,
  requireRecipe,
} from './arguments.js';
export { guaranteedDelete, sweepChildren } from './clean-up.js';
export type { ParentKind } from './ensure-path.js';
export { ensurePath } from './ensure-path.js';
export type { LossReason } from './errors.js';
export {
  AcquireCancelledError,
  AcquireTimeoutError,
  LockLostError,
  RecipeClosedError,
  closedErrorOf,
} from './errors.js';
export { hex32, uuid36 } from './guid.js';
export type { Held, HoldOptions, LossPolicy } from './hold.js';
export { Hold } from './hold.js';
export type { Dialect, RankedName } from './naming.js';
export { KNOWN_MARKERS, rankNames, textBehind, uniquePrefix } from './naming.js';
export { LatestStream } from './latest-stream.js';
export type { OwnNodeOptions } from './own-node.js';
export { OwnNode } from './own-node.js';
export type { HolderIdentity } from './identity.js';
export { identityBytes, identityOf } from './identity.js';
export { childPath, nodeName, parentPath, requireName, requirePath } from './paths.js';
export type { RetryPolicy } from './retry.js';
export { exponentialBackoff, isClientOver, isNamed, isTransient, mayHaveApplied, withRetry } from './retry.js';
