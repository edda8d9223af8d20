import type { QuorumPacket } from '@zk/jute';
import { type Zxid, counterOf, epochOf, hex64 } from '@zk/model';
import { type ServerId, isQuorumOfAll } from '@zk/quorum';
import { Broadcast } from './broadcast.js';
import { Discovery } from './discovery.js';
import type { LearnerLink } from './learner-link.js';
import { LearnerLinks } from './learner-links.js';
import { epochStart } from './log-entry.js';
import type { LinkId, PeerInput, PeerPhase } from './messages.js';
import { ackEpochOf, learnerInfoOf, packets } from './packets.js';
import type { PeerContext } from './peer-context.js';
import { relay } from './relay.js';
import type { Followers, Role, ServingInput } from './role.js';
import type { RoleStatus } from './status.js';
import { Synchronizer } from './synchronizer.js';
import { PacketType } from './wire.js';

/**
 * A leader, from the end of the election on (spec: learner protocol, sections 3, 4 and 7).
 *
 * Discovery: hear from a quorum which epochs it accepted, and take a later one; from then on that quorum listens to no
 * earlier leader. Hear what the quorum knows, and give up if anybody knows more. Synchronization: make the quorum's history
 * one's own. Broadcast: propose in order, commit in order what a quorum has on disk; until a new configuration names
 * another leader.
 */
export class Leader implements Role {
  phase: PeerPhase = 'discovery';
  private readonly links: LearnerLinks;
  private readonly discovery: Discovery;
  private readonly broadcast: Broadcast;
  private readonly acknowledgedLeader = new Set<ServerId>();
  /** The last acknowledgement of each server, on whatever connection. */
  private readonly lastWords = new Map<ServerId, Zxid>();
  private phaseEndsAtMs: number;
  private isHalfTick = false;
  /** A leader that named another one leaves when its learners have, and no later than this. */
  private handoverEndsAtMs = Infinity;
  private readonly synchronizer: Synchronizer;

  constructor(
    private readonly context: PeerContext,
    electors: ReadonlySet<ServerId>,
    private readonly onEstablished: (epoch: number) => void,
  ) {
    const { options, nowMs } = context;
    this.discovery = new Discovery(context, electors, {
      epochStored: () => this.epochStored(),
      historyAgreed: () => this.historyAgreed(),
    });
    this.links = new LearnerLinks(context);
    this.broadcast = new Broadcast(context, this.links);
    this.phaseEndsAtMs = nowMs + options.initLimitTicks * options.tickTimeMs;
    this.synchronizer = new Synchronizer(context, this.links, {
      last: () => this.broadcast.last,
      epoch: () => this.epoch,
    });
  }

  get epoch(): number {
    return this.discovery.epoch;
  }

  get wakeAtMs(): number {
    const { pingAtMs } = this.links;
    return this.phase === 'broadcast' ? pingAtMs : Math.min(pingAtMs, this.phaseEndsAtMs);
  }

  start(): string | undefined {
    this.context.announce('leader', 'discovery', this.context.currentEpoch);
    this.context.outputs.push({ kind: 'listen', port: 'learners' });
    return this.discovery.report(this.context.id, this.context.acceptedEpoch);
  }

  tick(): string | undefined {
    const { context, links } = this;
    if (this.phase !== 'broadcast' && context.nowMs >= this.phaseEndsAtMs) return `no quorum in ${this.phase}`;
    if (!links.takePing()) return undefined;
    this.isHalfTick = !this.isHalfTick;
    const before = links.size;
    links.closeSilent();
    // Who broke off has a tick to come back; who fell silent has had its time.
    const isDue = !this.isHalfTick || links.size < before;
    if (context.nowMs >= this.handoverEndsAtMs) return this.handOver();
    if (this.phase === 'broadcast' && isDue && !this.hearsQuorum() && !this.asksOracle()) {
      return this.handOver() ?? 'no quorum of learners';
    }
    links.ping(this.broadcast.lastProposed);
    return undefined;
  }

  private hearsQuorum(): boolean {
    const { id, membership } = this.context;
    const alive = new Set([id, ...[...this.links.values()].flatMap((learner) => learner.server ?? [])]);
    return isQuorumOfAll(membership.verifiers, alive);
  }

  /** Whether this leader may go on for another tick, while the oracle is asked whether the other voter is lost. */
  private asksOracle(): boolean {
    const { membership, oracle } = this.context;
    return oracle.ask(membership.verifiers);
  }

  private oracleAnswered(isOtherLost: boolean): string | undefined {
    if (!this.context.oracle.answered(isOtherLost)) return undefined;
    if (!isOtherLost) return this.hearsQuorum() ? undefined : 'no quorum of learners, and the oracle grants none';
    return this.durable();
  }

  /** Learners leave when they hear of the new leader. When they have, this one follows it too. */
  private handOver(): string | undefined {
    const { successor } = this.broadcast;
    if (successor === undefined) return undefined;
    this.context.appointed = successor;
    return `server ${successor} leads under the new configuration`;
  }

  // Links

  accepted(link: LinkId): undefined {
    this.links.accept(link);
  }

  connected(_attempt: number, link: LinkId): undefined {
    this.context.outputs.push({ kind: 'close', link, reason: 'a leader follows nobody' });
  }

  dialFailed(): undefined {}

  closed(link: LinkId): string | undefined {
    this.links.delete(link);
    return this.hearsQuorum() ? undefined : this.handOver();
  }

  snapshotProgress(link: LinkId): void {
    this.links.progressed(link);
  }

  snapshotReceived(): undefined {}

  heardLooking(server: ServerId): string | undefined {
    return this.discovery.heardLooking(server);
  }

  leave(reason: string): void {
    this.links.closeAll(reason);
    this.context.outputs.push({ kind: 'unlisten', port: 'learners' });
    if (this.phase === 'broadcast') this.context.outputs.push({ kind: 'stop-serving', reason });
  }

  packet(link: LinkId, packet: QuorumPacket): string | undefined {
    const learner = this.links.heard(link);
    if (learner === undefined) return undefined;
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
        if (defect !== undefined) this.links.close(learner, defect);
        return undefined;
      }
    }
  }

  // Discovery

  private receiveInfo(learner: LearnerLink, packet: QuorumPacket): string | undefined {
    const info = learnerInfoOf(packet);
    if (learner.stage !== 'greeting' || info === undefined) {
      this.links.close(learner, 'expected one FOLLOWERINFO or OBSERVERINFO');
      return undefined;
    }
    // Its acknowledgements would stand in for those of this leader's own disk.
    if (info.server === this.context.id) {
      this.links.close(learner, `it says it is server ${info.server}, as is this leader`, true);
      return undefined;
    }
    if (info.configVersion > this.context.config.version) return this.refuse(learner, info);
    learner.server = info.server;
    this.replaceOlder(info.server, learner);
    learner.isObserver = packet.type === PacketType.OBSERVERINFO;
    learner.acceptedEpoch = epochOf(packet.zxid);
    learner.stage = 'epoch';
    if (this.discovery.isEpochStored) this.sendEpoch(learner);
    return this.discovery.report(info.server, learner.acceptedEpoch);
  }

  /**
   * What a server said on an older connection is void. It may have taken its log back since, and what it acknowledged then
   * must not make up a quorum now (test: simulation, planted bug `stale-ack`).
   */
  private replaceOlder(server: ServerId, newer: LearnerLink): void {
    newer.acknowledged = this.context.rules.ackAfterReconnect(this.lastWords.get(server) ?? 0n);
    this.links.closeOlderThan(newer);
  }

  /**
   * The learner has a configuration that this leader has not. One that is established knows better; a new one has to begin
   * again, with that configuration: if it is the pending one, it is known now to be committed.
   */
  private refuse(
    learner: LearnerLink,
    { server, configVersion }: { server: ServerId; configVersion: bigint },
  ): string | undefined {
    const { membership, options } = this.context;
    const reason = `server ${server} has a later configuration, ${hex64(configVersion)}`;
    if (options.isReconfigEnabled && this.phase !== 'broadcast' && membership.isVoter(server)) {
      if (membership.pending?.version === configVersion) membership.commit(membership.pending);
      return reason;
    }
    this.links.close(learner, reason);
    return undefined;
  }

  private epochStored(): void {
    this.broadcast.lastProposed = epochStart(this.epoch);
    this.context.membership.begin(epochStart(this.epoch));
    for (const learner of this.links.values()) if (learner.stage === 'epoch') this.sendEpoch(learner);
  }

  private sendEpoch(learner: LearnerLink): void {
    learner.stage = 'ack-epoch';
    this.context.send(learner.link, packets.leaderInfo(this.epoch));
  }

  private receiveAckEpoch(learner: LearnerLink, packet: QuorumPacket): string | undefined {
    const currentEpoch = ackEpochOf(packet);
    if (learner.stage !== 'ack-epoch' || currentEpoch === undefined) {
      this.links.close(learner, 'expected no ACKEPOCH');
      return undefined;
    }
    learner.stage = 'history';
    learner.lastZxid = packet.zxid;
    // -1: the learner has accepted this epoch before. It follows, and does not count again.
    if (!this.discovery.isHistoryAgreed && currentEpoch !== -1) {
      const { context } = this;
      const own = { currentEpoch: context.currentEpoch, lastZxid: context.applied };
      if (context.rules.isAhead({ currentEpoch: currentEpoch >>> 0, lastZxid: packet.zxid }, own)) {
        this.links.close(learner, `knows more than this leader: epoch ${currentEpoch}, zxid ${hex64(packet.zxid)}`);
        return undefined;
      }
      if (packet.zxid !== -1n && !learner.isObserver) this.discovery.acknowledge(learner.server!);
    }
    if (this.discovery.isHistoryAgreed && learner.stage === 'history') this.synchronizer.begin(learner);
    return undefined;
  }

  private historyAgreed(): void {
    const { context } = this;
    this.phase = 'synchronization';
    this.phaseEndsAtMs = context.nowMs + context.options.initLimitTicks * context.options.tickTimeMs;
    context.announce('leader', 'synchronization', this.epoch);
    context.write({ kind: 'current-epoch', epoch: this.epoch }, 'leader.current-epoch', () =>
      this.countLeaderAck(context.id),
    );
    for (const learner of this.links.values()) if (learner.stage === 'history') this.synchronizer.begin(learner);
  }

  // Synchronization

  logEntries(input: Extract<PeerInput, { kind: 'log-entries' | 'log-unavailable' }>): string | undefined {
    const learner = this.links.get(input.link);
    if (learner?.stage !== 'syncing') return undefined;
    this.synchronizer.resume(learner, input);
    return undefined;
  }

  private countLeaderAck(server: ServerId): string | undefined {
    const { context, acknowledgedLeader } = this;
    acknowledgedLeader.add(server);
    const isEstablished = context.rules.isEstablished(context.verifiers, acknowledgedLeader);
    if (this.phase === 'broadcast' || !isEstablished || context.currentEpoch !== this.epoch) return undefined;
    return this.establish();
  }

  private establish(): string | undefined {
    const { context, broadcast } = this;
    this.phase = 'broadcast';
    broadcast.establish(this.epoch);
    context.announce('leader', 'broadcast', this.epoch);
    this.onEstablished(this.epoch);
    const { lastProposed: zxid } = broadcast;
    context.outputs.push({ kind: 'serve', role: 'leader', epoch: this.epoch, leader: context.id, zxid });
    for (const learner of this.links.values()) if (learner.stage === 'synchronized') this.welcome(learner);
    // It completed a configuration in which it does not lead. Its learners have heard of that, and elect another one.
    return broadcast.successor === undefined ? undefined : 'the configuration it has completed is led by another one';
  }

  private welcome(learner: LearnerLink): void {
    learner.stage = 'up';
    learner.lastHeardMs = this.context.nowMs;
    if (learner.timed !== undefined) learner.timed = { ...learner.timed, sentMs: this.context.nowMs };
    this.context.send(learner.link, packets.upToDate);
  }

  // Broadcast

  serve(input: ServingInput): string | undefined {
    switch (input.kind) {
      case 'oracle':
        return this.oracleAnswered(input.isOtherLost);
      case 'propose':
        return this.broadcast.propose(input.zxid, input.txn);
      case 'sync':
        this.broadcast.afterOutstanding(() => this.context.outputs.push({ kind: 'synced', tag: input.tag }));
        return undefined;
      case 'sync-learner':
        this.broadcast.afterOutstanding(() => {
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

  private receiveAck(learner: LearnerLink, zxid: Zxid): string | undefined {
    if (counterOf(zxid) === 0) {
      if (learner.stage !== 'new-leader' || zxid !== epochStart(this.epoch)) return undefined;
      learner.stage = 'synchronized';
      // The other voter is back: from now on its word is needed again.
      if (this.context.isVoter(learner.server!)) this.context.oracle.withdraw();
      const reason = learner.isObserver ? undefined : this.countLeaderAck(learner.server!);
      if (this.phase === 'broadcast' && learner.stage === 'synchronized') this.welcome(learner);
      return reason;
    }
    if (!this.broadcast.acknowledge(learner, zxid)) return undefined;
    this.lastWords.set(learner.server!, zxid);
    this.noteHandover();
    return undefined;
  }

  durable(): undefined {
    this.broadcast.commitWhatCan();
    this.noteHandover();
  }

  private noteHandover(): void {
    if (this.broadcast.successor === undefined || this.handoverEndsAtMs !== Infinity) return;
    const { nowMs, options } = this.context;
    this.handoverEndsAtMs = nowMs + options.syncLimitTicks * options.tickTimeMs;
  }

  followers(): Followers {
    const followers = [...this.links.values()].filter((one) => one.hasAcknowledgedLeader && !one.isObserver);
    const synchronized = followers.map((learner) => learner.server!);
    return { synchronized, isHandingOver: this.broadcast.successor !== undefined };
  }

  status(): RoleStatus {
    const { nowMs, id } = this.context;
    return {
      role: 'leader',
      phase: this.phase,
      leader: id.toString(),
      master: undefined,
      epoch: this.epoch,
      proposed: hex64(this.broadcast.lastProposed),
      learners: [...this.links.values()].map((learner) => learner.status(nowMs)),
    };
  }
}
