import type { EnsembleStats } from '../ensemble-stats.js';
import type { EnsembleView } from '../ensemble-view.js';
import { type Metric, basicSummaries, counters, gauges, latencySummaries, latencySummary } from './metric.js';

/** What has happened to a server in its ensemble (spec: operations, sections 9.3 and 9.4). */
export function ensembleHistory(stats: EnsembleStats): Metric[] {
  return [
    ...counters(stats.counts),
    ...basicSummaries(stats.summaries()),
    ...Object.entries(stats.latencies()).map(([name, latency]) => latencySummary(name, latency)),
    latencySummaries('ack_latency', stats.ackLatencies),
  ];
}

/** What a server of an ensemble is at the moment (spec: operations, section 9.2). */
export function ensembleGauges(view: EnsembleView, nowMs: number): Metric[] {
  const { mode, config, leading, observersServed } = view;
  if (mode === 'read-only') return [];
  return gauges({
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
  });
}
