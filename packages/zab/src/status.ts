import type { LinkId, PeerPhase, PeerRole } from './messages.js';

/** A learner as its leader sees it, or an observer as its master does. */
export interface LearnerStatus {
  /** Its connection. */
  readonly link: LinkId;
  readonly server: string | undefined;
  readonly isObserver: boolean;
  readonly stage: string;
  readonly sync: string | undefined;
  /** zxid, hexadecimal. */
  readonly acknowledged: string;
  readonly lastHeardMs: number;
}

export interface RoleStatus {
  readonly role: PeerRole;
  readonly phase: PeerPhase;
  readonly leader: string | undefined;
  /** Whom a learner has its transactions from: the leader, or the follower that serves observers. */
  readonly master: string | undefined;
  readonly epoch: number | undefined;
  /** Of a leader: what it proposed, zxid in hexadecimal. */
  readonly proposed: string | undefined;
  /** Of a leader, its learners; of a follower, the observers that it serves. */
  readonly learners: readonly LearnerStatus[];
}

/** A plain copy, ready for JSON. Zxids are hexadecimal. */
export interface PeerStatus extends RoleStatus {
  readonly server: string;
  readonly round: string;
  readonly vote: { readonly leader: string; readonly zxid: string; readonly epoch: string };
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  readonly applied: string;
  readonly appended: string;
  readonly durable: string;
  readonly committed: string;
  readonly configVersion: string;
  /** As `configVersion`, unless a reconfiguration is pending. */
  readonly seenConfigVersion: string;
}
