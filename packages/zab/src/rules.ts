import { type Zxid, counterOf, epochOf } from '@zk/model';
import { type Candidate, type QuorumVerifier, type ServerId, beats, isQuorumOfAll } from '@zk/quorum';
import { type Epochs, type StoredEpochs, restoreEpochs } from './epochs.js';
import { follows } from './log-entry.js';
import type { RecentEntries } from './recent-entries.js';
import { type SyncPlan, planSync } from './sync-plan.js';

/**
 * The decisions on which safety rests, each a function without state, in one place. The rest of the package is about
 * when to ask and whom to tell. Keeping them apart has a second use: a simulation replaces one of them by a wrong one and
 * must notice.
 */
export interface ZabRules {
  /** Whether a vote is better than the one held. */
  beats(verifier: QuorumVerifier, challenger: Candidate, holder: Candidate): boolean;
  /** Whether those who agree decide an election. */
  decidesElection(verifiers: readonly QuorumVerifier[], agreeing: ReadonlySet<ServerId>): boolean;
  /** The zxid a peer votes with, from the last one in its log and the last one it knows to be committed. */
  voteZxid(logged: Zxid, committed: Zxid): Zxid;
  /** The epoch of a new leader, from the greatest one that anybody in its quorum accepted. */
  epochToPropose(greatestAccepted: number): number;
  /** Whether a learner may follow a leader of that epoch. */
  acceptsEpoch(proposed: number, accepted: number): boolean;
  /** Whether somebody in the new leader's quorum knows more than the new leader, who then must not lead. */
  isAhead(learner: Knowledge, leader: Knowledge): boolean;
  /** Whether a quorum has made the new leader's history its own, so that it may propose. */
  isEstablished(verifiers: readonly QuorumVerifier[], synchronized: ReadonlySet<ServerId>): boolean;
  planSync(learnerLast: Zxid, last: Zxid, recent: RecentEntries): SyncPlan;
  /** The zxid to which a learner takes its log back when told so. */
  truncationPoint(told: Zxid, logged: Zxid): Zxid;
  /** Up to which zxid a peer may acknowledge, from what it appended to its log and what is durable. */
  acknowledgeable(appended: Zxid, durable: Zxid): Zxid;
  /** Whether an acknowledgement of this zxid counts for a leader of that epoch which proposed up to `lastProposed`. */
  countsAck(zxid: Zxid, epoch: number, lastProposed: Zxid): boolean;
  /** What a learner that connects again is known to have acknowledged, of what its former connection said: nothing. */
  ackAfterReconnect(acknowledged: Zxid): Zxid;
  /** Which of the proposals that wait is decided next, by its place: the oldest, whatever is said of later ones. */
  nextToCommit(waiting: number): number;
  /** Whether a proposal may be committed, by those who acknowledged it. */
  isCommitted(verifiers: readonly QuorumVerifier[], acknowledged: ReadonlySet<ServerId>): boolean;
  /** Whether a proposal may come after what a learner has. */
  follows(previous: Zxid, next: Zxid): boolean;
  /** Whether a learner applies a commit, from the oldest proposal it holds: it must be that one. */
  mayApply(commit: Zxid, oldestHeld: Zxid | undefined): boolean;
  /** Whether a learner must have its disk finish the new history before it acknowledges the new leader. */
  persistsHistoryFirst(): boolean;
  restoreEpochs(stored: StoredEpochs): Epochs;
  /** Whose quorums are needed while a configuration is pending: both. */
  quorumsNeeded(committed: QuorumVerifier, pending: QuorumVerifier | undefined): readonly QuorumVerifier[];
  /** Whether a configuration counts alone as soon as it is proposed: not before it is committed. */
  activatesWhenSeen(): boolean;
  /**
   * Whether the configuration a leader of that epoch named is known to be committed once the learner is up to date; it
   * may as well have been proposed a moment before. Apache takes it for committed in any case.
   */
  isActivatedBy(epoch: number, version: bigint, applied: Zxid): boolean;
  /** Whether a configuration in the log that nobody said is committed counts after a restart. */
  restoresConfig(): boolean;
}

export interface Knowledge {
  readonly currentEpoch: number;
  readonly lastZxid: Zxid;
}

export const zabRules: ZabRules = {
  beats,
  decidesElection: isQuorumOfAll,
  // Not the committed one: whoever acknowledged a proposal must speak for it, or it could be lost after its commit.
  voteZxid: (logged) => logged,
  epochToPropose: (greatestAccepted) => greatestAccepted + 1,
  acceptsEpoch: (proposed, accepted) => proposed >= accepted,
  isAhead: (learner, leader) =>
    learner.currentEpoch > leader.currentEpoch ||
    (learner.currentEpoch === leader.currentEpoch && learner.lastZxid > leader.lastZxid),
  isEstablished: isQuorumOfAll,
  planSync,
  truncationPoint: (told) => told,
  acknowledgeable: (_appended, durable) => durable,
  countsAck: (zxid, epoch, lastProposed) => epochOf(zxid) === epoch && zxid <= lastProposed,
  // The learner may have truncated it meanwhile: what it acknowledges now is what it has now.
  ackAfterReconnect: () => 0n,
  nextToCommit: () => 0,
  isCommitted: isQuorumOfAll,
  follows,
  mayApply: (commit, oldestHeld) => commit === oldestHeld,
  persistsHistoryFirst: () => true,
  restoreEpochs,
  quorumsNeeded: (committed, pending) => (pending === undefined ? [committed] : [committed, pending]),
  activatesWhenSeen: () => false,
  // An earlier epoch's was completed by this leader, as was the one it began with; its own it committed like the rest.
  isActivatedBy: (epoch, version, applied) =>
    epochOf(version) < epoch || counterOf(version) === 0 || version <= applied,
  restoresConfig: () => true,
};
