/** What must hold, by name. */
export const INVARIANTS = {
  UniqueZxid: 'a zxid is proposed once',
  OneHistory: 'what servers commit is one sequence, and each new leader has all of it',
  WriteIsCommitted:
    'what a client was told of its write, and of each part of a multi, is what was committed, under its session and its xid',
  RealTimeOrder: 'a write that began after another was acknowledged has the larger zxid',
  SessionOrder: 'zxids of replies to a session never decrease, from server to server',
  RepliesInOrder: 'each request gets one reply, in the order of the requests',
  ReadFitsZxid: 'a read shows the state of the zxid of its reply',
  NobodyWaits: 'a client that does not read keeps nobody else waiting',
  SyncIsFresh: 'a read behind a sync shows every write that was acknowledged before',
  WatchBeforeData: 'a watched change is told before any reply that shows it or anything later',
  NoSpuriousEvent: 'an event tells, once, of a change of something that is watched',
  SessionIsServedAlive: 'nobody is served in a session that has ended',
  RefusedIsOver: 'a session that is refused has ended',
  NoEarlyExpiry: 'a session does not expire while its client is heard of',
  NoEarlyRemoval: 'a container goes when its last child has gone, a TTL znode when its time is over',
  RemovedWhenDue: 'what is to be removed is removed in time',
  AbandonedExpire: 'a session of which nobody hears ends in time',
  OneOrder: 'one order explains what all clients saw of registers, sequences and ephemerals',
  SameTree: 'in the end all servers hold the tree that the transactions lead to, and equal digests',
  Digest: 'a transaction leads every server to the tree that its leader had in mind',
  ConfigGoesOn: 'a server never goes back to a configuration that it had before',
  OneConfig: 'in the end all members have the configuration that was committed last',
  ServersRun: 'a server does not stop by itself',
  Liveness: 'when all is well again, all servers serve and all clients are served within a minute',
} as const;

export type InvariantName = keyof typeof INVARIANTS;

/** Something happened that must not. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    readonly invariantName: InvariantName,
    detail: string,
  ) {
    super(`${invariantName} (${INVARIANTS[invariantName]}): ${detail}`);
  }
}
