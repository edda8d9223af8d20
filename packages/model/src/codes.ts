/** The numbers of the client protocol (spec: opcodes, error codes, event types, create flags, permissions). */

/** Request types. Negative ones and `deleteContainer` are never accepted from a client, save `closeSession`. */
export const OpCode = Object.freeze({
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  error: -1,
  createSession: -10,
  closeSession: -11,
});

/** Reply codes. "System" errors lie above -100, "API" errors at or below -101. */
export const ErrorCode = Object.freeze({
  OK: 0,
  SYSTEMERROR: -1,
  RUNTIMEINCONSISTENCY: -2,
  DATAINCONSISTENCY: -3,
  CONNECTIONLOSS: -4,
  MARSHALLINGERROR: -5,
  UNIMPLEMENTED: -6,
  OPERATIONTIMEOUT: -7,
  BADARGUMENTS: -8,
  UNKNOWNSESSION: -12,
  NEWCONFIGNOQUORUM: -13,
  RECONFIGINPROGRESS: -14,
  APIERROR: -100,
  NONODE: -101,
  NOAUTH: -102,
  BADVERSION: -103,
  NOCHILDRENFOREPHEMERALS: -108,
  NODEEXISTS: -110,
  NOTEMPTY: -111,
  SESSIONEXPIRED: -112,
  INVALIDCALLBACK: -113,
  INVALIDACL: -114,
  AUTHFAILED: -115,
  SESSIONMOVED: -118,
  NOTREADONLY: -119,
  EPHEMERALONLOCALSESSION: -120,
  NOWATCHER: -121,
  REQUESTTIMEOUT: -122,
  RECONFIGDISABLED: -123,
  SESSIONCLOSEDREQUIRESASLAUTH: -124,
  QUOTAEXCEEDED: -125,
  THROTTLEDOP: -127,
});

export type ErrorName = keyof typeof ErrorCode;

const names = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** The stable name of a reply code; `UNKNOWN(n)` for a number nobody assigned. */
export function errorName(code: number): string {
  return names.get(code) ?? `UNKNOWN(${code})`;
}

/** What happened to a znode, in a watched event. */
export const EventType = Object.freeze({
  none: -1,
  nodeCreated: 1,
  nodeDeleted: 2,
  nodeDataChanged: 3,
  nodeChildrenChanged: 4,
});

/** The connection state carried by every watched event that a server sends. */
export const SYNC_CONNECTED = 3;

/** Create flags. Their sequential, ephemeral and TTL qualities are not bits: see {@link isSequential} and kin. */
export const CreateMode = Object.freeze({
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentWithTtl: 5,
  persistentSequentialWithTtl: 6,
});

export function isSequential(flags: number): boolean {
  return flags === 2 || flags === 3 || flags === 6;
}

export function isEphemeral(flags: number): boolean {
  return flags === 1 || flags === 3;
}

export function isTtl(flags: number): boolean {
  return flags === 5 || flags === 6;
}

/** The longest time to live: 2^40 - 1 ms, about 34.8 years. */
export const MAX_TTL_MS = 0xff_ffff_ffff;

/** Permission bits of an ACL entry. */
export const Perms = Object.freeze({ read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 });

/** Modes of `addWatch`. */
export const AddWatchMode = Object.freeze({ persistent: 0, persistentRecursive: 1 });

/** Kinds of watches that `checkWatches` and `removeWatches` select. */
export const WatcherType = Object.freeze({ children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 });

/** Transaction ids with a fixed meaning in a reply header. */
export const Xid = Object.freeze({ notification: -1, ping: -2, auth: -4, setWatches: -8 });
