export type { ConnectionLimitsOptions, ConnectionRefusal } from './connection-limits.js';
export { ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from './connection-limits.js';
export type { ConnectionThrottleOptions, SessionDemand } from './connection-throttle.js';
export { ConnectionThrottle, DEFAULT_CONNECTION_THROTTLE } from './connection-throttle.js';
export type { LargeRequestOptions } from './large-request-gate.js';
export { DEFAULT_LARGE_REQUESTS, LargeRequestGate } from './large-request-gate.js';
export type { SessionlessReaperOptions } from './sessionless-reaper.js';
export { DEFAULT_SESSIONLESS_REAPER, SessionlessReaper } from './sessionless-reaper.js';
