import { type QuorumVerifier, type ServerId, isQuorumOfAll, withSurvivor } from '@zk/quorum';

/**
 * The word of somebody outside on whether the other voter of an ensemble of two is lost (`oraclePath`; as in Apache
 * ZooKeeper). With it, a server alone is a quorum.
 *
 * It is asked for when nothing can be decided without it, holds for one leadership at most, and ends as soon as the other
 * voter has caught up. To say it to both servers at once, or to one that lacks what the other one committed alone, loses
 * transactions: no server can find that out by itself.
 */
export class Oracle {
  private isGranted = false;
  private isAsked = false;
  private needed: readonly QuorumVerifier[] | undefined;
  private granted: readonly QuorumVerifier[] = [];

  /** @param emitQuestion has the driver ask; undefined where there is no oracle */
  constructor(
    private readonly id: ServerId,
    private readonly emitQuestion: (() => void) | undefined,
  ) {}

  /** Whose quorums decide; the same array as long as nothing has changed. */
  verifiersOf(needed: readonly QuorumVerifier[]): readonly QuorumVerifier[] {
    if (!this.isGranted) return needed;
    if (this.needed !== needed) {
      this.needed = needed;
      this.granted = survivingIn(needed, this.id);
    }
    return this.granted;
  }

  /** Whether its word would make this server alone a quorum. */
  decides(needed: readonly QuorumVerifier[]): boolean {
    return this.emitQuestion !== undefined && isQuorumOfAll(survivingIn(needed, this.id), new Set([this.id]));
  }

  /** Who must follow a leader for it to be joined: of two, nobody else, since the other one may be lost. */
  verifierUnder(leader: ServerId, verifier: QuorumVerifier): QuorumVerifier {
    return this.emitQuestion === undefined ? verifier : withSurvivor(verifier, leader);
  }

  /**
   * Asks anew, for this server alone.
   * @returns false when its word would decide nothing, or when it still owes an answer: then what it said is void
   */
  ask(needed: readonly QuorumVerifier[]): boolean {
    if (this.isAsked || !this.decides(needed)) {
      this.isGranted = false;
      return false;
    }
    this.isAsked = true;
    this.emitQuestion!();
    return true;
  }

  /** @returns whether there is now a word to act on: not when nobody has asked, or no longer */
  answered(isLost: boolean): boolean {
    if (!this.isAsked) return false;
    this.isAsked = false;
    this.isGranted = isLost;
    return true;
  }

  /** Both voters count again, or a vote is cast anew: what was asked before is void. */
  withdraw(): void {
    this.isGranted = this.isAsked = false;
  }
}

function survivingIn(needed: readonly QuorumVerifier[], survivor: ServerId): readonly QuorumVerifier[] {
  return needed.map((verifier) => withSurvivor(verifier, survivor));
}
