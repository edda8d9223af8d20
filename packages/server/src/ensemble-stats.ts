import type { ServerId } from '@zk/quorum';
import { LatencyStats } from '@zk/request-pipeline';
import { OpenTimes } from './open-times.js';
import { Summary } from './summary.js';

/** A role of a server in its ensemble, and how far it is. */
export interface RoleAndPhase {
  readonly role: 'looking' | 'leader' | 'follower' | 'observer';
  readonly phase: string;
  /** Whether clients are served. */
  readonly isServing: boolean;
}

/** Events that are counted, by the names of their metrics in Apache ZooKeeper. */
const COUNTERS = [
  'looking_count',
  // Learners that a leader brought up to date by transactions, and by a snapshot.
  'diff_count',
  'snap_count',
  // Of a leader.
  'proposal_count',
  'commit_count',
  // Sessions that a leader confirmed to learners.
  'revalidate_count',
  // Of a follower that serves.
  'learner_proposal_received_count',
  // Of a learner.
  'learner_commit_received_count',
] as const;

export type EnsembleCounter = (typeof COUNTERS)[number];

/**
 * What has happened to a server in its ensemble since the start or the last reset: how often it looked for a leader, and
 * how long that and what followed took, in ms. It is told of every change of role or phase.
 */
export class EnsembleStats {
  readonly counts: Record<EnsembleCounter, number> = noCounts();
  readonly electionTimes = new Summary();
  /** Time without service, of any role, and of those that lead afterwards. */
  readonly unavailableTimes = new Summary();
  readonly leaderUnavailableTimes = new Summary();
  readonly followerSyncTimes = new Summary();
  readonly observerSyncTimes = new Summary();
  /** Learners that were being brought up to date at once by a snapshot, and by transactions, each time one began. */
  readonly inFlightSnaps = new Summary();
  readonly inFlightDiffs = new Summary();
  /** From a leader's proposal until a quorum has it. */
  readonly quorumLatency = new LatencyStats();
  /** From a leader's proposal until this follower has it, by its number; of some proposals. */
  readonly ackLatencies = new Map<string, LatencyStats>();
  /**
   * From when the leader made a transaction until it came here as a proposal, until it came here as a commit, and until it
   * was applied here; clocks of two machines may be apart.
   */
  readonly proposalLatency = new LatencyStats();
  readonly commitLatency = new LatencyStats();
  readonly propagationLatency = new LatencyStats();

  private before: RoleAndPhase = { role: 'follower', phase: '', isServing: false };
  private lookingSinceMs = 0;
  private unavailableSinceMs: number | undefined;
  private syncingSinceMs = 0;
  /** When the proposals that are not committed were made, in monotonic ms. */
  private readonly openProposals = new OpenTimes();

  /** @param nowMs monotonic */
  changed(now: RoleAndPhase, nowMs: number): void {
    const { before } = this;
    if (now.role === 'looking' && before.role !== 'looking') this.beginsToLook(nowMs);
    if (now.role !== 'looking' && before.role === 'looking') this.electionTimes.add(nowMs - this.lookingSinceMs);
    if (now.phase === 'synchronization' && before.phase !== 'synchronization') this.syncingSinceMs = nowMs;
    if (now.isServing && !before.isServing) this.serves(now, nowMs);
    if (!now.isServing) this.openProposals.clear();
    this.before = { role: now.role, phase: now.phase, isServing: now.isServing };
  }

  /** A leader proposes a transaction. */
  proposed(nowMs: number): void {
    this.counts.proposal_count++;
    this.openProposals.begin(nowMs);
  }

  /** A quorum has the oldest of the leader's open proposals. */
  committed(nowMs: number): void {
    this.counts.commit_count++;
    const madeMs = this.openProposals.end();
    if (madeMs !== undefined) this.quorumLatency.record(nowMs - madeMs);
  }

  /** A leader, or an observer master, begins to bring a learner up to date, one of so many. */
  synchronizing(mode: 'diff' | 'trunc' | 'snap', inFlight: number): void {
    this.counts[mode === 'snap' ? 'snap_count' : 'diff_count']++;
    (mode === 'snap' ? this.inFlightSnaps : this.inFlightDiffs).add(inFlight);
  }

  /** A follower has a proposal on its disk, so long after it was made. */
  acknowledged(server: ServerId, afterMs: number): void {
    const key = String(server);
    let latency = this.ackLatencies.get(key);
    if (latency === undefined) this.ackLatencies.set(key, (latency = new LatencyStats()));
    latency.record(afterMs);
  }

  /** A follower has been told a proposal. @param madeMs its time, and both in wall-clock ms */
  proposalReceived(madeMs: number, nowMs: number): void {
    this.counts.learner_proposal_received_count++;
    recordAge(this.proposalLatency, madeMs, nowMs);
  }

  /** A learner has been told that a transaction is committed. @param madeMs its time, and both in wall-clock ms */
  commitReceived(madeMs: number, nowMs: number): void {
    this.counts.learner_commit_received_count++;
    recordAge(this.commitLatency, madeMs, nowMs);
  }

  /** A transaction was applied. @param madeMs its time, and both in wall-clock ms */
  applied(madeMs: number, nowMs: number): void {
    recordAge(this.propagationLatency, madeMs, nowMs);
  }

  reset(): void {
    Object.assign(this.counts, noCounts());
    for (const summary of Object.values(this.summaries())) summary.reset();
    for (const latency of Object.values(this.latencies())) latency.reset();
    this.ackLatencies.clear();
  }

  /** By the names of their metrics in Apache ZooKeeper. */
  summaries(): Readonly<Record<string, Summary>> {
    return {
      election_time: this.electionTimes,
      unavailable_time: this.unavailableTimes,
      leader_unavailable_time: this.leaderUnavailableTimes,
      follower_sync_time: this.followerSyncTimes,
      observer_sync_time: this.observerSyncTimes,
      inflight_snap_count: this.inFlightSnaps,
      inflight_diff_count: this.inFlightDiffs,
    };
  }

  /** By the names of their metrics in Apache ZooKeeper. */
  latencies(): Readonly<Record<string, LatencyStats>> {
    return {
      quorum_ack_latency: this.quorumLatency,
      proposal_latency: this.proposalLatency,
      commit_propagation_latency: this.commitLatency,
      propagation_latency: this.propagationLatency,
    };
  }

  private beginsToLook(nowMs: number): void {
    this.counts.looking_count++;
    this.lookingSinceMs = nowMs;
    this.unavailableSinceMs ??= nowMs;
  }

  private serves({ role }: RoleAndPhase, nowMs: number): void {
    if (role === 'follower') this.followerSyncTimes.add(nowMs - this.syncingSinceMs);
    else if (role === 'observer') this.observerSyncTimes.add(nowMs - this.syncingSinceMs);
    if (this.unavailableSinceMs === undefined) return;
    const unavailableMs = nowMs - this.unavailableSinceMs;
    this.unavailableTimes.add(unavailableMs);
    if (role === 'leader') this.leaderUnavailableTimes.add(unavailableMs);
    this.unavailableSinceMs = undefined;
  }
}

/** Nothing where the clock that made it is ahead of this one, as in Apache ZooKeeper. */
function recordAge(latency: LatencyStats, madeMs: number, nowMs: number): void {
  if (nowMs >= madeMs) latency.record(nowMs - madeMs);
}

function noCounts(): Record<EnsembleCounter, number> {
  return Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Record<EnsembleCounter, number>;
}
