import { OpCode, type Zxid, counterOf, hex64 } from '@zk/model';
import type { QuorumPacket } from '@zk/jute';
import type { ServerId } from '@zk/quorum';
import type { LearnerClients } from './learner-clients.js';
import type { LearnerLink } from './learner-link.js';
import { LearnerLinks } from './learner-links.js';
import { type LogEntry, epochStart } from './log-entry.js';
import type { LinkId, PeerInput } from './messages.js';
import { ackEpochOf, clientRequestOf, learnerInfoOf, packets, touchesOf } from './packets.js';
import type { PeerContext } from './peer-context.js';
import type { LearnerStatus } from './status.js';
import { Synchronizer } from './synchronizer.js';
import { PacketType } from './wire.js';

/** The follower around it, on its connection to the leader. */
export interface MasterFollower {
  readonly epoch: number;
  readonly clients: LearnerClients;
  /** To the leader. */
  send(packet: QuorumPacket): void;
}

/**
 * A follower as the leader of observers (spec: learner protocol, section 8). Its history is the leader's, as far as it is
 * committed, and observers ask for no more: they are brought up to date from it, and hear of every commit when this server
 * does. What their clients want goes to the leader, as if it came from this server's own clients. So observers cost a
 * leader nothing, however many there are.
 *
 * The epoch was agreed on, and its history is a quorum's, before this begins: nobody has to be waited for.
 */
export class ObserverMaster {
  private readonly links: LearnerLinks;
  private readonly synchronizer: Synchronizer;

  constructor(
    private readonly context: PeerContext,
    private readonly follower: MasterFollower,
  ) {
    this.links = new LearnerLinks(context);
    this.synchronizer = new Synchronizer(context, this.links, { last: () => this.last, epoch: () => follower.epoch });
    context.outputs.push({ kind: 'listen', port: 'observers' });
  }

  get wakeAtMs(): number {
    return this.links.size === 0 ? Infinity : this.links.pingAtMs;
  }

  /** What the state of this server is called, as its leader would call it. */
  private get last(): Zxid {
    const start = epochStart(this.follower.epoch);
    return this.context.applied > start ? this.context.applied : start;
  }

  tick(): void {
    if (this.links.size === 0 || !this.links.takePing()) return;
    this.links.closeSilent();
    this.links.ping(this.last);
  }

  leave(reason: string): void {
    this.links.closeAll(reason);
    this.context.outputs.push({ kind: 'unlisten', port: 'observers' });
  }

  status(): readonly LearnerStatus[] {
    return [...this.links.values()].map((observer) => observer.status(this.context.nowMs));
  }

  // Links

  accepted(link: LinkId): void {
    this.links.accept(link);
  }

  closed(link: LinkId): void {
    this.links.delete(link);
  }

  snapshotProgress(link: LinkId): void {
    this.links.progressed(link);
  }

  logEntries(input: Extract<PeerInput, { kind: 'log-entries' | 'log-unavailable' }>): void {
    const observer = this.links.get(input.link);
    if (observer?.stage !== 'syncing') return;
    this.synchronizer.resume(observer, input);
  }

  packet(link: LinkId, packet: QuorumPacket): void {
    const observer = this.links.heard(link);
    if (observer !== undefined) this.closeFor(observer, this.receive(observer, packet));
  }

  private closeFor(observer: LearnerLink, defect: string | undefined): void {
    if (defect !== undefined) this.links.close(observer, defect);
  }

  /** @returns why the observer must be given up, if it must */
  private receive(observer: LearnerLink, packet: QuorumPacket): string | undefined {
    switch (packet.type) {
      case PacketType.OBSERVERINFO:
        return this.receiveInfo(observer, packet);
      case PacketType.FOLLOWERINFO:
        return 'observers only: followers learn from the leader';
      case PacketType.ACKEPOCH:
        return this.receiveAckEpoch(observer, packet);
      case PacketType.ACK:
        return this.receiveAck(observer, packet.zxid);
      default:
        return this.passOn(observer, packet);
    }
  }

  // Synchronization

  private receiveInfo(observer: LearnerLink, packet: QuorumPacket): string | undefined {
    const info = learnerInfoOf(packet);
    if (observer.stage !== 'greeting' || info === undefined) return 'expected one OBSERVERINFO';
    const { server, configVersion } = info;
    if (configVersion > this.context.config.version) {
      return `server ${server} has a later configuration, ${hex64(configVersion)}`;
    }
    observer.server = server;
    observer.isObserver = true;
    observer.stage = 'ack-epoch';
    this.links.closeOlderThan(observer);
    this.context.send(observer.link, packets.leaderInfo(this.follower.epoch));
    return undefined;
  }

  private receiveAckEpoch(observer: LearnerLink, packet: QuorumPacket): string | undefined {
    if (observer.stage !== 'ack-epoch' || ackEpochOf(packet) === undefined) return 'expected no ACKEPOCH';
    observer.stage = 'history';
    observer.lastZxid = packet.zxid;
    if (!this.isBehind(observer)) this.synchronizer.begin(observer);
    return undefined;
  }

  /**
   * Whether the observer has something that this server is yet to hear of. It is of this epoch, since an observer of a later
   * one hangs up, so another server told it sooner, and the leader will tell this one. The observer waits: to take it back,
   * as Apache does, would let its clients see the past.
   */
  private isBehind({ lastZxid }: LearnerLink): boolean {
    return lastZxid > this.last;
  }

  private receiveAck(observer: LearnerLink, zxid: Zxid): string | undefined {
    if (counterOf(zxid) !== 0) return 'an observer acknowledges no proposals';
    // The second one, for UPTODATE, says nothing new.
    if (observer.stage !== 'new-leader' || zxid !== epochStart(this.follower.epoch)) return undefined;
    observer.stage = 'up';
    this.context.send(observer.link, packets.upToDate);
    return undefined;
  }

  // Broadcast

  /** A transaction was committed. @param designated who leads from here on, where it is a new configuration */
  inform({ zxid, txn }: LogEntry, designated: ServerId | undefined): void {
    if (this.links.size === 0) return;
    const inform = packets.inform(zxid, txn, designated);
    for (const observer of this.links.values()) {
      if (observer.isForwarding) this.context.send(observer.link, inform);
      else if (observer.stage === 'history' && !this.isBehind(observer)) this.synchronizer.begin(observer);
    }
  }

  /** What the clients of observers want. */
  private passOn(observer: LearnerLink, packet: QuorumPacket): string | undefined {
    const { clients } = this.follower;
    switch (packet.type) {
      case PacketType.PING:
        for (const { sessionId, timeoutMs } of touchesOf(packet)) clients.touch(sessionId, timeoutMs);
        return undefined;
      case PacketType.REVALIDATE:
        for (const { sessionId, timeoutMs } of touchesOf(packet)) this.revalidate(observer, sessionId, timeoutMs);
        return undefined;
      case PacketType.REQUEST:
        return this.request(observer, packet);
      default:
        // As a leader does: a packet it does not know is ignored.
        return undefined;
    }
  }

  private revalidate({ link }: LearnerLink, sessionId: bigint, timeoutMs: number): void {
    const { clients } = this.follower;
    clients.revalidate(sessionId, timeoutMs, (isValid) => {
      if (isValid) clients.touch(sessionId, timeoutMs);
      this.answer(link, packets.revalidated(sessionId, isValid));
    });
  }

  private request({ stage, link }: LearnerLink, packet: QuorumPacket): string | undefined {
    const request = clientRequestOf(packet);
    if (request === undefined || stage !== 'up') return 'expected no REQUEST';
    if (request.opcode !== OpCode.sync) this.follower.send(packet);
    else this.follower.clients.sync(packet, () => this.answer(link, packets.sync));
    return undefined;
  }

  private answer(link: LinkId, packet: QuorumPacket): void {
    if (this.links.has(link)) this.context.send(link, packet);
  }
}
