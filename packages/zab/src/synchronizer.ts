import { type Zxid, hex64 } from '@zk/model';
import type { LearnerLink, SyncMode } from './learner-link.js';
import type { LearnerLinks } from './learner-links.js';
import { type LogEntry } from './log-entry.js';
import type { PeerInput } from './messages.js';
import { packets } from './packets.js';
import type { PeerContext } from './peer-context.js';
import { LogWalk, type SyncPlan, type SyncStart } from './sync-plan.js';
import { PacketType } from './wire.js';

/** Whether the learner has been sent everything; or why it must be given up. */
type Progress = boolean | string;

const LOG_LOST = 'its history can no longer be read from the log';
const FULL = 'too many learners are being brought up to date';

/**
 * Sends a learner what separates its history from its leader's: first what is committed, each transaction as a proposal
 * and its commit, then what is proposed and waits. Everything new follows in the same stream, so nothing is left out.
 */
export class Synchronizer {
  /** @param source who sends: what its state is called, and the epoch it is in */
  constructor(
    private readonly context: PeerContext,
    private readonly links: LearnerLinks,
    private readonly source: { last(): Zxid; epoch(): number },
  ) {}

  /** Begins, and mostly ends; if not, entries of the log are being read. */
  begin(learner: LearnerLink): void {
    learner.stage = 'syncing';
    this.proceed(learner, this.sendHistory(learner));
  }

  /** What the log gave. */
  resume(learner: LearnerLink, input: Extract<PeerInput, { kind: 'log-entries' | 'log-unavailable' }>): void {
    this.proceed(
      learner,
      input.kind === 'log-entries' ? this.feed(learner, input.entries, input.isLast) : this.giveUpOnLog(learner),
    );
  }

  private proceed(learner: LearnerLink, progress: Progress): void {
    if (typeof progress === 'string') this.links.close(learner, progress);
    else if (progress) this.finish(learner);
  }

  /** Everything has been sent, and everything new follows from now on. */
  private finish(learner: LearnerLink): void {
    const { context } = this;
    learner.stage = 'new-leader';
    learner.isForwarding = true;
    learner.lastHeardMs = context.nowMs;
    context.send(learner.link, packets.newLeader(this.source.epoch(), context.membership.lastSeen.text));
  }

  private sendHistory(learner: LearnerLink): Progress {
    const { context } = this;
    const plan: SyncPlan = context.options.isSnapshotForced
      ? { mode: 'snap' }
      : context.rules.planSync(learner.lastZxid, this.source.last(), context.recent);
    if (plan.mode === 'snap') return this.sendSnapshot(learner);
    if (plan.mode === 'log') {
      learner.walk = new LogWalk(learner.lastZxid);
      this.readLog(learner, plan.after, plan.upTo);
      return false;
    }
    if (!this.sendStart(learner, plan)) return FULL;
    this.sendRecent(learner, plan.from);
    return true;
  }

  /** A piece of the log. */
  private feed(learner: LearnerLink, entries: readonly LogEntry[], isLast: boolean): Progress {
    const { context } = this;
    const walk = learner.walk!;
    // The driver gives a piece when there is room for it: the learner has taken what came before.
    this.links.progressed(learner.link);
    const result = walk.feed(entries, context.recent.last?.zxid ?? this.source.last());
    if (result === 'snap') return this.giveUpOnLog(learner);
    if (result.start !== undefined && !this.sendStart(learner, result.start)) return FULL;
    for (const entry of result.entries) this.sendCommitted(learner, entry);
    if (!isLast) return false;
    const { reached } = walk;
    if (reached === undefined) return this.giveUpOnLog(learner);
    // More may have been committed while the log was read than is kept in memory: then there is more to read.
    const first = context.recent.first;
    if (first !== undefined && first.zxid > reached) {
      this.readLog(learner, reached, first.zxid);
      return false;
    }
    this.sendRecent(learner, context.recent.indexFrom(reached + 1n));
    return true;
  }

  private giveUpOnLog(learner: LearnerLink): Progress {
    // Once something is sent, a snapshot cannot follow on the same connection; the learner comes back with what it has.
    return learner.walk?.reached === undefined ? this.sendSnapshot(learner) : LOG_LOST;
  }

  private readLog(learner: LearnerLink, after: Zxid, upTo: Zxid): void {
    this.context.outputs.push({ kind: 'read-log', link: learner.link, after, upTo });
  }

  /** @returns whether a learner may be brought up to date in this way now; followers always may */
  private enters(learner: LearnerLink, mode: SyncMode): boolean {
    if (learner.isObserver && this.links.isFull(mode)) return false;
    learner.syncMode = mode;
    return true;
  }

  private sendSnapshot(learner: LearnerLink): Progress {
    if (!this.enters(learner, 'snap')) return FULL;
    const last = this.source.last();
    learner.sync = `SNAP ${hex64(last)}`;
    learner.walk = undefined;
    this.announce(learner, 'snap');
    this.context.send(learner.link, packets.start(PacketType.SNAP, last));
    this.context.outputs.push({ kind: 'send-snapshot', link: learner.link });
    this.sendOutstanding(learner);
    return true;
  }

  private announce({ link }: LearnerLink, mode: SyncMode | 'trunc'): void {
    const inFlight = this.links.inFlight(mode === 'snap' ? mode : 'diff');
    this.context.outputs.push({ kind: 'synchronizing', link, mode, inFlight });
  }

  /** @returns whether it may be sent */
  private sendStart(learner: LearnerLink, plan: SyncStart): boolean {
    if (!this.enters(learner, 'diff')) return false;
    learner.sync = `${plan.mode === 'diff' ? 'DIFF' : 'TRUNC'} ${hex64(plan.zxid)}`;
    const type = plan.mode === 'diff' ? PacketType.DIFF : PacketType.TRUNC;
    this.announce(learner, plan.mode);
    this.context.send(learner.link, packets.start(type, plan.zxid));
    return true;
  }

  private sendRecent(learner: LearnerLink, from: number): void {
    const { recent } = this.context;
    for (let i = from; i < recent.length; i++) this.sendCommitted(learner, recent.at(i));
    this.sendOutstanding(learner);
  }

  private sendCommitted(learner: LearnerLink, entry: LogEntry): void {
    this.context.send(learner.link, packets.proposal(entry.zxid, entry.txn));
    this.context.send(learner.link, packets.commit(entry.zxid));
  }

  /** Observers hear of a transaction when it is committed, and not before. */
  private sendOutstanding(learner: LearnerLink): void {
    if (learner.isObserver) return;
    const { tail, nowMs } = this.context;
    for (let i = 0; i < tail.length; i++) {
      const { zxid, txn } = tail.at(i);
      learner.timed ??= { zxid, sentMs: nowMs };
      this.context.send(learner.link, packets.proposal(zxid, txn));
    }
  }
}
