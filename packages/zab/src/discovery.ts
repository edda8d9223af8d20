import { type ServerId, isQuorumOfAll } from '@zk/quorum';
import type { PeerContext } from './peer-context.js';

/** The leader around it. */
export interface DiscoveringLeader {
  /** The new epoch is on disk and may be told. */
  epochStored(): void;
  /** A quorum has said what it knows, and nobody knows more. */
  historyAgreed(): void;
}

/**
 * How a new leader begins (spec: learner protocol, section 4, L3 to L6): it hears from a quorum which epochs it accepted,
 * and takes a later one; from then on that quorum listens to no earlier leader. Then it hears what the quorum knows.
 *
 * While a reconfiguration is pending, both configurations' quorums are asked; Apache asks the committed one's. What the
 * new members have committed among themselves cannot be overlooked this way, whoever was elected.
 */
export class Discovery {
  epoch = 0;
  isEpochStored = false;
  isHistoryAgreed = false;
  private isEpochChosen = false;
  private readonly startedMs: number;
  private readonly reported = new Set<ServerId>();
  private readonly acknowledged = new Set<ServerId>();

  constructor(
    private readonly context: PeerContext,
    private readonly electors: ReadonlySet<ServerId>,
    private readonly host: DiscoveringLeader,
  ) {
    this.startedMs = context.nowMs;
  }

  /** A server has connected, or is this leader. @returns why the leader gives up, if it does */
  report(server: ServerId, accepted: number): string | undefined {
    const { context } = this;
    if (this.isEpochChosen) {
      // It has promised itself to a leader that never came to be; only a later epoch lets it back in.
      if (accepted > this.epoch && context.isVoter(server)) return `server ${server} has accepted epoch ${accepted}`;
      return undefined;
    }
    this.epoch = Math.max(this.epoch, context.rules.epochToPropose(accepted));
    this.reported.add(server);
    if (!this.isQuorumWithLeader(this.reported)) return undefined;
    this.isEpochChosen = true;
    context.write({ kind: 'accepted-epoch', epoch: this.epoch }, 'leader.accepted-epoch', () => {
      this.isEpochStored = true;
      this.host.epochStored();
      this.acknowledge(context.id);
    });
    return undefined;
  }

  /** Who elected this leader, and looks for another one after some time, has given it up. @returns why the leader does, too */
  heardLooking(server: ServerId): string | undefined {
    const { nowMs, options } = this.context;
    const { maxEpochWaitMs = Infinity } = options;
    if (this.isEpochChosen || !this.electors.has(server) || nowMs - this.startedMs <= maxEpochWaitMs) return undefined;
    return `server ${server}, which elected this leader, looks for another one`;
  }

  /** A server has accepted the epoch, and does not know more than this leader. */
  acknowledge(server: ServerId): void {
    if (this.isHistoryAgreed) return;
    this.acknowledged.add(server);
    if (!this.isQuorumWithLeader(this.acknowledged)) return;
    this.isHistoryAgreed = true;
    this.host.historyAgreed();
  }

  private isQuorumWithLeader(servers: ReadonlySet<ServerId>): boolean {
    return servers.has(this.context.id) && isQuorumOfAll(this.context.verifiers, servers);
  }
}
