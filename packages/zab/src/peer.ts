import type { QuorumPacket } from '@zk/jute';
import { hex64 } from '@zk/model';
import type { EnsembleConfig, ReconfigSituation, ServerId } from '@zk/quorum';
import { Election, type ElectionResult } from './election.js';
import { Leader } from './leader.js';
import { Learner } from './learner.js';
import type { DiskContents, LinkId, PeerInput, PeerOutput } from './messages.js';
import { parsedConfig } from './packets.js';
import { PeerContext, type PeerOptions, defaultPeerOptions } from './peer-context.js';
import type { Role } from './role.js';
import { type ZabRules, zabRules } from './rules.js';
import type { PeerStatus } from './status.js';
import type { Notification } from './wire.js';

export interface PeerStart {
  readonly id: ServerId;
  readonly config: EnsembleConfig;
  /** From the epoch files; see `restoreEpochs`. */
  readonly epochs: { readonly accepted: number; readonly current: number };
  /** What the state machine was loaded from, everything in the log included. */
  readonly disk: DiskContents;
  readonly options?: Partial<PeerOptions>;
  readonly rules?: ZabRules;
}

/**
 * One server of an ensemble, as a machine: what happened goes in, what is to be done comes out, in an order that the driver
 * keeps. The same inputs give the same outputs; time comes with each input, and there is no chance in it.
 *
 * A peer looks for a leader, leads or follows until that comes to an end, makes its disk and its memory agree, and looks
 * again.
 */
export class Peer {
  private readonly context: PeerContext;
  private readonly election: Election;
  private role: Role | undefined;
  /** Between a role and the next election: the disk finishes what it was told. */
  private isRecovering = true;
  /** No election before that: the disk refused, or others shall not be overrun. */
  private retryAtMs = 0;
  private attempts = 0;
  /** What others said while this peer was recovering; the last of each. */
  private readonly heard = new Map<ServerId, Notification>();

  constructor(start: PeerStart) {
    const options = { ...defaultPeerOptions, ...start.options };
    this.context = new PeerContext(start.id, start.config, start.epochs, start.disk, options, start.rules ?? zabRules);
    this.election = new Election(this.context);
  }

  /** When the next `tick` is due, on the clock of `step`; Infinity when none is. */
  get wakeAtMs(): number {
    const roleAtMs = this.role?.wakeAtMs ?? Infinity;
    const recoveryAtMs = this.isRecovering && this.retryAtMs > this.context.nowMs ? this.retryAtMs : Infinity;
    return Math.min(roleAtMs, this.election.wakeAtMs, recoveryAtMs);
  }

  /** Begins with an election. */
  start(nowMs: number): readonly PeerOutput[] {
    this.context.nowMs = nowMs;
    this.context.announce('looking', 'recovery', this.context.currentEpoch);
    this.lookForLeader();
    return this.takeOutputs();
  }

  /**
   * @param nowMs monotonic
   * @throws InvariantViolation when the driver broke the contract of an input
   */
  step(input: PeerInput, nowMs: number): readonly PeerOutput[] {
    this.context.nowMs = nowMs;
    // A peer that was paused must know it before it believes anything that has been waiting for it.
    if (nowMs >= this.wakeAtMs) this.tick();
    if (input.kind === 'tick') this.lookForLeader();
    else this.give(input);
    return this.takeOutputs();
  }

  /** A plain copy of what this peer knows, ready for JSON. */
  status(): PeerStatus {
    const { context, election } = this;
    const { vote } = election;
    const role = this.role?.status() ?? {
      role: 'looking' as const,
      phase: this.isRecovering ? ('recovery' as const) : ('election' as const),
      leader: undefined,
      master: undefined,
      epoch: undefined,
      proposed: undefined,
      learners: [],
    };
    return {
      server: context.id.toString(),
      ...role,
      round: election.round.toString(),
      vote: { leader: vote.leader.toString(), zxid: hex64(vote.zxid), epoch: vote.peerEpoch.toString() },
      acceptedEpoch: context.acceptedEpoch,
      currentEpoch: context.currentEpoch,
      applied: hex64(context.applied),
      appended: hex64(context.appended),
      durable: hex64(context.durable),
      committed: hex64(context.committed),
      configVersion: hex64(context.config.version),
      seenConfigVersion: hex64(context.membership.lastSeen.version),
    };
  }

  /** What a leader's pipeline plans a reconfiguration from. */
  reconfigSituation(): Omit<ReconfigSituation, 'isStandaloneEnabled'> {
    const { context, role } = this;
    const { committed, pending } = context.membership;
    const { synchronized = [], isHandingOver = false } = role?.followers() ?? {};
    return { committed, lastSeen: pending, synchronized: new Set([context.id, ...synchronized]), isHandingOver };
  }

  private takeOutputs(): readonly PeerOutput[] {
    const { outputs } = this.context;
    this.context.outputs = [];
    return outputs;
  }

  private tick(): void {
    this.follow(this.election.tick());
    this.check(this.role?.tick());
    this.lookForLeader();
  }

  private give(input: Exclude<PeerInput, { kind: 'tick' }>): void {
    const { context, role } = this;
    switch (input.kind) {
      case 'notification':
        return this.receiveNotification(input.from, input.notification);
      case 'reachable':
        return this.follow(this.election.setReachable(input.server, input.isReachable));
      case 'oracle':
        if (role === undefined) return this.follow(this.election.oracleAnswered(input.isOtherLost));
        return this.check(role.serve(input));
      case 'accepted':
      case 'connected':
        return this.linkCame(input);
      case 'dial-failed':
        return this.check(role?.dialFailed(input.attempt));
      case 'closed':
        return this.check(role?.closed(input.link));
      case 'packets':
        return this.receivePackets(input.link, input.packets);
      case 'snapshot-progress':
        return role?.snapshotProgress(input.link);
      case 'snapshot-received':
        return this.check(role?.snapshotReceived(input.link));
      case 'log-entries':
      case 'log-unavailable':
        return this.check(role?.logEntries(input));
      case 'durable':
        if (input.zxid > context.durable) context.durable = input.zxid;
        this.check(role?.durable());
        return this.lookForLeader();
      case 'log-failed':
        context.logFailed();
        return this.look('the log refused a write');
      case 'log-recovered':
        context.isLogBroken = false;
        return this.lookForLeader();
      case 'written':
        this.check(context.written(input.ticket, input.disk));
        return this.lookForLeader();
      case 'config':
        if (input.status === 'committed') context.membership.adopt(input.config);
        else context.membership.see(input.config);
        return;
      case 'write-failed':
        return this.writeFailed(input.ticket, input.reason);
      default:
        return this.check(role?.serve(input));
    }
  }

  /** A packet may give the role up: what came behind it is nobody's then. */
  private receivePackets(link: LinkId, packets: readonly QuorumPacket[]): void {
    const { role } = this;
    if (role === undefined) return;
    for (const packet of packets) {
      this.check(role.packet(link, packet));
      if (this.role !== role) return;
    }
  }

  private linkCame(input: Extract<PeerInput, { kind: 'accepted' | 'connected' }>): void {
    const { role } = this;
    if (role === undefined) {
      this.context.outputs.push({ kind: 'close', link: input.link, reason: 'looking for a leader' });
    } else if (input.kind === 'accepted') {
      this.check(role.accepted(input.link));
    } else {
      this.check(role.connected(input.attempt, input.link));
    }
  }

  private writeFailed(ticket: number, reason: string): void {
    const { context } = this;
    const write = context.writeFailed(ticket);
    if (write.kind === 'truncate') context.needsSnapshot = true;
    this.retryAtMs = context.nowMs + context.options.diskRetryMs;
    this.look(`${write.kind} could not be written: ${reason}`);
  }

  private receiveNotification(from: ServerId, notification: Notification): void {
    if (this.adoptsConfig(notification.config)) return;
    if (this.context.membership.hear(notification.config)) this.follow(this.election.reconsider());
    if (this.isRecovering && this.context.membership.isKnown(from)) this.heard.set(from, notification);
    this.follow(this.election.receive(from, notification));
    if (notification.state === 'looking') this.check(this.role?.heardLooking(from));
  }

  /** A later configuration in a notification is the ensemble's: it is adopted, and the election begins anew. */
  private adoptsConfig(text: string | null): boolean {
    const { context } = this;
    if (text === null || this.role !== undefined || !context.options.isReconfigEnabled) return false;
    if (text === context.config.text) return false;
    const config = parsedConfig(text);
    if (config === undefined || config.version <= context.config.version) return false;
    const isOther = !config.isSameAs(context.config);
    context.membership.commit(config);
    if (isOther) this.look('a later configuration');
    return isOther;
  }

  /** A reason gives the role up. */
  private check(reason: string | undefined): void {
    if (reason !== undefined) this.look(reason);
  }

  private look(reason: string): void {
    const { context } = this;
    this.role?.leave(reason);
    if (this.role !== undefined) this.pauseBeforeElection();
    this.role = undefined;
    this.isRecovering = true;
    this.election.state = 'looking';
    context.forsakeWrites();
    context.announce('looking', 'recovery', context.currentEpoch);
    this.lookForLeader();
  }

  /** Many observers that have lost one leader, or one master, do not all come back at once. */
  private pauseBeforeElection(): void {
    const { context } = this;
    if (!context.isObserver || context.appointed !== undefined) return;
    const pauseMs = context.jitter(context.options.observerElectionDelayMs);
    this.retryAtMs = Math.max(this.retryAtMs, context.nowMs + pauseMs);
  }

  /**
   * Starts an election once memory and disk agree: everything logged is durable and applied, as after a restart. What the
   * disk was told to write is waited for, since an election on less would take back what was acknowledged.
   */
  private lookForLeader(): void {
    const { context } = this;
    if (!this.isRecovering || context.hasWrites || context.isLogBroken || context.nowMs < this.retryAtMs) return;
    if (context.isStateForeign || (context.isAheadOfDisk && context.keepsLog)) {
      context.write({ kind: 'reload' }, 'recovery.reload', () => undefined);
      return;
    }
    if (context.durable < context.appended) return;
    while (context.tail.length > 0) context.applyNext('recovery');
    context.membership.forgetAfter(context.appended);
    this.isRecovering = false;
    this.beginNextRole();
    const heard = [...this.heard];
    this.heard.clear();
    for (const [from, notification] of heard) this.follow(this.election.receive(from, notification));
  }

  private beginNextRole(): void {
    const { context, election } = this;
    const { appointed } = context;
    context.appointed = undefined;
    if (appointed !== undefined && context.config.voters.has(appointed)) {
      return this.follow(election.appoint(appointed));
    }
    context.announce('looking', 'election', context.currentEpoch);
    this.follow(election.start());
  }

  private follow(result: ElectionResult | undefined): void {
    if (result === undefined) return;
    const { context, election } = this;
    const onEstablished = (epoch: number): void => election.setEpoch(epoch);
    context.isLogging = context.keepsLog;
    // It has become a voter since the election began: what it votes and acknowledges with must be on its disk.
    if (context.isLogging && context.isAheadOfDisk) return this.look('what was observed is not in the log');
    if (result.leader === context.id) {
      context.needsSnapshot = false;
      this.role = new Leader(context, result.electors, onEstablished);
    } else {
      const kind = context.isObserver ? 'observer' : 'follower';
      this.role = new Learner(context, result.leader, kind, onEstablished, () => ++this.attempts);
    }
    this.check(this.role.start());
  }
}
