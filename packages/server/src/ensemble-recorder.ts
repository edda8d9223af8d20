import type { Clock } from '@zk/contracts';
import type { EnsembleEvent, EnsembleRole, EnsembleStatus } from '@zk/ensemble';
import { readInt32 } from '@zk/jute';
import type { EnsembleConfig, ServerId } from '@zk/quorum';
import type { Proposer } from '@zk/request-pipeline';
import type { LearnerStatus } from '@zk/zab';
import { EnsembleStats } from './ensemble-stats.js';
import type { EnsembleView, LeadingView, ProposalSizes } from './ensemble-view.js';

/** What stays the same while a server is a member. */
export interface RecorderOptions {
  readonly id: ServerId;
  readonly config: EnsembleConfig;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** Whether it serves observers while it follows. */
  readonly servesObservers: boolean;
}

/** Where the time stands in a transaction: behind session, cxid and zxid. */
const TIME_OFFSET = 20;
/** How long the distance between the two clocks is believed in. */
const CLOCKS_AGREE_MS = 1000;

/** Looks on while a server takes part in its ensemble, counts, and tells four-letter words of it. */
export class EnsembleRecorder {
  readonly stats = new EnsembleStats();
  private config: EnsembleConfig;
  private leadingSinceMs = 0;
  private readonly proposals: { -readonly [size in keyof ProposalSizes]: number } = { last: -1, min: -1, max: -1 };
  private role: EnsembleRole | undefined;
  /** Wall clock less monotonic clock, and until when that may be used. */
  private wallOffsetMs = 0;
  private offsetDueMs = -Infinity;

  /** @param now monotonic ms, read once per turn: it is asked for every transaction */
  constructor(
    private readonly options: RecorderOptions,
    private readonly clock: Clock,
    private readonly now: () => number,
  ) {
    this.config = options.config;
  }

  /** Its role or phase is another one now. */
  changed(role: EnsembleRole): void {
    const nowMs = this.now();
    if (role.role === 'leader' && this.role?.role !== 'leader') {
      this.leadingSinceMs = nowMs;
      Object.assign(this.proposals, { last: -1, min: -1, max: -1 });
    }
    this.role = role;
    this.stats.changed(role, nowMs);
  }

  heard(event: EnsembleEvent): void {
    if (event.kind === 'config' && event.status === 'committed') this.config = event.config;
    else if (event.kind === 'revalidate') this.stats.counts.revalidate_count++;
    else if (event.kind === 'synchronizing') this.stats.synchronizing(event.mode, event.inFlight);
    else if (event.kind === 'acknowledged') this.stats.acknowledged(event.server, event.afterMs);
    else if (event.kind === 'append') this.logged(event.entry.txn);
    else if (event.kind === 'deliver' && event.cause === 'commit') this.committed(event.entry.txn);
  }

  /** The proposer, watched. */
  watching(proposer: Proposer): Proposer {
    return {
      propose: (zxidHi, zxidLo, bytes, start, end) => {
        this.stats.proposed(this.now());
        const { proposals } = this;
        const sizeBytes = end - start;
        proposals.last = sizeBytes;
        if (proposals.min < 0 || sizeBytes < proposals.min) proposals.min = sizeBytes;
        if (sizeBytes > proposals.max) proposals.max = sizeBytes;
        proposer.propose(zxidHi, zxidLo, bytes, start, end);
      },
    };
  }

  /** undefined while it has no part in which it could serve clients. */
  view(status: EnsembleStatus | undefined): EnsembleView | undefined {
    const { role, options, config, stats } = this;
    if (role === undefined) return undefined;
    const mode = role.role === 'looking' ? 'read-only' : role.role;
    const master = status?.peer.master;
    return {
      serverId: options.id,
      mode,
      phase: role.phase === 'recovery' ? 'election' : role.phase,
      syncMode: undefined,
      config,
      initLimitTicks: options.initLimitTicks,
      syncLimitTicks: options.syncLimitTicks,
      master: master === undefined ? undefined : BigInt(master),
      leading: mode === 'leader' && status !== undefined ? this.leading(status) : undefined,
      observersServed: mode === 'follower' && options.servesObservers ? syncedOf(status).length : undefined,
      stats,
    };
  }

  /** What a follower that serves logs are proposals. Before that they are history, and to an observer nothing is proposed. */
  private logged(txn: Uint8Array): void {
    if (this.role?.role !== 'follower' || !this.role.isServing) return;
    this.stats.proposalReceived(timeOf(txn), this.wallMs(this.now()));
  }

  private committed(txn: Uint8Array): void {
    const nowMs = this.now();
    const wallMs = this.wallMs(nowMs);
    const madeMs = timeOf(txn);
    if (this.role?.role === 'leader') this.stats.committed(nowMs);
    else this.stats.commitReceived(madeMs, wallMs);
    this.stats.applied(madeMs, wallMs);
  }

  private wallMs(nowMs: number): number {
    if (nowMs >= this.offsetDueMs) {
      this.wallOffsetMs = this.clock.wallMs() - nowMs;
      this.offsetDueMs = nowMs + CLOCKS_AGREE_MS;
    }
    return nowMs + this.wallOffsetMs;
  }

  private leading({ peer }: EnsembleStatus): LeadingView {
    const synced = syncedOf({ peer });
    const isVoter = (server: string | undefined): boolean =>
      server !== undefined && this.config.voters.has(BigInt(server));
    const followers = synced.filter(({ isObserver }) => !isObserver);
    const voters = followers.filter(({ server }) => isVoter(server));
    return {
      learners: peer.learners.length,
      syncedFollowers: voters.length,
      syncedNonVotingFollowers: followers.length - voters.length,
      syncedObservers: synced.length - followers.length,
      pendingSyncs: 0,
      sinceMs: this.leadingSinceMs,
      proposalBytes: { ...this.proposals },
    };
  }
}

/** When a transaction was made, in wall-clock ms. */
function timeOf(txn: Uint8Array): number {
  return readInt32(txn, TIME_OFFSET) * 2 ** 32 + (readInt32(txn, TIME_OFFSET + 4) >>> 0);
}

/** Learners that are up to date. */
function syncedOf(status: Pick<EnsembleStatus, 'peer'> | undefined): readonly LearnerStatus[] {
  return status?.peer.learners.filter(({ stage }) => stage === 'synchronized' || stage === 'up') ?? [];
}
