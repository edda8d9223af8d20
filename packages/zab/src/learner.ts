import { type Zxid, epochOf, hex64 } from '@zk/model';
import type { QuorumPacket } from '@zk/jute';
import type { ServerId } from '@zk/quorum';
import { LearnerClients } from './learner-clients.js';
import { LearnerDialling } from './learner-dialling.js';
import { Synchronization } from './learner-sync.js';
import { epochStart } from './log-entry.js';
import type { LinkId, PeerInput, PeerPhase } from './messages.js';
import { ObserverMaster } from './observer-master.js';
import { designatedLeaderOf, packets, txnOf } from './packets.js';
import type { PeerContext } from './peer-context.js';
import type { Followers, Role, ServingInput } from './role.js';
import type { RoleStatus } from './status.js';
import { PacketType, packetName } from './wire.js';

/** The zxid of a server that does not trust its empty disk. */
const NOTHING = -1n;

/**
 * A follower or an observer, from the end of the election on (spec: learner protocol, sections 6 and 7).
 *
 * What is promised is on disk before it is said: the accepted epoch before ACKEPOCH; the leader's history, then the current
 * epoch, before the ACK of NEWLEADER; a proposal before its ACK. While the disk is busy with one of the first, packets wait
 * in the inbox, so that every rule below may take the disk for done.
 */
export class Learner implements Role {
  phase: PeerPhase = 'discovery';
  private link: LinkId | undefined;
  private readonly dialling: LearnerDialling;
  private epoch = 0;
  private isGreeted = false;
  private readonly synchronization: Synchronization;
  /** Logged, and acknowledged one by one when durable. */
  private readonly unacknowledged: Zxid[] = [];
  /** Packets wait for the disk, or for the end of a snapshot. */
  private isBusy = false;
  private readonly inbox: QuorumPacket[] = [];
  private readonly clients: LearnerClients;
  /** Present on a follower that serves observers, as long as it follows. */
  private observers: ObserverMaster | undefined;
  private lastHeardMs: number;

  constructor(
    private readonly context: PeerContext,
    private readonly leader: ServerId,
    private readonly role: 'follower' | 'observer',
    private readonly onEstablished: (epoch: number) => void,
    nextAttempt: () => number,
  ) {
    this.lastHeardMs = context.nowMs;
    this.dialling = new LearnerDialling(context, leader, role, nextAttempt);
    this.clients = new LearnerClients(
      (output) => context.outputs.push(output),
      (packet) => context.send(this.link!, packet),
    );
    this.synchronization = new Synchronization(context, role, {
      send: (packet) => context.send(this.link!, packet),
      hold: () => void (this.isBusy = true),
      resume: () => this.resume(),
      upToDate: () => this.upToDate(),
    });
  }

  get wakeAtMs(): number {
    const ownMs = Math.min(this.dialling.dialAtMs, this.deadlineMs);
    return this.observers === undefined ? ownMs : Math.min(ownMs, this.observers.wakeAtMs);
  }

  private get deadlineMs(): number {
    const { initLimitTicks, syncLimitTicks, tickTimeMs } = this.context.options;
    if (this.link === undefined) return this.dialling.deadlineMs;
    return this.lastHeardMs + (this.synchronization.hasNewLeader ? syncLimitTicks : initLimitTicks) * tickTimeMs;
  }

  start(): string | undefined {
    this.context.announce(this.role, 'discovery', this.context.currentEpoch);
    return this.tick();
  }

  tick(): string | undefined {
    const { nowMs } = this.context;
    if (nowMs >= this.deadlineMs)
      return this.link === undefined ? 'the leader cannot be reached' : 'the leader is silent';
    if (nowMs >= this.dialling.dialAtMs) this.dialling.dial();
    this.observers?.tick();
    return undefined;
  }

  // The link

  accepted(link: LinkId): string | undefined {
    if (this.observers === undefined) this.context.outputs.push({ kind: 'close', link, reason: 'not a leader' });
    else this.observers.accepted(link);
    return undefined;
  }

  connected(attempt: number, link: LinkId): string | undefined {
    const { context } = this;
    if (!this.dialling.isCurrent(attempt) || this.link !== undefined) {
      context.outputs.push({ kind: 'close', link, reason: 'too late' });
      return undefined;
    }
    this.link = link;
    this.lastHeardMs = context.nowMs;
    const { id, acceptedEpoch, config } = context;
    context.send(link, packets.followerInfo(id, acceptedEpoch, config.version, this.role === 'observer'));
    return undefined;
  }

  dialFailed(attempt: number): string | undefined {
    return this.dialling.isCurrent(attempt) && this.link === undefined ? this.dialling.failed() : undefined;
  }

  closed(link: LinkId): string | undefined {
    if (link !== this.link) {
      this.observers?.closed(link);
      return undefined;
    }
    this.link = undefined;
    return 'the leader hung up';
  }

  heardLooking(): undefined {}

  leave(reason: string): void {
    const { outputs } = this.context;
    this.observers?.leave(reason);
    if (this.link !== undefined) outputs.push({ kind: 'close', link: this.link, reason });
    if (this.phase === 'broadcast') outputs.push({ kind: 'stop-serving', reason });
  }

  packet(link: LinkId, packet: QuorumPacket): string | undefined {
    if (link !== this.link) {
      this.observers?.packet(link, packet);
      return undefined;
    }
    this.lastHeardMs = this.context.nowMs;
    if (this.isBusy) {
      this.inbox.push(packet);
      return undefined;
    }
    return this.receive(packet);
  }

  /** Goes on with what came while the disk was busy. */
  private resume(): string | undefined {
    this.isBusy = false;
    while (!this.isBusy) {
      const packet = this.inbox.shift();
      if (packet === undefined) return undefined;
      const reason = this.receive(packet);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  private receive(packet: QuorumPacket): string | undefined {
    if (this.synchronization.isInSnapshot(packet)) return undefined;
    if (this.phase === 'broadcast') return this.receiveBroadcast(packet);
    if (this.synchronization.mode !== undefined) return this.synchronization.receive(packet);
    if (this.isGreeted) {
      this.phase = 'synchronization';
      this.context.announce(this.role, 'synchronization', this.epoch);
      return this.synchronization.begin(packet, this.epoch);
    }
    if (packet.type !== PacketType.LEADERINFO) return `${packetName(packet.type)} where LEADERINFO is expected`;
    return this.receiveLeaderInfo(packet);
  }

  // Discovery

  private receiveLeaderInfo(packet: QuorumPacket): string | undefined {
    const { context } = this;
    this.epoch = epochOf(packet.zxid);
    if (!context.rules.acceptsEpoch(this.epoch, context.acceptedEpoch)) {
      return `the leader's epoch ${this.epoch} is before ${context.acceptedEpoch}, which was accepted`;
    }
    this.isGreeted = true;
    if (this.epoch === context.acceptedEpoch) return this.greet(-1);
    const { currentEpoch } = context;
    this.isBusy = true;
    context.write({ kind: 'accepted-epoch', epoch: this.epoch }, 'learner.accepted-epoch', () =>
      this.greet(currentEpoch),
    );
    return undefined;
  }

  private greet(currentEpoch: number): string | undefined {
    const { context } = this;
    if (!context.needsSnapshot) {
      const lastZxid = context.isUntrusted ? NOTHING : context.appended;
      context.send(this.link!, packets.ackEpoch(lastZxid, currentEpoch | 0));
      return this.resume();
    }
    // The disk has something that the leader does not want, and no way back: begin with nothing.
    context.isStateForeign = true;
    this.isBusy = true;
    context.write({ kind: 'clear' }, 'recovery.reload', () => {
      context.send(this.link!, packets.ackEpoch(0n, currentEpoch | 0));
      return this.resume();
    });
    return undefined;
  }

  // Synchronization

  snapshotProgress(link: LinkId): void {
    if (link === this.link) this.lastHeardMs = this.context.nowMs;
    else this.observers?.snapshotProgress(link);
  }

  snapshotReceived(link: LinkId): string | undefined {
    return link === this.link && this.synchronization.mode === 'snap' ? this.resume() : undefined;
  }

  /** The leader is established: clients may come. */
  upToDate(): string | undefined {
    const { context } = this;
    const { pending } = context.membership;
    if (pending !== undefined && context.rules.isActivatedBy(this.epoch, pending.version, context.applied)) {
      context.membership.commit(pending);
    }
    context.send(this.link!, packets.ack(epochStart(this.epoch)));
    this.phase = 'broadcast';
    context.announce(this.role, 'broadcast', this.epoch);
    this.onEstablished(this.epoch);
    // A quorum has the leader's history, and with it this peer's.
    context.committed = context.applied;
    const { epoch, role, leader } = this;
    context.outputs.push({ kind: 'serve', role, epoch, leader, zxid: context.applied });
    return this.logTheRest() ?? this.checkPlace(leader) ?? this.serveObservers();
  }

  private serveObservers(): undefined {
    const { context, epoch, clients } = this;
    if (this.role !== 'follower' || !context.options.hasObserverMasters) return;
    this.observers = new ObserverMaster(context, {
      epoch,
      clients,
      send: (packet) => context.send(this.link!, packet),
    });
  }

  /** Proposals that wait for their commit go the way of all later ones. */
  private logTheRest(): string | undefined {
    const { context } = this;
    const { held, heldCommits } = this.synchronization;
    const isSomething = held.length > 0;
    for (let entry = held.shift(); entry !== undefined; entry = held.shift()) {
      context.append(entry);
      if (this.role === 'follower') this.unacknowledged.push(entry.zxid);
    }
    if (isSomething) context.sync('broadcast.log');
    this.acknowledge();
    for (const { zxid, designated } of heldCommits.splice(0)) {
      // It was applied before the leader said so: nothing is left to do.
      if (zxid <= context.applied) continue;
      const reason = this.commit(zxid, designated);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  // Broadcast

  private receiveBroadcast(packet: QuorumPacket): string | undefined {
    switch (packet.type) {
      case PacketType.PROPOSAL:
        return this.role === 'follower' ? this.log(packet) : undefined;
      case PacketType.COMMIT:
      case PacketType.COMMITANDACTIVATE:
        return this.role === 'follower' ? this.commit(packet.zxid, designatedLeaderOf(packet)) : undefined;
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE:
        return this.log(packet) ?? this.commit(packet.zxid, designatedLeaderOf(packet));
      default:
        this.clients.receive(packet);
        return undefined;
    }
  }

  private log(packet: QuorumPacket): string | undefined {
    const { context } = this;
    const { zxid } = packet;
    if (!context.rules.follows(context.appended, zxid)) {
      return `proposal ${hex64(zxid)} does not follow ${hex64(context.appended)}`;
    }
    context.append({ zxid, txn: txnOf(packet) });
    context.sync('broadcast.log');
    if (this.role === 'follower') this.unacknowledged.push(zxid);
    this.acknowledge();
    return undefined;
  }

  /** @param designated who leads from here on, where the transaction is a new configuration */
  private commit(zxid: Zxid, designated: ServerId | undefined): string | undefined {
    const { context } = this;
    const oldest = context.tail.first?.zxid;
    if (oldest === undefined) return `commit of ${hex64(zxid)}, which was not proposed`;
    if (!context.rules.mayApply(zxid, oldest)) {
      // The two histories differ: to go on would make it worse.
      context.outputs.push({ kind: 'halt', code: 12, reason: `commit of ${hex64(zxid)}, expected ${hex64(oldest)}` });
      return 'the leader commits out of order';
    }
    const entry = context.applyNext('commit');
    this.observers?.inform(entry, designated);
    return designated === undefined ? undefined : this.activate(zxid, designated);
  }

  /** A new configuration counts from here on, and in it this leader leads, or another one. */
  private activate(zxid: Zxid, leader: ServerId): string | undefined {
    this.context.outputs.push({ kind: 'activate', zxid, leader });
    return this.context.options.isReconfigEnabled ? this.checkPlace(leader) : undefined;
  }

  /** A new configuration may make another role of this one, and another leader: then no election is needed. */
  private checkPlace(leader: ServerId): string | undefined {
    const { context, role } = this;
    if (leader === this.leader && (role === 'observer') === context.isObserver) return undefined;
    context.appointed = leader;
    return `under the configuration of ${hex64(context.config.version)} server ${leader} leads`;
  }

  durable(): string | undefined {
    this.acknowledge();
    return this.synchronization.durable();
  }

  /** One ACK per proposal, in order, each after it is on disk. */
  private acknowledge(): void {
    const { context, unacknowledged } = this;
    const upTo = context.rules.acknowledgeable(context.appended, context.durable);
    let count = 0;
    while (count < unacknowledged.length && unacknowledged[count]! <= upTo) count++;
    if (count > 0) context.sendAll(this.link!, unacknowledged.splice(0, count).map(packets.ack));
  }

  logEntries(input: Extract<PeerInput, { kind: 'log-entries' | 'log-unavailable' }>): undefined {
    this.observers?.logEntries(input);
  }

  serve(input: ServingInput): string | undefined {
    if (this.phase === 'broadcast') this.clients.serve(input);
    return undefined;
  }

  followers(): Followers {
    return { synchronized: [], isHandingOver: false };
  }

  status(): RoleStatus {
    return {
      role: this.role,
      phase: this.phase,
      leader: this.leader.toString(),
      master: this.dialling.target.toString(),
      epoch: this.isGreeted ? this.epoch : undefined,
      proposed: undefined,
      learners: this.observers?.status() ?? [],
    };
  }
}
