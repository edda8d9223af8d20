import type { Zxid } from '@zk/model';
import type { QuorumVerifier, ServerId } from './verifiers.js';

/** What one server proposes in an election: a leader, and how much that leader knows. */
export interface Candidate {
  readonly leader: ServerId;
  /** The last zxid in the leader's log. */
  readonly zxid: Zxid;
  /** The leader's current epoch. */
  readonly peerEpoch: bigint;
}

/** The leader of a vote for nobody, and everything else in it when an observer votes. */
export const NOBODY: bigint = -(1n << 63n);

/**
 * The order of votes (spec: election, section 3.1): epoch, then zxid, then server id, signed; and never a server that
 * weighs nothing. It is total on servers that have weight, so every server that knows the same votes picks the same.
 */
export function beats(verifier: QuorumVerifier, challenger: Candidate, holder: Candidate): boolean {
  if (verifier.weightOf(challenger.leader) === 0) return false;
  if (challenger.peerEpoch !== holder.peerEpoch) return challenger.peerEpoch > holder.peerEpoch;
  if (challenger.zxid !== holder.zxid) return challenger.zxid > holder.zxid;
  return challenger.leader > holder.leader;
}

/**
 * Whether the servers are a quorum of every configuration that counts: the committed one and, while a reconfiguration
 * is on its way, the proposed one too.
 */
export function isQuorumOfAll(verifiers: readonly QuorumVerifier[], servers: ReadonlySet<ServerId>): boolean {
  for (const verifier of verifiers) if (!verifier.isQuorum(servers)) return false;
  return verifiers.length > 0;
}
