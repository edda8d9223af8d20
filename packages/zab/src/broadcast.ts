import { InvariantViolation, type Zxid, counterOf, epochOf, hex64 } from '@zk/model';
import type { QuorumVerifier, ServerId } from '@zk/quorum';
import { CommitNews } from './commit-news.js';
import type { LearnerLink } from './learner-link.js';
import { epochStart } from './log-entry.js';
import type { LinkId } from './messages.js';
import { packets } from './packets.js';
import type { PeerContext } from './peer-context.js';
import { designatedLeader } from './succession.js';
import { SyncWaiters } from './sync-waiters.js';

/** The counter that no transaction of an epoch gets: Apache begins a new epoch there. */
const LAST_COUNTER = 0xffff_ffff;

/** All up to a zxid are acknowledged by the same servers, which are a quorum of these verifiers. */
interface Decided {
  readonly upTo: Zxid;
  readonly verifiers: readonly QuorumVerifier[];
}

/**
 * A leader's proposals (spec: learner protocol, section 7): proposed in order, committed in order, each when a quorum has
 * it on disk. A new configuration is a proposal like any other, until it is committed: then it counts, and with it goes
 * the name of whoever leads from then on.
 */
export class Broadcast {
  lastProposed: Zxid = 0n;
  private lastProposedMs = 0;
  /** What the leader's state is called; after the last applied transaction, the start of its epoch. */
  last: Zxid;
  /** Who leads from now on, if it is not this leader. Then nothing more is committed here. */
  successor: ServerId | undefined;
  private isEstablished = false;
  private readonly acknowledging = new Set<ServerId>();
  private readonly news = new CommitNews();
  private readonly syncs = new SyncWaiters();

  constructor(
    private readonly context: PeerContext,
    private readonly links: ReadonlyMap<LinkId, LearnerLink>,
  ) {
    this.last = context.applied;
  }

  /** A quorum has this leader's history. A configuration in it that was pending is committed with it. */
  establish(epoch: number): void {
    const { context } = this;
    this.isEstablished = true;
    this.last = epochStart(epoch);
    context.committed = context.applied;
    const { committed: before, pending } = context.membership;
    if (pending === undefined) return;
    const designated = designatedLeader(context.id, before, pending, this.links.values());
    context.membership.commit(pending);
    this.nameLeader(designated);
  }

  /** @returns why this leader gives up, if it must */
  propose(zxid: Zxid, txn: Uint8Array): string | undefined {
    const { context } = this;
    if (!this.isEstablished) return undefined;
    // The counter is used up: a new election gives a new epoch. As in Apache, the transaction is not proposed.
    if (counterOf(zxid) === LAST_COUNTER || epochOf(zxid) !== epochOf(this.lastProposed)) {
      return 'zxids of this epoch are used up';
    }
    if (zxid !== this.lastProposed + 1n) {
      throw new InvariantViolation(`${hex64(zxid)} is proposed after ${hex64(this.lastProposed)}`);
    }
    this.lastProposed = zxid;
    this.lastProposedMs = context.nowMs;
    const proposal = [packets.proposal(zxid, txn)];
    for (const learner of this.links.values()) {
      if (!learner.isForwarding || learner.isObserver) continue;
      learner.timed ??= { zxid, sentMs: context.nowMs };
      context.sendAll(learner.link, proposal);
    }
    context.append({ zxid, txn });
    context.sync('broadcast.log');
    return undefined;
  }

  /** A learner has a proposal, and all before it, on disk. @returns whether it counts */
  acknowledge(learner: LearnerLink, zxid: Zxid): boolean {
    const { context } = this;
    if (!context.rules.countsAck(zxid, epochOf(this.lastProposed), this.lastProposed)) return false;
    if (zxid > learner.acknowledged) learner.acknowledged = zxid;
    this.time(learner, zxid);
    // Most acknowledgements come for what a quorum has decided already.
    if (zxid >= (context.tail.first?.zxid ?? zxid + 1n)) this.commitWhatCan();
    return true;
  }

  /** One proposal at a time is timed for each learner: after the one that is acknowledged, the last there is. */
  private time(learner: LearnerLink, acknowledged: Zxid): void {
    const { timed, server } = learner;
    if (timed === undefined || acknowledged < timed.zxid) return;
    const { nowMs, outputs } = this.context;
    outputs.push({ kind: 'acknowledged', server: server!, afterMs: nowMs - timed.sentMs });
    // It may have been proposed long before the learner was up: what counts is what it has had time for.
    const sentMs = Math.max(timed.sentMs, this.lastProposedMs);
    learner.timed = acknowledged < this.lastProposed ? { zxid: this.lastProposed, sentMs } : undefined;
  }

  /**
   * Commits from the oldest proposal on, as far as a quorum has acknowledged. A learner acknowledges in order, so its last
   * acknowledgement stands for all before it; this leader's own disk is a voter like any other.
   */
  commitWhatCan(): void {
    const { context } = this;
    let decided: Decided | undefined;
    while (this.isEstablished && context.tail.length > 0 && this.successor === undefined) {
      const index = context.rules.nextToCommit(context.tail.length);
      const { zxid } = context.tail.at(index);
      // Another configuration may have been committed, and then other servers count.
      if (decided === undefined || zxid > decided.upTo || decided.verifiers !== context.verifiers) {
        decided = this.decide(zxid);
        if (decided === undefined) break;
      }
      this.commit(index);
    }
    this.news.tell(context, this.links.values());
  }

  /** What can be said of a proposal, and of all up to the first that somebody of its quorum has not acknowledged. */
  private decide(zxid: Zxid): Decided | undefined {
    const { context, acknowledging } = this;
    const { rules, verifiers } = context;
    const own = rules.acknowledgeable(context.appended, context.durable);
    let upTo: Zxid | undefined;
    acknowledging.clear();
    if (own >= zxid) {
      acknowledging.add(context.id);
      upTo = own;
    }
    for (const { acknowledged, isObserver, server } of this.links.values()) {
      if (acknowledged < zxid || isObserver) continue;
      acknowledging.add(server!);
      if (upTo === undefined || acknowledged < upTo) upTo = acknowledged;
    }
    return rules.isCommitted(verifiers, acknowledging) ? { upTo: upTo ?? zxid, verifiers } : undefined;
  }

  afterOutstanding(resume: () => void): void {
    if (this.context.tail.length === 0) resume();
    else this.syncs.add(this.lastProposed, resume);
  }

  private commit(index: number): void {
    const { context, links, news, syncs } = this;
    const { committed: before, pending } = context.membership;
    const entry = context.applyNext('commit', index);
    const { zxid } = entry;
    this.last = zxid;
    const designated =
      pending?.version === zxid ? designatedLeader(context.id, before, pending, links.values()) : undefined;
    news.add(entry, designated);
    if (designated !== undefined) this.nameLeader(designated);
    if (!syncs.has(zxid)) return;
    // A learner answers its clients in order: the sync before what is committed next.
    news.tell(context, links.values());
    syncs.committed(zxid);
  }

  private nameLeader(leader: ServerId): void {
    const { context, last: zxid } = this;
    context.outputs.push({ kind: 'activate', zxid, leader });
    if (leader !== context.id) this.successor = leader;
  }
}
