import type { QuorumPacket } from '@zk/jute';
import { InvariantViolation, type Zxid, counterOf, epochOf, hex64 } from '@zk/model';
import type { ServerId } from '@zk/quorum';
import { LearnerLink } from './learner-link.js';
import { epochStart } from './log-entry.js';
import type { LinkId, PeerInput, PeerPhase } from './messages.js';
import { ackEpochOf, learnerInfoOf, packets } from './packets.js';
import type { PeerContext } from './peer-context.js';
import { relay } from './relay.js';
import type { Role, ServingInput } from './role.js';
import type { RoleStatus } from './status.js';
import { SyncWaiters } from './sync-waiters.js';
import { Synchronizer } from './synchronizer.js';
import { PacketType } from './wire.js';

/**
 * A leader, from the end of the election on (spec: learner protocol, sections 3, 4 and 7).
 *
 * Discovery: hear from a quorum which epochs it accepted, and take a later one; from then on that quorum listens to no
 * earlier leader. Hear what the quorum knows, and give up if anybody knows more. Synchronization: make the quorum's history
 * one's own. Broadcast: propose in order, commit in order what a quorum has on disk.
 */
export class Leader implements Role {
  phase: PeerPhase = 'discovery';
  epoch = 0;
  private readonly links = new Map<LinkId, LearnerLink>();
  private readonly reported = new Set<ServerId>();
  private readonly acknowledgedEpoch = new Set<ServerId>();
  private readonly acknowledgedLeader = new Set<ServerId>();
  private readonly acknowledging = new Set<ServerId>();
  /** The last acknowledgement of each server, on whatever connection. */
  private readonly lastWords = new Map<ServerId, Zxid>();
  private isEpochChosen = false;
  private isEpochStored = false;
  private isHistoryAgreed = false;
  private lastProposed: Zxid = 0n;
  /** What the leader's state is called; after the last applied transaction, the start of its epoch. */
  private last: Zxid;
  private phaseEndsAtMs: number;
  private pingAtMs: number;
  private isHalfTick = false;
  private readonly syncs = new SyncWaiters();
  private readonly synchronizer: Synchronizer;

  constructor(
    private readonly context: PeerContext,
    private readonly onEstablished: (epoch: number) => void,
  ) {
    const { options, nowMs } = context;
    this.last = context.applied;
    this.phaseEndsAtMs = nowMs + options.initLimitTicks * options.tickTimeMs;
    this.pingAtMs = nowMs + options.tickTimeMs / 2;
    this.synchronizer = new Synchronizer(context, () => this.last);
  }

  get wakeAtMs(): number {
    return this.phase === 'broadcast' ? this.pingAtMs : Math.min(this.pingAtMs, this.phaseEndsAtMs);
  }

  start(): string | undefined {
    this.context.announce('leader', 'discovery', this.context.currentEpoch);
    this.context.outputs.push({ kind: 'listen' });
    return this.reportEpoch(this.context.id, this.context.acceptedEpoch);
  }

  tick(): string | undefined {
    const { context } = this;
    if (this.phase !== 'broadcast' && context.nowMs >= this.phaseEndsAtMs) return `no quorum in ${this.phase}`;
    if (context.nowMs < this.pingAtMs) return undefined;
    const halfTickMs = context.options.tickTimeMs / 2;
    this.pingAtMs = Math.max(this.pingAtMs + halfTickMs, context.nowMs + 1); // Ticks that were missed are not made up for.
    this.isHalfTick = !this.isHalfTick;
    const before = this.links.size;
    for (const learner of this.links.values()) {
      const silence = learner.silence(context.nowMs, context.options);
      if (silence !== undefined) this.close(learner, silence);
    }
    // Who broke off has a tick to come back; who fell silent has had its time.
    const isDue = !this.isHalfTick || this.links.size < before;
    if (this.phase === 'broadcast' && isDue && !this.hasQuorum()) return 'no quorum of learners';
    const ping = packets.ping(this.lastProposed);
    for (const learner of this.links.values()) if (learner.isForwarding) context.send(learner.link, ping);
    return undefined;
  }

  private hasQuorum(): boolean {
    const alive = new Set([this.context.id, ...[...this.links.values()].flatMap((learner) => learner.server ?? [])]);
    return this.context.verifiers.every((verifier) => verifier.isQuorum(alive));
  }

  // Links

  accepted(link: LinkId): undefined {
    this.links.set(link, new LearnerLink(link, this.context.nowMs));
  }

  connected(_attempt: number, link: LinkId): undefined {
    this.context.outputs.push({ kind: 'close', link, reason: 'a leader follows nobody' });
  }

  dialFailed(): undefined {}

  closed(link: LinkId): undefined {
    this.links.delete(link);
  }

  snapshotReceived(): undefined {}

  leave(reason: string): void {
    for (const learner of [...this.links.values()]) this.close(learner, reason);
    this.context.outputs.push({ kind: 'unlisten' });
    if (this.phase === 'broadcast') this.context.outputs.push({ kind: 'stop-serving', reason });
  }

  private close(learner: LearnerLink, reason: string): void {
    this.links.delete(learner.link);
    this.context.outputs.push({ kind: 'close', link: learner.link, reason });
  }

  packet(link: LinkId, packet: QuorumPacket): string | undefined {
    const learner = this.links.get(link);
    if (learner === undefined) return undefined;
    learner.lastHeardMs = this.context.nowMs;
    switch (packet.type) {
      case PacketType.FOLLOWERINFO:
      case PacketType.OBSERVERINFO:
        return this.receiveInfo(learner, packet);
      case PacketType.ACKEPOCH:
        return this.receiveAckEpoch(learner, packet);
      case PacketType.ACK:
        return this.receiveAck(learner, packet.zxid);
      default: {
        const defect = relay(this.context, learner, packet);
        if (defect !== undefined) this.close(learner, defect);
        return undefined;
      }
    }
  }

  // Discovery

  private receiveInfo(learner: LearnerLink, packet: QuorumPacket): string | undefined {
    const info = learnerInfoOf(packet);
    if (learner.stage !== 'greeting' || info === undefined) {
      this.close(learner, 'expected one FOLLOWERINFO or OBSERVERINFO');
      return undefined;
    }
    if (info.configVersion > this.context.config.version) {
      this.close(learner, `has a later configuration, ${hex64(info.configVersion)}`);
      return undefined;
    }
    this.replaceOlderLinkOf(info.server, learner);
    learner.server = info.server;
    learner.isObserver = packet.type === PacketType.OBSERVERINFO;
    learner.acceptedEpoch = epochOf(packet.zxid);
    learner.stage = 'epoch';
    if (this.isEpochStored) this.sendEpoch(learner);
    return this.reportEpoch(info.server, learner.acceptedEpoch);
  }

  /**
   * What a server said on an older connection is void. It may have taken its log back since, and what it acknowledged then
   * must not make up a quorum now (test: simulation, planted bug `stale-ack`).
   */
  private replaceOlderLinkOf(server: ServerId, newer: LearnerLink): void {
    newer.acknowledged = this.context.rules.ackAfterReconnect(this.lastWords.get(server) ?? 0n);
    for (const older of this.links.values()) {
      if (older.server === server && older !== newer) this.close(older, 'connected again');
    }
  }

  private reportEpoch(server: ServerId, accepted: number): string | undefined {
    const { context } = this;
    if (this.isEpochChosen) {
      // It has promised itself to a leader that never came to be; only a later epoch lets it back in.
      if (accepted > this.epoch && context.isVoter(server)) return `server ${server} has accepted epoch ${accepted}`;
      return undefined;
    }
    this.epoch = Math.max(this.epoch, context.rules.epochToPropose(accepted));
    if (context.config.verifier.voters.has(server)) this.reported.add(server);
    if (!this.reported.has(context.id) || !context.config.verifier.isQuorum(this.reported)) return undefined;
    this.isEpochChosen = true;
    context.write({ kind: 'accepted-epoch', epoch: this.epoch }, 'leader.accepted-epoch', () => this.epochStored());
    return undefined;
  }

  private epochStored(): void {
    this.isEpochStored = true;
    this.lastProposed = epochStart(this.epoch);
    for (const learner of this.links.values()) if (learner.stage === 'epoch') this.sendEpoch(learner);
    this.countEpochAck(this.context.id);
  }

  private sendEpoch(learner: LearnerLink): void {
    learner.stage = 'ack-epoch';
    this.context.send(learner.link, packets.leaderInfo(this.epoch));
  }

  private receiveAckEpoch(learner: LearnerLink, packet: QuorumPacket): string | undefined {
    const currentEpoch = ackEpochOf(packet);
    if (learner.stage !== 'ack-epoch' || currentEpoch === undefined) {
      this.close(learner, 'expected no ACKEPOCH');
      return undefined;
    }
    learner.stage = 'history';
    learner.lastZxid = packet.zxid;
    // -1: the learner has accepted this epoch before. It follows, and does not count again.
    if (!this.isHistoryAgreed && currentEpoch !== -1) {
      const { context } = this;
      const own = { currentEpoch: context.currentEpoch, lastZxid: context.applied };
      if (context.rules.isAhead({ currentEpoch: currentEpoch >>> 0, lastZxid: packet.zxid }, own)) {
        this.close(learner, `knows more than this leader: epoch ${currentEpoch}, zxid ${hex64(packet.zxid)}`);
        return undefined;
      }
      if (packet.zxid !== -1n && !learner.isObserver) this.countEpochAck(learner.server!);
    }
    if (this.isHistoryAgreed && learner.stage === 'history') this.synchronize(learner);
    return undefined;
  }

  private countEpochAck(server: ServerId): void {
    const { context } = this;
    if (this.isHistoryAgreed) return;
    if (context.config.verifier.voters.has(server)) this.acknowledgedEpoch.add(server);
    if (!this.acknowledgedEpoch.has(context.id) || !context.config.verifier.isQuorum(this.acknowledgedEpoch)) return;
    this.isHistoryAgreed = true;
    this.phase = 'synchronization';
    this.phaseEndsAtMs = context.nowMs + context.options.initLimitTicks * context.options.tickTimeMs;
    context.announce('leader', 'synchronization', this.epoch);
    context.write({ kind: 'current-epoch', epoch: this.epoch }, 'leader.current-epoch', () => {
      this.countLeaderAck(context.id);
    });
    for (const learner of this.links.values()) if (learner.stage === 'history') this.synchronize(learner);
  }

  // Synchronization

  private synchronize(learner: LearnerLink): void {
    learner.stage = 'syncing';
    if (this.synchronizer.begin(learner)) this.sendNewLeader(learner);
  }

  logEntries(input: Extract<PeerInput, { kind: 'log-entries' | 'log-unavailable' }>): string | undefined {
    const learner = this.links.get(input.link);
    if (learner?.stage !== 'syncing') return undefined;
    const isDone =
      input.kind === 'log-entries'
        ? this.synchronizer.feed(learner, input.entries, input.isLast)
        : this.synchronizer.giveUpOnLog(learner);
    if (isDone === 'failed') this.close(learner, 'its history can no longer be read from the log');
    else if (isDone) this.sendNewLeader(learner);
    return undefined;
  }

  private sendNewLeader(learner: LearnerLink): void {
    const config = this.context.lastSeenConfig ?? this.context.config;
    learner.stage = 'new-leader';
    learner.isForwarding = true;
    learner.lastHeardMs = this.context.nowMs;
    this.context.send(learner.link, packets.newLeader(this.epoch, config.text));
  }

  private countLeaderAck(server: ServerId): void {
    const { context } = this;
    this.acknowledgedLeader.add(server);
    if (this.phase === 'broadcast' || !context.rules.isEstablished(context.verifiers, this.acknowledgedLeader)) return;
    if (context.currentEpoch !== this.epoch) return;
    this.phase = 'broadcast';
    this.last = epochStart(this.epoch);
    context.committed = context.applied;
    context.announce('leader', 'broadcast', this.epoch);
    this.onEstablished(this.epoch);
    const { epoch, lastProposed: zxid } = this;
    context.outputs.push({ kind: 'serve', role: 'leader', epoch, leader: context.id, zxid });
    for (const learner of this.links.values()) if (learner.stage === 'synchronized') this.welcome(learner);
  }

  private welcome(learner: LearnerLink): void {
    learner.stage = 'up';
    if (learner.timed !== undefined) learner.timed = { ...learner.timed, sentMs: this.context.nowMs };
    this.context.send(learner.link, packets.upToDate);
  }

  // Broadcast

  serve(input: ServingInput): string | undefined {
    switch (input.kind) {
      case 'propose':
        return this.propose(input.zxid, input.txn);
      case 'sync':
        this.afterOutstanding(() => this.context.outputs.push({ kind: 'synced', tag: input.tag }));
        return undefined;
      case 'sync-learner':
        this.afterOutstanding(() => {
          if (this.links.has(input.link)) this.context.send(input.link, packets.sync);
        });
        return undefined;
      case 'revalidation':
        if (this.links.has(input.link)) {
          this.context.send(input.link, packets.revalidated(input.sessionId, input.isValid));
        }
        return undefined;
      default:
        return undefined;
    }
  }

  private propose(zxid: Zxid, txn: Uint8Array): string | undefined {
    const { context } = this;
    if (this.phase !== 'broadcast') return undefined;
    // The counter is used up: a new election gives a new epoch. As in Apache, the transaction is not proposed.
    if (counterOf(zxid) === 0xffff_ffff || epochOf(zxid) !== this.epoch) return 'zxids of this epoch are used up';
    if (zxid !== this.lastProposed + 1n) {
      throw new InvariantViolation(`${hex64(zxid)} is proposed after ${hex64(this.lastProposed)}`);
    }
    this.lastProposed = zxid;
    const proposal = packets.proposal(zxid, txn);
    for (const learner of this.links.values()) {
      if (!learner.isForwarding || learner.isObserver) continue;
      learner.timed ??= { zxid, sentMs: context.nowMs };
      context.send(learner.link, proposal);
    }
    context.append({ zxid, txn });
    context.sync('broadcast.log');
    return undefined;
  }

  private receiveAck(learner: LearnerLink, zxid: Zxid): string | undefined {
    if (counterOf(zxid) === 0) {
      if (learner.stage !== 'new-leader' || zxid !== epochStart(this.epoch)) return undefined;
      learner.stage = 'synchronized';
      if (!learner.isObserver) this.countLeaderAck(learner.server!);
      if (this.phase === 'broadcast' && learner.stage === 'synchronized') this.welcome(learner);
      return undefined;
    }
    if (!this.context.rules.countsAck(zxid, this.epoch, this.lastProposed)) return undefined;
    if (zxid > learner.acknowledged) learner.acknowledged = zxid;
    this.lastWords.set(learner.server!, zxid);
    if (learner.timed !== undefined && zxid >= learner.timed.zxid) {
      learner.timed = zxid < this.lastProposed ? { zxid: this.lastProposed, sentMs: this.context.nowMs } : undefined;
    }
    // Most acknowledgements come for what a quorum has decided already.
    if (zxid >= (this.context.tail.first?.zxid ?? zxid + 1n)) this.commitWhatCan();
    return undefined;
  }

  durable(): undefined {
    this.commitWhatCan();
  }

  /**
   * Commits from the oldest proposal on, as far as a quorum has acknowledged. A learner acknowledges in order, so its last
   * acknowledgement stands for all before it; this leader's own disk is a voter like any other.
   */
  private commitWhatCan(): void {
    const { context, acknowledging } = this;
    if (this.phase !== 'broadcast') return;
    while (context.tail.length > 0) {
      const index = context.rules.nextToCommit(context.tail.length);
      const { zxid } = context.tail.at(index);
      acknowledging.clear();
      if (context.rules.acknowledgeable(context.appended, context.durable) >= zxid) acknowledging.add(context.id);
      for (const learner of this.links.values()) {
        if (learner.acknowledged >= zxid && !learner.isObserver) acknowledging.add(learner.server!);
      }
      if (!context.rules.isCommitted(context.verifiers, acknowledging)) return;
      this.commit(index);
    }
  }

  private commit(index: number): void {
    const { context } = this;
    const { zxid, txn } = context.applyNext('commit', index);
    this.last = zxid;
    const commit = packets.commit(zxid);
    let inform: QuorumPacket | undefined;
    for (const learner of this.links.values()) {
      if (!learner.isForwarding) continue;
      context.send(learner.link, learner.isObserver ? (inform ??= packets.inform(zxid, txn)) : commit);
    }
    this.syncs.committed(zxid);
  }

  private afterOutstanding(resume: () => void): void {
    if (this.context.tail.length === 0) resume();
    else this.syncs.add(this.lastProposed, resume);
  }

  status(): RoleStatus {
    const { nowMs, id } = this.context;
    return {
      role: 'leader',
      phase: this.phase,
      leader: id.toString(),
      epoch: this.epoch,
      proposed: hex64(this.lastProposed),
      learners: [...this.links.values()].map((learner) => learner.status(nowMs)),
    };
  }
}
