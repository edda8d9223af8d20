import { hex64, type Zxid } from '@zk/model';
import type { ServerId } from '@zk/quorum';
import type { LinkId } from './messages.js';
import type { PeerOptions } from './peer-context.js';
import type { LearnerStatus } from './status.js';
import type { LogWalk } from './sync-plan.js';

/**
 * Where a learner stands, as its leader sees it:
 * - `greeting`: connected, has not said who it is;
 * - `epoch`: waits until the new epoch is known;
 * - `ack-epoch`: has been told the epoch, has not said what it knows;
 * - `history`: has said what it knows; the leader may not synchronize yet;
 * - `syncing`: gets what it misses from the leader's log;
 * - `new-leader`: has been sent everything, and has not acknowledged;
 * - `synchronized`: has acknowledged; the leader is not established yet;
 * - `up`: follows.
 */
export type LearnerStage =
  'greeting' | 'epoch' | 'ack-epoch' | 'history' | 'syncing' | 'new-leader' | 'synchronized' | 'up';

/** A snapshot, or transactions from some point on. */
export type SyncMode = 'snap' | 'diff';

/** One connection of a learner. A learner that connects again gets a new one. */
export class LearnerLink {
  stage: LearnerStage = 'greeting';
  server: ServerId | undefined;
  isObserver = false;
  acceptedEpoch = 0;
  lastZxid: Zxid = 0n;
  sync: string | undefined;
  /** What it is sent, or was: see `LearnerLinks.isFull`. */
  syncMode: SyncMode | undefined;
  walk: LogWalk | undefined;
  /** Gets new proposals and commits. */
  isForwarding = false;
  acknowledged: Zxid = 0n;
  lastHeardMs: number;
  /** The proposal whose acknowledgement is being timed, and since when. */
  timed: { readonly zxid: Zxid; readonly sentMs: number } | undefined;

  constructor(
    readonly link: LinkId,
    nowMs: number,
  ) {
    this.lastHeardMs = nowMs;
  }

  get hasAcknowledgedLeader(): boolean {
    return this.stage === 'synchronized' || this.stage === 'up';
  }

  /**
   * Why this learner is given up, if it is: it, or the acknowledgement of a proposal, has been waited for too long. Before it
   * is up it has `initLimit`, as all have who must come before the leader is established: until then it answers no pings
   * (spec: learner protocol, section 6, F4).
   */
  silence(nowMs: number, options: PeerOptions): string | undefined {
    const limitTicks = this.stage === 'up' ? options.syncLimitTicks : options.initLimitTicks;
    const limitMs = limitTicks * options.tickTimeMs;
    if (nowMs - this.lastHeardMs > limitMs) return `silent for ${Math.round(nowMs - this.lastHeardMs)} ms`;
    const { timed } = this;
    if (this.stage !== 'up' || timed === undefined || nowMs - timed.sentMs <= limitMs) return undefined;
    return `proposal ${hex64(timed.zxid)} not acknowledged for ${Math.round(nowMs - timed.sentMs)} ms`;
  }

  status(nowMs: number): LearnerStatus {
    return {
      link: this.link,
      server: this.server?.toString(),
      isObserver: this.isObserver,
      stage: this.stage,
      sync: this.sync,
      acknowledged: hex64(this.acknowledged),
      lastHeardMs: nowMs - this.lastHeardMs,
    };
  }
}
