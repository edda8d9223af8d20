export { LockHold } from './lock-hold.js';
export { Mutex } from './mutex.js';
export type { AcquireOptions, LockOptions, Lockable } from './options.js';
export type { Participant } from './participants.js';
export type { ReadLock, WriteLock } from './read-write-lock.js';
export { ReadWriteLock, UpgradeNotAllowedError, WriteHold } from './read-write-lock.js';
export { requestRevocation } from './revocation.js';
