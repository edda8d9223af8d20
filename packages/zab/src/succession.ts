import type { EnsembleConfig, ServerId, ServerSpec } from '@zk/quorum';
import type { LearnerLink } from './learner-link.js';

/**
 * Who leads under a new configuration (spec: learner protocol, section 9): this leader, if it votes there at the address
 * its learners know; else the new voter that has acknowledged most, and of several the one with the smallest id. So
 * nobody has to hold an election, unless that one fails.
 */
export function designatedLeader(
  own: ServerId,
  before: EnsembleConfig,
  after: EnsembleConfig,
  learners: Iterable<LearnerLink>,
): ServerId {
  if (after.voters.has(own) && hasSameAddress(before.servers.get(own), after.servers.get(own))) return own;
  let best: LearnerLink | undefined;
  for (const learner of learners) {
    if (learner.isObserver || !learner.hasAcknowledgedLeader || !after.voters.has(learner.server!)) continue;
    if (best === undefined || isBetter(learner, best)) best = learner;
  }
  return best?.server ?? own;
}

function isBetter(learner: LearnerLink, than: LearnerLink): boolean {
  if (learner.acknowledged !== than.acknowledged) return learner.acknowledged > than.acknowledged;
  return learner.server! < than.server!;
}

/** A leader that was not part of the old configuration has no address to keep. */
function hasSameAddress(before: ServerSpec | undefined, after: ServerSpec | undefined): boolean {
  const text = (spec: ServerSpec | undefined): string | undefined =>
    spec?.addresses.map(({ host, quorumPort }) => `${host} ${quorumPort}`).join();
  return before === undefined || text(before) === text(after);
}
