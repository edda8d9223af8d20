import { epochOf } from '@zk/model';
import { type SyncPlan, type ZabRules, zabRules } from '@zk/zab';
import type { SimulationOptions } from './simulation.js';

export interface PlantedBug {
  readonly what: string;
  readonly rules: Partial<ZabRules>;
  /** What it takes for it to show, where chance would take its time. */
  readonly under?: Pick<SimulationOptions, 'faultKinds' | 'reconfigurations'>;
}

/**
 * Deliberate bugs: each takes one decision of the protocol wrongly, as somebody might who thought it did not matter. A
 * simulation that does not find them has checkers that do not bite.
 */
export const PLANTED: Readonly<Record<string, PlantedBug>> = {
  'ack-before-sync': {
    what: 'a proposal is acknowledged when it is appended to the log, not when it is durable',
    rules: { acknowledgeable: (appended) => appended },
  },
  'skip-trunc': {
    what: 'a learner with a tail that was never committed gets a DIFF',
    rules: { planSync: (...inputs) => insteadOf('trunc', zabRules.planSync(...inputs)) },
  },
  'ignore-trunc': {
    what: 'a learner that is told to truncate keeps its log as it is',
    rules: { truncationPoint: (_told, logged) => logged },
  },
  'diff-instead-of-snap': {
    what: 'a learner whose history the leader does not know gets a DIFF',
    rules: {
      planSync: (learnerLast, last, recent) => {
        const plan = zabRules.planSync(learnerLast, last, recent);
        if (plan.mode !== 'snap') return plan;
        return { mode: 'diff', zxid: last, from: recent.indexFrom(learnerLast + 1n) };
      },
    },
  },
  'diff-skips-one': {
    what: 'a DIFF begins one transaction too late',
    rules: {
      planSync: (...inputs) => {
        const plan = zabRules.planSync(...inputs);
        return plan.mode === 'diff' ? { ...plan, from: plan.from + 1 } : plan;
      },
    },
  },
  'commit-out-of-order': {
    what: 'a leader commits the newest proposal that is acknowledged before older ones',
    rules: { nextToCommit: (waiting) => waiting - 1 },
  },
  'stale-ack': {
    what: 'what a learner acknowledged on a former connection still counts',
    rules: { ackAfterReconnect: (acknowledged) => acknowledged },
    under: { faultKinds: ['slow-leader-and-cuts', 'flapping-connections', 'power-failure'], reconfigurations: 0 },
  },
  'minority-commits': {
    what: 'one voter fewer than a majority commits',
    rules: {
      isCommitted: (verifiers, acknowledged) =>
        verifiers.every((verifier) => acknowledged.size >= Math.floor(verifier.voters.size / 2)),
    },
  },
  'elect-shorter-log': {
    what: 'votes are compared by epoch and id, and the new leader does not ask who knows more',
    rules: {
      beats: (_verifier, a, b) => (a.peerEpoch !== b.peerEpoch ? a.peerEpoch > b.peerEpoch : a.leader > b.leader),
      isAhead: () => false,
    },
  },
  'vote-with-committed': {
    what: 'a peer votes with what it knows to be committed, and the new leader does not ask who knows more',
    rules: { voteZxid: (_logged, committed) => committed, isAhead: () => false },
  },
  'forget-epoch': {
    what: 'the accepted epoch does not survive a crash',
    rules: {
      restoreEpochs: ({ lastZxid }) => ({ accepted: epochOf(lastZxid), current: epochOf(lastZxid) }),
    },
  },
  'refuse-to-start': {
    what: 'a crash between the history of an epoch and the claim to have it is taken for corruption',
    rules: {
      restoreEpochs: (stored) => {
        if (stored.current !== undefined && epochOf(stored.lastZxid) > stored.current) {
          throw new Error('the current epoch is older than the last zxid');
        }
        return zabRules.restoreEpochs(stored);
      },
    },
  },
  'reuse-epoch': {
    what: 'a new leader takes the greatest epoch it hears of, not the next one',
    rules: { epochToPropose: (greatestAccepted) => Math.max(1, greatestAccepted) },
  },
  'broadcast-early': {
    what: 'a leader proposes before a quorum has its history',
    rules: { isEstablished: () => true },
  },
  'ack-leader-early': {
    what: 'a learner acknowledges a new leader before its history is on disk',
    rules: { persistsHistoryFirst: () => false },
  },
  'old-quorum-only': {
    what: 'a new configuration, and what comes after it, is committed by the old quorum alone',
    rules: { quorumsNeeded: (committed) => [committed] },
  },
  'new-quorum-only': {
    what: 'a new configuration, and what comes after it, is committed by the new quorum alone',
    rules: { quorumsNeeded: (committed, pending) => [pending ?? committed] },
  },
  'activate-before-commit': {
    what: 'a new configuration counts as soon as it is proposed',
    rules: { activatesWhenSeen: () => true },
  },
  'activate-on-arrival': {
    what: 'a learner takes the configuration of NEWLEADER for committed, though it may only be proposed',
    rules: { isActivatedBy: () => true },
  },
  'forget-configuration': {
    what: 'a new configuration that is in the log, and not known to be committed, does not survive a crash',
    rules: { restoresConfig: () => false },
  },
};

/** The rules of a simulation with that bug. @throws Error when there is none of that name */
export function plantedRules(name: string): ZabRules {
  return { ...zabRules, ...planted(name).rules };
}

/** A simulation with that bug, and what provokes it. @throws Error when there is none of that name */
export function plantedOptions(name: string): Pick<SimulationOptions, 'rules' | 'faultKinds' | 'reconfigurations'> {
  return { rules: plantedRules(name), ...planted(name).under };
}

function planted(name: string): PlantedBug {
  const bug = PLANTED[name];
  if (bug !== undefined) return bug;
  throw new Error(`no planted bug is called ${name}; there are ${Object.keys(PLANTED).join(', ')}`);
}

function insteadOf(mode: 'trunc', plan: SyncPlan): SyncPlan {
  return plan.mode === mode ? { ...plan, mode: 'diff' } : plan;
}
