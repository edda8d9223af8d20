import type { QuorumPacket } from '@zk/jute';
import type { Id, SessionId, Zxid } from '@zk/model';
import type { EnsembleConfig, ServerId } from '@zk/quorum';
import type { LogEntry } from './log-entry.js';
import type { Notification } from './wire.js';

/**
 * What a peer is told and what it wants done. A driver performs outputs in the order in which they stand, and reports
 * what becomes of them as inputs, never from inside of `step`.
 *
 * - Packets and snapshots of one link leave in order. A link that cannot keep up is the driver's to close.
 * - `append` and `sync` go to the log, which reports `durable` once per batch.
 * - `write`s are performed one after the other, each also after every `append` before it, and end with `written` or
 *   `write-failed` with the same ticket.
 */

/** One connection between a leader and a learner, or an observer and its master, numbered by the driver. */
export type LinkId = number;

/** A leader's quorum port, for all learners; or the port on which a follower serves observers. */
export type LearnerPort = 'learners' | 'observers';

export type PeerInput =
  /** Time passed; see {@link Peer.wakeAtMs}. Every other input tells the time as well. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'notification'; readonly from: ServerId; readonly notification: Notification }
  /** An election connection was refused (false), or came to be (true). Only makes elections quicker. */
  | { readonly kind: 'reachable'; readonly server: ServerId; readonly isReachable: boolean }
  /** The answer to `ask-oracle`: whether the other voter is lost, as far as is known. */
  | { readonly kind: 'oracle'; readonly isOtherLost: boolean }
  /** Somebody connected to the port on which this peer listens. */
  | { readonly kind: 'accepted'; readonly link: LinkId }
  | { readonly kind: 'connected'; readonly attempt: number; readonly link: LinkId }
  | { readonly kind: 'dial-failed'; readonly attempt: number }
  /** Not for a link that this peer closed. */
  | { readonly kind: 'closed'; readonly link: LinkId }
  /**
   * Packets that came together, in their order. Data is the packet's own: it is kept, not copied. A leader is given an ACK
   * alone: before it believes one it must know what time it is.
   */
  | { readonly kind: 'packets'; readonly link: LinkId; readonly packets: readonly QuorumPacket[] }
  /** The stream after a SNAP is complete and is now the state machine's state. Packets behind it come later. */
  | { readonly kind: 'snapshot-received'; readonly link: LinkId }
  /**
   * Bytes of a snapshot were received, or could be sent; or a learner took what had waited for it, of whatever it is brought
   * up to date with: that takes its time, and nobody is silent.
   */
  | { readonly kind: 'snapshot-progress'; readonly link: LinkId }
  | { readonly kind: 'durable'; readonly zxid: Zxid }
  /** The log refused, and is cut back to its last durable entry. Appends are ignored until `log-recovered`. */
  | { readonly kind: 'log-failed' }
  | { readonly kind: 'log-recovered' }
  | { readonly kind: 'written'; readonly ticket: number; readonly disk?: DiskContents }
  | { readonly kind: 'write-failed'; readonly ticket: number; readonly reason: string }
  /**
   * A piece of what `read-log` asked for; the first entry of the first is at or before the zxid asked for. It is given when
   * the learner has taken most of what it was sent before.
   */
  | {
      readonly kind: 'log-entries';
      readonly link: LinkId;
      readonly entries: readonly LogEntry[];
      readonly isLast: boolean;
    }
  | { readonly kind: 'log-unavailable'; readonly link: LinkId }
  /** The state machine applied a new configuration (committed), or a leader proposed one (seen). */
  | { readonly kind: 'config'; readonly config: EnsembleConfig; readonly status: 'seen' | 'committed' }
  /** A leader's pipeline made a transaction; its zxid is the one after the last. The bytes are kept, not copied. */
  | { readonly kind: 'propose'; readonly zxid: Zxid; readonly txn: Uint8Array }
  /** A client of this learner wants something that the leader decides. */
  | { readonly kind: 'forward'; readonly request: ClientRequest }
  /** A client wants to see at least what the leader has committed by now; `tag` comes back in `synced`. */
  | { readonly kind: 'sync'; readonly tag: number; readonly request?: ClientRequest }
  /** At the leader: a learner's client wants that. */
  | { readonly kind: 'sync-learner'; readonly link: LinkId }
  /** A client of this learner has been heard. */
  | { readonly kind: 'touch'; readonly sessionId: SessionId; readonly timeoutMs: number }
  | { readonly kind: 'revalidate'; readonly sessionId: SessionId; readonly timeoutMs: number }
  /** At the leader: the answer to a `revalidate` output. */
  | { readonly kind: 'revalidation'; readonly link: LinkId; readonly sessionId: SessionId; readonly isValid: boolean };

export interface ClientRequest {
  readonly sessionId: SessionId;
  readonly cxid: number;
  readonly opcode: number;
  /** As the client sent it, without its header. */
  readonly body: Uint8Array;
  readonly ids: readonly Id[] | null;
}

export type PeerOutput =
  | { readonly kind: 'notify'; readonly to: ServerId; readonly notification: Notification }
  /** Of the two voters this is the only one left, if that is so: ask, and tell in an `oracle`. */
  | { readonly kind: 'ask-oracle' }
  /** Accept learners on that port, or stop; links stay. */
  | { readonly kind: 'listen'; readonly port: LearnerPort }
  | { readonly kind: 'unlisten'; readonly port: LearnerPort }
  | { readonly kind: 'dial'; readonly attempt: number; readonly to: ServerId; readonly port: LearnerPort }
  /** The same packets may be sent to several links. */
  | { readonly kind: 'send'; readonly link: LinkId; readonly packets: readonly QuorumPacket[] }
  /** A learner is being brought up to date, one of so many by a snapshot, or by transactions; for those who count. */
  | {
      readonly kind: 'synchronizing';
      readonly link: LinkId;
      readonly mode: 'diff' | 'trunc' | 'snap';
      readonly inFlight: number;
    }
  /** A follower has acknowledged a proposal so long after it was made: one of many; for those who count. */
  | { readonly kind: 'acknowledged'; readonly server: ServerId; readonly afterMs: number }
  /** The state machine as it is now, without header and seals, then the signature. May be fuzzy. */
  | { readonly kind: 'send-snapshot'; readonly link: LinkId }
  /** `isWarning`: somebody should look into it. */
  | { readonly kind: 'close'; readonly link: LinkId; readonly reason: string; readonly isWarning?: boolean }
  | { readonly kind: 'append'; readonly entry: LogEntry }
  | { readonly kind: 'sync'; readonly point: WritePoint }
  | { readonly kind: 'write'; readonly ticket: number; readonly write: DiskWrite; readonly point: WritePoint }
  /** Entries from the last one at or before `after`, up to and including `upTo`. */
  | { readonly kind: 'read-log'; readonly link: LinkId; readonly after: Zxid; readonly upTo: Zxid }
  /**
   * In zxid order, without gaps. `cause` is `commit`, or `recovery` for what may yet be taken back (by a `truncate`, a
   * `reload` or somebody's snapshot): everything delivered before `serve` is committed when that comes.
   */
  | { readonly kind: 'deliver'; readonly entry: LogEntry; readonly cause: 'commit' | 'recovery' }
  | { readonly kind: 'phase'; readonly role: PeerRole; readonly phase: PeerPhase; readonly epoch: number }
  /** Clients may come; the leader's next zxid is the one after `zxid`. */
  | {
      readonly kind: 'serve';
      readonly role: PeerRole;
      readonly epoch: number;
      readonly leader: ServerId;
      readonly zxid: Zxid;
    }
  | { readonly kind: 'stop-serving'; readonly reason: string }
  /** At the leader. */
  | { readonly kind: 'request'; readonly link: LinkId; readonly server: ServerId; readonly request: ClientRequest }
  | { readonly kind: 'touched'; readonly link: LinkId; readonly sessionId: SessionId; readonly timeoutMs: number }
  | { readonly kind: 'revalidate'; readonly link: LinkId; readonly sessionId: SessionId; readonly timeoutMs: number }
  /** At the learner. */
  | { readonly kind: 'revalidated'; readonly sessionId: SessionId; readonly isValid: boolean }
  | { readonly kind: 'synced'; readonly tag: number }
  /** The transaction just delivered is a new configuration, and this is who leads from then on. */
  | { readonly kind: 'activate'; readonly zxid: Zxid; readonly leader: ServerId }
  /**
   * A configuration became the committed one, or the one that was last seen: Apache's `zoo.cfg.dynamic.…` and
   * `zoo.cfg.dynamic.next`. Those files may be written later than what stands behind this: whoever acknowledged a
   * configuration has its transaction in the log, or it in a snapshot, and a start takes it from there (`DiskContents.config`).
   */
  | { readonly kind: 'config'; readonly config: EnsembleConfig; readonly status: 'seen' | 'committed' }
  /** Nothing can go on: stop the process, keep the evidence. The code is Apache's exit code. */
  | { readonly kind: 'halt'; readonly code: number; readonly reason: string };

/** What a peer has its driver write, apart from the log. Each is durable when it is reported as written. */
export type DiskWrite =
  | { readonly kind: 'accepted-epoch'; readonly epoch: number }
  | { readonly kind: 'current-epoch'; readonly epoch: number }
  /**
   * Snapshots with a greater zxid go, then the log is cut behind this one, then the state machine is loaded anew; the
   * report says what there is. Fails, with everything as it was, when the zxid is neither in the log nor a snapshot's, or no
   * snapshot is left to load.
   */
  | { readonly kind: 'truncate'; readonly to: Zxid }
  /**
   * The state machine's state becomes the snapshot of this zxid, and all that a restart finds: snapshots and log entries
   * with a greater zxid go, in an order in which a crash leaves the old history or the new one.
   */
  | { readonly kind: 'snapshot'; readonly zxid: Zxid }
  /** Nothing is written: the state machine is loaded from the disk, and the report says what there is. */
  | { readonly kind: 'reload' }
  /** Nothing is written: the state machine becomes empty. */
  | { readonly kind: 'clear' };

/** What is on a disk, as a start or a `reload` finds it. */
export interface DiskContents {
  /** Of the last log entry, or of the snapshot when nothing follows it. */
  readonly lastZxid: Zxid;
  /** The last entries of the log, as many as are kept in memory anyway. */
  readonly recent: readonly LogEntry[];
  /**
   * The configuration in the state that was loaded, the end of the log included: what is under `/zookeeper/config`. It
   * need not be committed. A peer that may be reconfigured must be told, or it forgets what it acknowledged.
   */
  readonly config?: EnsembleConfig;
  /**
   * There is nothing, and nobody has said that this is as it should be: a disk may have been lost, and with it what this
   * server has acknowledged. It must not vote before it has learned from the others (`db.autocreate`).
   */
  readonly isUntrusted?: boolean;
}

/**
 * Everything a peer writes, by the place in the protocol: what can be on its disk when it crashes is given by which of
 * them came to be. PROTOCOL.md says for each what a restart makes of it.
 */
export const WRITE_POINTS = [
  'leader.accepted-epoch',
  'leader.current-epoch',
  'learner.accepted-epoch',
  'learner.truncate',
  'learner.snapshot',
  'learner.log',
  'learner.current-epoch',
  'broadcast.log',
  'recovery.reload',
] as const;

export type WritePoint = (typeof WRITE_POINTS)[number];

export type PeerRole = 'looking' | 'leader' | 'follower' | 'observer';

export type PeerPhase = 'recovery' | 'election' | 'discovery' | 'synchronization' | 'broadcast';
