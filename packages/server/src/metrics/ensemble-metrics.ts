import type { EnsembleView } from '../ensemble-view.js';
import { type Metric, basicSummaries, counters, gauges, latencySummary } from './metric.js';

/** What a server of an ensemble has beyond one on its own (spec: operations, sections 9.2 to 9.4). */
export function ensembleMetrics(view: EnsembleView, nowMs: number): Metric[] {
  const { stats } = view;
  return [
    ...gauges(gaugesOf(view, nowMs)),
    ...counters(stats.counts),
    ...basicSummaries(stats.summaries()),
    latencySummary('quorum_ack_latency', stats.quorumLatency),
    latencySummary('propagation_latency', stats.propagationLatency),
  ];
}

function gaugesOf(view: EnsembleView, nowMs: number): Record<string, number> {
  const { mode, config, leading, observersServed } = view;
  if (mode === 'read-only') return {};
  return {
    quorum_size: config.voters.size,
    ...(observersServed !== undefined && { synced_observers: observersServed }),
    ...(leading !== undefined && {
      learners: leading.learners,
      synced_followers: leading.syncedFollowers,
      synced_non_voting_followers: leading.syncedNonVotingFollowers,
      synced_observers: leading.syncedObservers,
      pending_syncs: leading.pendingSyncs,
      leader_uptime: Math.round(nowMs - leading.sinceMs),
      last_proposal_size: leading.proposalBytes.last,
      min_proposal_size: leading.proposalBytes.min,
      max_proposal_size: leading.proposalBytes.max,
    }),
  };
}
