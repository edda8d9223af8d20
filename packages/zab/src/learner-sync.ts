import type { QuorumPacket } from '@zk/jute';
import { type Zxid, hex64 } from '@zk/model';
import type { ServerId } from '@zk/quorum';
import { EntryQueue, type LogEntry, epochStart } from './log-entry.js';
import { configTextOf, designatedLeaderOf, packets, parsedConfig, txnOf } from './packets.js';
import type { PeerContext } from './peer-context.js';
import { PacketType, packetName } from './wire.js';

/** The learner around it. */
export interface SynchronizingLearner {
  send(packet: QuorumPacket): void;
  /** Packets wait from now on, until {@link resume}. */
  hold(): void;
  resume(): string | undefined;
  upToDate(): string | undefined;
}

/** A commit that waits for its proposal to be in the log. */
export interface HeldCommit {
  readonly zxid: Zxid;
  /** Who leads from there on, where the transaction is a new configuration. */
  readonly designated: ServerId | undefined;
}

/** What a leader says about one transaction. */
const ofTransactions: ReadonlySet<number> = new Set([
  PacketType.PROPOSAL,
  PacketType.COMMIT,
  PacketType.COMMITANDACTIVATE,
  PacketType.INFORM,
  PacketType.INFORMANDACTIVATE,
]);

/**
 * How a learner takes over its leader's history (spec: learner protocol, section 6, F3 to F5). After DIFF, transactions
 * go to the log. After SNAP and TRUNC they go to the state machine, which becomes a snapshot as a whole. In either case
 * everything is on disk before the new epoch is claimed, and that before the leader is told.
 */
export class Synchronization {
  /** Undefined before the leader said so. */
  mode: 'diff' | 'snap' | 'trunc' | undefined;
  hasNewLeader = false;
  /** Proposals received and not logged; and the commits that came for them. */
  readonly held = new EntryQueue();
  readonly heldCommits: HeldCommit[] = [];
  private isInMemory = false;
  /** Of the snapshot that the leader announced, if it did. */
  private snapshotZxid: Zxid | undefined;
  private lastReceived: Zxid | undefined;
  private waitsForLog: Zxid | undefined;
  private epoch = 0;

  constructor(
    private readonly context: PeerContext,
    private readonly role: 'follower' | 'observer',
    private readonly host: SynchronizingLearner,
  ) {}

  durable(): string | undefined {
    if (this.waitsForLog === undefined || this.context.durable < this.waitsForLog) return undefined;
    this.waitsForLog = undefined;
    return this.claimEpoch();
  }

  /** The first packet says how. */
  begin(packet: QuorumPacket, epoch: number): string | undefined {
    const { context } = this;
    this.epoch = epoch;
    switch (packet.type) {
      case PacketType.DIFF:
        this.mode = 'diff';
        this.isInMemory = context.needsSnapshot || context.isUntrusted;
        if (this.isInMemory) this.adoptForeign(0n);
        return undefined;
      case PacketType.SNAP:
        this.mode = 'snap';
        this.isInMemory = true;
        this.snapshotZxid = packet.zxid;
        this.adoptForeign(packet.zxid);
        this.host.hold();
        return undefined;
      case PacketType.TRUNC:
        return this.truncate(packet.zxid);
      default:
        return `${packetName(packet.type)} where DIFF, TRUNC or SNAP is expected`;
    }
  }

  /** From here on the state machine has what the disk does not. */
  private adoptForeign(zxid: Zxid): void {
    const { context } = this;
    context.isStateForeign = true;
    context.applied = zxid;
    context.tail.clear();
    context.recent.reset([]);
  }

  /**
   * Whether a packet is about a transaction that is part of the snapshot, and so is to be passed over. Apache's leader begins
   * to queue what is proposed and committed a moment before it decides which zxid the snapshot has, so some of that comes
   * although it is in the snapshot (spec: learner protocol, sections 5 and 5.1). What is in a leader's state is committed:
   * Apache's ignores ACKs of it (section 7), and times none before it has the ACK of NEWLEADER, so none is sent.
   */
  isInSnapshot({ type, zxid }: QuorumPacket): boolean {
    return this.snapshotZxid !== undefined && zxid <= this.snapshotZxid && ofTransactions.has(type);
  }

  private truncate(told: Zxid): string | undefined {
    const { context } = this;
    this.mode = 'trunc';
    this.isInMemory = true;
    const to = context.rules.truncationPoint(told, context.appended);
    this.host.hold();
    context.write({ kind: 'truncate', to }, 'learner.truncate', () => {
      // What follows is applied and not logged: until the snapshot is written, memory is ahead of the disk.
      context.isStateForeign = true;
      return this.host.resume();
    });
    return undefined;
  }

  receive(packet: QuorumPacket): string | undefined {
    switch (packet.type) {
      case PacketType.PROPOSAL:
        return this.hold({ zxid: packet.zxid, txn: txnOf(packet) });
      case PacketType.COMMIT:
      case PacketType.COMMITANDACTIVATE:
        return this.commitHeld(packet);
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE:
        return this.hold({ zxid: packet.zxid, txn: txnOf(packet) }) ?? this.commitHeld(packet);
      case PacketType.NEWLEADER:
        return this.receiveNewLeader(packet);
      case PacketType.UPTODATE:
        return this.hasNewLeader ? this.host.upToDate() : 'UPTODATE before NEWLEADER';
      default:
        return undefined;
    }
  }

  private hold(entry: LogEntry): string | undefined {
    const { context } = this;
    const previous = this.lastReceived ?? (this.isInMemory ? context.applied : context.appended);
    if (!context.rules.follows(previous, entry.zxid)) {
      return `proposal ${hex64(entry.zxid)} does not follow ${hex64(previous)}`;
    }
    this.lastReceived = entry.zxid;
    this.held.push(entry);
    return undefined;
  }

  private commitHeld(packet: QuorumPacket): string | undefined {
    const { zxid } = packet;
    if (!this.isInMemory || this.hasNewLeader) {
      this.heldCommits.push({ zxid, designated: designatedLeaderOf(packet) });
      return undefined;
    }
    // Commits of what a snapshot already contains come without their proposal.
    if (this.held.first?.zxid === zxid) this.context.deliver(this.held.shift()!, 'recovery');
    return undefined;
  }

  /**
   * The leader's history is complete. It goes to disk, then the claim to have it (the current epoch), then the ACK. Between
   * any two of them this peer may crash: PROTOCOL.md, crash points.
   */
  private receiveNewLeader(packet: QuorumPacket): string | undefined {
    const { context } = this;
    if (this.hasNewLeader) return 'a second NEWLEADER';
    context.membership.follow(parsedConfig(configTextOf(packet)));
    this.hasNewLeader = true;
    this.host.hold();
    if (!context.rules.persistsHistoryFirst()) this.acknowledgeLeader();
    if (!this.isInMemory) return this.logHeld();
    return context.adoptState(() => this.claimEpoch());
  }

  private logHeld(): string | undefined {
    const { context } = this;
    if (this.role === 'follower') {
      const last = this.logCommitted();
      if (last !== undefined) {
        context.sync('learner.log');
        this.waitsForLog = last;
        return undefined;
      }
    }
    return this.claimEpoch();
  }

  /** Logs and applies what is held and committed; returns the last of it. */
  private logCommitted(): Zxid | undefined {
    let last: Zxid | undefined;
    while (this.heldCommits.length > 0 && this.held.first?.zxid === this.heldCommits[0]!.zxid) {
      last = this.heldCommits.shift()!.zxid;
      this.context.append(this.held.shift()!);
      this.context.applyNext('recovery');
    }
    return last;
  }

  /** Without a log nothing may be claimed that a restart would not find; an observer's word counts nowhere. */
  private claimEpoch(): string | undefined {
    const { context } = this;
    const claimed = (): string | undefined => {
      if (context.rules.persistsHistoryFirst()) this.acknowledgeLeader();
      return this.host.resume();
    };
    if (!context.isLogging) return claimed();
    context.write({ kind: 'current-epoch', epoch: this.epoch }, 'learner.current-epoch', claimed);
    return undefined;
  }

  private acknowledgeLeader(): void {
    this.host.send(packets.ack(epochStart(this.epoch)));
  }
}
