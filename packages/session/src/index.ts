export { SESSION_PASSWORD_BYTES, passwordMatches, sessionPassword } from './password.js';
export { SessionIdSource } from './session-ids.js';
export { Session } from './session.js';
export type { SessionBucket, SessionTrackerOptions } from './session-tracker.js';
export { SessionTracker } from './session-tracker.js';
export { negotiateTimeout } from './timeout.js';
