import type { EnsembleConfig, ServerId } from '@zk/quorum';
import type { EnsembleStats } from './ensemble-stats.js';

/** What a server of an ensemble is to its clients. */
export type EnsembleMode = 'leader' | 'follower' | 'observer' | 'read-only';

/** What four-letter words say of the part a server has in its ensemble; counts are those of the moment. */
export interface EnsembleView {
  readonly serverId: ServerId;
  readonly mode: EnsembleMode;
  /** How far its role is. */
  readonly phase: 'election' | 'discovery' | 'synchronization' | 'broadcast';
  /** How a learner is brought up to date; undefined before that and after it. */
  readonly syncMode: 'diff' | 'trunc' | 'snap' | undefined;
  /** The committed one. */
  readonly config: EnsembleConfig;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** Whom a learner has its transactions from: the leader, or the follower that serves observers. */
  readonly master: ServerId | undefined;
  /** Present on a leader. */
  readonly leading: LeadingView | undefined;
  /** Observers that a follower serves; undefined where it serves none. */
  readonly observersServed: number | undefined;
  readonly stats: EnsembleStats;
}

/** What a leader knows of its learners. */
export interface LeadingView {
  /** All that are connected, brought up to date or not. */
  readonly learners: number;
  readonly syncedFollowers: number;
  /** Servers that follow and are no voters: they are on their way into the configuration, or out of it. */
  readonly syncedNonVotingFollowers: number;
  readonly syncedObservers: number;
  /** Syncs of clients that wait for the transactions before them. */
  readonly pendingSyncs: number;
  /** When it began to lead, in monotonic ms. */
  readonly sinceMs: number;
  readonly proposalBytes: ProposalSizes;
}

/** In bytes; -1 before the first proposal. */
export interface ProposalSizes {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}
