import type { EnsembleMode, EnsembleView } from '../ensemble-view.js';
import { type Metrics, basicSummary, latencySummary } from './summary-metrics.js';

const STATES: Readonly<Record<EnsembleMode, string>> = {
  leader: 'leading',
  follower: 'following',
  observer: 'observing',
  'read-only': 'looking',
};

/** Such as `following - synchronization - diff`; undefined for a server that does not say. */
export function peerState(view: EnsembleView | undefined): string | undefined {
  if (view === undefined || view.mode === 'read-only') return undefined;
  const { mode, phase, syncMode } = view;
  return [STATES[mode], phase, ...(phase === 'synchronization' && syncMode !== undefined ? [syncMode] : [])].join(
    ' - ',
  );
}

/** What a server of an ensemble has beyond one on its own (spec: operations, sections 9.2 to 9.4). */
export function ensembleMetrics(view: EnsembleView, nowMs: number): Metrics {
  const { stats } = view;
  const summaries = Object.entries(stats.summaries()).map(([name, summary]) => basicSummary(name, summary));
  return {
    ...gauges(view, nowMs),
    ...stats.counts,
    ...(Object.assign({}, ...summaries) as Metrics),
    ...latencySummary('quorum_ack_latency', stats.quorumLatency),
    ...latencySummary('propagation_latency', stats.propagationLatency),
  };
}

function gauges(view: EnsembleView, nowMs: number): Metrics {
  const { mode, config, leading, master, observersServed } = view;
  if (mode === 'read-only') return {};
  return {
    quorum_size: config.voters.size,
    ...(mode === 'observer' && master !== undefined && { observer_master_id: String(master) }),
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
