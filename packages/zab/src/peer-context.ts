import type { QuorumPacket } from '@zk/jute';
import { InvariantViolation, type Zxid, hex64, invariant } from '@zk/model';
import type { EnsembleConfig, QuorumVerifier, ServerId } from '@zk/quorum';
import { EntryQueue, type LogEntry } from './log-entry.js';
import type { DiskContents, DiskWrite, LinkId, PeerOutput, PeerPhase, PeerRole, WritePoint } from './messages.js';
import { Membership } from './membership.js';
import { Oracle } from './oracle.js';
import { RecentEntries } from './recent-entries.js';
import type { ZabRules } from './rules.js';

/** Times and limits; ticks are of `tickTimeMs`. */
export interface PeerOptions {
  readonly tickTimeMs: number;
  /** How long a learner may take to connect and to be brought up to date. */
  readonly initLimitTicks: number;
  /** How long a learner and a leader may not hear from each other. */
  readonly syncLimitTicks: number;
  /** Transactions kept in memory for learners that missed a few. */
  readonly commitLogCount: number;
  /** How long an election stays open for a better vote after a quorum agrees. */
  readonly finalizeWaitMs: number;
  /** How long an election waits before it repeats itself, at first and at most. */
  readonly minNotificationMs: number;
  readonly maxNotificationMs: number;
  /** Between attempts to connect to the leader. */
  readonly connectRetryMs: number;
  /** How long a learner tries to connect to a leader that refuses. */
  readonly connectLimitMs: number;
  /** How long a peer whose disk refused a write stays out of elections. */
  readonly diskRetryMs: number;
  /** How long a learner may take to connect, in ticks (`connectToLearnerMasterLimit`); absent: `initLimitTicks`. */
  readonly connectLimitTicks?: number;
  /**
   * For so long a new leader waits for the epochs of a quorum although somebody who elected it looks for another leader
   * (`leader.maxTimeToWaitForEpoch`); absent: `initLimitTicks`, whatever others do.
   */
  readonly maxEpochWaitMs?: number;
  /** Observers log what they hear, so that a restart begins with it (`syncEnabled`). */
  readonly observersKeepLog: boolean;
  /** Learners that are brought up to date at a time; an observer beyond them is sent away. */
  readonly maxConcurrentSnapSyncs: number;
  readonly maxConcurrentDiffSyncs: number;
  /** Followers serve observers: this one does, as a follower; as an observer it looks for those (`observerMasterPort`). */
  readonly hasObserverMasters: boolean;
  /** How long an observer pauses at most before it connects again (`observer.reconnectDelayMs`). */
  readonly observerReconnectDelayMs: number;
  /** How long an observer pauses at most before it looks for a leader again (`observer.election.DelayMs`). */
  readonly observerElectionDelayMs: number;
  /** Learners get snapshots only (`forceSnapshotSync`). */
  readonly isSnapshotForced: boolean;
  /** Configurations that others send are adopted (`reconfigEnabled`). */
  readonly isReconfigEnabled: boolean;
  /** The driver knows whom to ask whether the other one of two voters is lost (`oraclePath`). */
  readonly hasOracle: boolean;
}

export const defaultPeerOptions: PeerOptions = {
  tickTimeMs: 2000,
  initLimitTicks: 10,
  syncLimitTicks: 5,
  commitLogCount: 500,
  finalizeWaitMs: 200,
  minNotificationMs: 200,
  maxNotificationMs: 60_000,
  connectRetryMs: 20,
  connectLimitMs: 600,
  diskRetryMs: 1000,
  observersKeepLog: true,
  maxConcurrentSnapSyncs: 10,
  maxConcurrentDiffSyncs: 100,
  hasObserverMasters: false,
  observerReconnectDelayMs: 0,
  observerElectionDelayMs: 0,
  isSnapshotForced: false,
  isReconfigEnabled: false,
  hasOracle: false,
};

/** Goes on after a write. A text gives the role up, for that reason. */
export type WriteDone = () => string | undefined | void;

/**
 * What every role works on: the log as far as this peer knows it, the epochs, the configuration, and the list of outputs.
 *
 * The history has three marks, applied <= appended and durable <= appended. Between applied and appended lies the
 * tail: proposals that are in the log and wait for their commit. A follower may apply what is not durable here, since a
 * quorum has it.
 */
export class PeerContext {
  nowMs = 0;
  outputs: PeerOutput[] = [];
  acceptedEpoch: number;
  currentEpoch: number;
  applied: Zxid;
  appended: Zxid;
  durable: Zxid;
  /** The last zxid this peer knows to be committed: what `recovery` delivered does not count. */
  committed: Zxid = 0n;
  readonly tail = new EntryQueue();
  readonly recent: RecentEntries;
  /** The state machine holds something that the disk does not lead to: half a snapshot of somebody else's. */
  isStateForeign = false;
  /** False in the role of an observer that keeps no log: appending and syncing are then done at once. */
  isLogging = true;
  /** The state machine holds what is committed and was never logged: by such an observer. */
  isAheadOfDisk = false;
  /** The disk is empty where it should not be: this peer must learn before it may vote. */
  isUntrusted: boolean;
  /** The log cannot be taken back to where the leader wants it: ask for everything. */
  needsSnapshot = false;
  isLogBroken = false;
  readonly membership: Membership;
  readonly oracle: Oracle;
  /** Who leads next, by the configuration that ended this role: no election is needed. */
  appointed: ServerId | undefined;
  /** How many observer masters an observer has dialled since it started: whose turn is next. */
  mastersDialled = 0;
  private jitters = 0;
  private nextTicket = 1;
  private readonly writes = new Map<number, { readonly write: DiskWrite; done: WriteDone | undefined }>();

  constructor(
    readonly id: ServerId,
    config: EnsembleConfig,
    epochs: { readonly accepted: number; readonly current: number },
    disk: DiskContents,
    readonly options: PeerOptions,
    readonly rules: ZabRules,
  ) {
    this.acceptedEpoch = epochs.accepted;
    this.currentEpoch = epochs.current;
    this.applied = this.appended = this.durable = disk.lastZxid;
    this.isUntrusted = disk.isUntrusted ?? false;
    this.recent = new RecentEntries(options.commitLogCount);
    this.recent.reset(disk.recent);
    this.membership = new Membership(config, options.isReconfigEnabled, rules, (changed, status) => {
      this.outputs.push({ kind: 'config', config: changed, status });
    });
    this.membership.restore(disk);
    this.oracle = new Oracle(id, options.hasOracle ? () => this.outputs.push({ kind: 'ask-oracle' }) : undefined);
  }

  /** The committed configuration. */
  get config(): EnsembleConfig {
    return this.membership.committed;
  }

  /** Of every configuration whose quorum is needed, as the oracle has it. */
  get verifiers(): readonly QuorumVerifier[] {
    return this.oracle.verifiersOf(this.membership.verifiers);
  }

  isVoter(server: ServerId): boolean {
    return this.membership.isVoter(server);
  }

  /**
   * Not an observer that is to become a voter: under a pending configuration its word may be needed for it ever to be
   * committed.
   */
  get isObserver(): boolean {
    return this.config.servers.get(this.id)?.role === 'observer' && !this.membership.isKnown(this.id);
  }

  /**
   * A part of a pause, so that not everybody comes at once. Steps of these fractions lie evenly between 0 and 1: of several
   * servers, and of several pauses of one.
   */
  jitter(atMostMs: number): number {
    if (atMostMs === 0) return 0;
    return atMostMs * ((Number(this.id & 0xffffn) * 0.618_034 + this.jitters++ * 0.754_878) % 1);
  }

  get hasWrites(): boolean {
    return this.writes.size > 0;
  }

  send(link: LinkId, packet: QuorumPacket): void {
    this.sendAll(link, [packet]);
  }

  /** @param packets must not change any more */
  sendAll(link: LinkId, packets: readonly QuorumPacket[]): void {
    this.outputs.push({ kind: 'send', link, packets });
  }

  announce(role: PeerRole, phase: PeerPhase, epoch: number): void {
    this.outputs.push({ kind: 'phase', role, phase, epoch });
  }

  /** Appends to the log; {@link sync} must follow. */
  append(entry: LogEntry): void {
    if (entry.zxid <= this.appended) {
      throw new InvariantViolation(`${hex64(entry.zxid)} is to be logged after ${hex64(this.appended)}`);
    }
    this.appended = entry.zxid;
    this.tail.push(entry);
    this.membership.logged(entry);
    if (this.isLogging) this.outputs.push({ kind: 'append', entry });
    else this.isAheadOfDisk = true;
  }

  sync(point: WritePoint): void {
    if (this.isLogging) this.outputs.push({ kind: 'sync', point });
    else this.durable = this.appended;
  }

  /** Whether a log is kept in the role that this peer would have now. */
  get keepsLog(): boolean {
    return this.options.observersKeepLog || !this.isObserver;
  }

  /** Applies an entry of the tail: the oldest. */
  applyNext(cause: 'commit' | 'recovery', index = 0): LogEntry {
    const entry = index === 0 ? this.tail.shift()! : this.tail.take(index);
    this.deliver(entry, cause);
    return entry;
  }

  /** Applies an entry that is not in the log, or was just taken off the tail. */
  deliver(entry: LogEntry, cause: 'commit' | 'recovery'): void {
    this.applied = entry.zxid;
    if (cause === 'commit') this.committed = entry.zxid;
    this.recent.add(entry);
    this.outputs.push({ kind: 'deliver', entry, cause });
    if (cause === 'commit') this.membership.delivered(entry.zxid);
    else this.membership.logged(entry);
  }

  write(write: DiskWrite, point: WritePoint, done: WriteDone): void {
    const ticket = this.nextTicket++;
    this.writes.set(ticket, { write, done });
    this.outputs.push({ kind: 'write', ticket, write, point });
  }

  /** Makes the state as it is all that a restart finds; or, where no log is kept, all that this life goes on from. */
  adoptState(done: () => string | undefined): string | undefined {
    if (this.isLogging) {
      this.write({ kind: 'snapshot', zxid: this.applied }, 'learner.snapshot', done);
      return undefined;
    }
    this.stateIsOnDisk(this.applied);
    this.isAheadOfDisk = true;
    return done();
  }

  /** The log is cut back to what is durable. What was applied beyond that is no longer what the disk leads to. */
  logFailed(): void {
    this.isLogBroken = true;
    this.tail.cutAfter(this.durable);
    this.appended = this.durable;
    if (this.applied > this.durable) this.isStateForeign = true;
  }

  /** The writes go on, but nobody waits for them any more. */
  forsakeWrites(): void {
    for (const pending of this.writes.values()) pending.done = undefined;
  }

  /** Takes note of what a write changed, then goes on with whoever asked for it. */
  written(ticket: number, disk: DiskContents | undefined): string | undefined {
    const pending = this.writes.get(ticket);
    invariant(pending !== undefined, `nobody asked for the write with ticket ${ticket}`);
    this.writes.delete(ticket);
    const { write, done } = pending;
    if (write.kind === 'accepted-epoch') this.acceptedEpoch = write.epoch;
    else if (write.kind === 'current-epoch') this.currentEpoch = write.epoch;
    else if (write.kind === 'snapshot') this.stateIsOnDisk(write.zxid);
    else if (write.kind !== 'clear') this.diskIsState(disk!);
    return done?.() ?? undefined;
  }

  /** @returns the write that failed */
  writeFailed(ticket: number): DiskWrite {
    const pending = this.writes.get(ticket);
    invariant(pending !== undefined, `nobody asked for the write with ticket ${ticket}`);
    this.writes.delete(ticket);
    return pending.write;
  }

  /** The disk has been made to lead to the state machine's state. */
  private stateIsOnDisk(zxid: Zxid): void {
    this.applied = this.appended = this.durable = zxid;
    this.tail.clear();
    this.isStateForeign = this.isAheadOfDisk = this.isUntrusted = false;
    this.needsSnapshot = false;
  }

  /** The state machine has been made what the disk leads to. */
  private diskIsState(disk: DiskContents): void {
    this.applied = this.appended = this.durable = disk.lastZxid;
    this.tail.clear();
    this.recent.reset(disk.recent);
    this.membership.restore(disk);
    this.isStateForeign = this.isAheadOfDisk = false;
    this.isUntrusted = disk.isUntrusted ?? false;
  }
}
