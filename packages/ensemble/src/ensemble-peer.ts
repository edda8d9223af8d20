import type { Clock, Logger, RandomSource, Scheduler, Storage, Timer } from '@zk/contracts';
import { ByteArena } from '@zk/jute';
import { type Zxid, int64 } from '@zk/model';
import type { ReconfigSituation, ServerId } from '@zk/quorum';
import {
  type LearnerPort,
  type LinkId,
  PacketType,
  Peer,
  type PeerInput,
  type PeerOutput,
  type PeerStatus,
  type WritePoint,
  defaultPeerOptions,
  restoreEpochs,
} from '@zk/zab';
import { BehaviorSubject, type Observable } from 'rxjs';
import { BoundPort } from './bound-port.js';
import type { DiallingOptions } from './dialling.js';
import { ElectionNetwork } from './election-network.js';
import { type EnsembleOptions, defaultEnsembleOptions } from './options.js';
import type { EnsembleEvent, EnsembleRequest, PeerEvent } from './events.js';
import { LogFeed } from './log-feed.js';
import { LogSyncs } from './log-syncs.js';
import { MemberAddresses } from './member-addresses.js';
import { PeerDisk } from './peer-disk.js';
import { QuorumNetwork } from './quorum-network.js';
import type { ReplicatedState } from './replicated-state.js';
import type { QuorumTransport } from './security/quorum-transport.js';
import { type EnsembleRole, changedRole, initialRole, isSameRole } from './role.js';

export interface EnsemblePorts {
  /** For elections, and for what leaders and learners say to each other. */
  readonly transport: QuorumTransport;
  readonly storage: Storage;
  readonly state: ReplicatedState;
  /** Waited for before snapshots or the log are replaced: nobody else may be writing a snapshot. */
  readonly quiesce?: () => Promise<void>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: RandomSource;
  readonly logger: Logger;
}

export interface EnsembleStatus {
  readonly peer: PeerStatus;
  readonly isServing: boolean;
  /** Servers with an open election connection. */
  readonly electionConnections: readonly string[];
  readonly quorumConnections: number;
}

/**
 * One server of an ensemble: elects, leads or follows, and keeps its state and its disk in agreement with the others. It is
 * the shell around `Peer` of `@zk/zab`, which decides everything; here, what the peer wants is done, in its order, and what
 * comes of it is told to the peer, one thing at a time.
 */
export class EnsemblePeer {
  /**
   * For the request pipeline of a leader. What it proposes when this server no longer leads is dropped: `stop-serving` tells
   * it to abandon what is on its way.
   */
  readonly proposer = {
    /** Takes a copy of the bytes. */
    propose: (zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void => {
      this.propose(int64(zxidHi, zxidLo), this.arena.copy(bytes, start, end));
    },
  };
  private readonly options: EnsembleOptions;
  private readonly addresses: MemberAddresses;
  private readonly arena = new ByteArena();
  private readonly disk: PeerDisk;
  private readonly elections: ElectionNetwork;
  private readonly electionPort: BoundPort;
  private readonly quorum: QuorumNetwork;
  private readonly logFeed: LogFeed;
  private readonly roles = new BehaviorSubject<EnsembleRole>(initialRole);
  private readonly inbox: PeerInput[] = [];
  private readonly syncs: LogSyncs;
  private peer: Peer | undefined;
  private isStepping = false;
  private isStopped = false;
  private wake: { readonly atMs: number; readonly timer: Timer } | undefined;

  /** @param onEvent called in order; a `deliver` after the state has taken the transaction */
  constructor(
    private readonly ports: EnsemblePorts,
    options: Pick<EnsembleOptions, 'id' | 'config'> & Partial<EnsembleOptions>,
    private readonly onEvent: (event: EnsembleEvent) => void = () => undefined,
  ) {
    this.options = { ...defaultEnsembleOptions, ...options };
    const { isListeningOnAllAddresses: isOnAll, observerMaster } = this.options;
    this.addresses = new MemberAddresses(options.id, options.config, isOnAll, observerMaster?.port);
    const { transport, storage, state, clock, scheduler, random, logger } = ports;
    const { id, multiAddress } = this.options;
    const peerOptions = { ...defaultPeerOptions, ...this.options.peer };
    const diskOptions = { ...this.options, recentCount: peerOptions.commitLogCount };
    this.disk = new PeerDisk(storage, state, diskOptions, clock, scheduler, logger, {
      durable: (zxid) => this.give({ kind: 'durable', zxid }),
      written: (ticket, disk) => this.give({ kind: 'written', ticket, ...(disk === undefined ? {} : { disk }) }),
      writeFailed: (ticket, reason) => this.give({ kind: 'write-failed', ticket, reason }),
      logFailed: (error) => {
        logger.error({ err: error }, 'the log refuses writes');
        this.give({ kind: 'log-failed' });
      },
      logRecovered: () => this.give({ kind: 'log-recovered' }),
      fatal: (error) => this.halt(1, error),
      quiesce: async () => ports.quiesce?.(),
    });
    this.syncs = new LogSyncs(scheduler, () => this.disk.sync());
    const { handshakeTimeoutMs = peerOptions.tickTimeMs * peerOptions.syncLimitTicks } = this.options;
    const { isElectionKeptAlive: keepAlive } = this.options;
    const { elections = transport } = transport;
    this.elections = new ElectionNetwork(
      elections,
      scheduler,
      random,
      logger,
      {
        addressesOf: (server) => this.addresses.of(server, 'electionPort'),
        notified: (from, notification) => this.give({ kind: 'notification', from, notification }),
        reachable: (server, isReachable) => this.give({ kind: 'reachable', server, isReachable }),
      },
      {
        id,
        dialling: { ...this.dialling, keepAlive },
        isMultiAddress: multiAddress.isEnabled,
        reachabilityTimeoutMs: multiAddress.isReachabilityChecked ? multiAddress.reachabilityTimeoutMs : 0,
        handshakeTimeoutMs,
      },
    );
    this.electionPort = new BoundPort(
      elections,
      scheduler,
      logger,
      {
        addresses: () => this.addresses.toListenOn('electionPort'),
        accept: (connection) => this.elections.accept(connection),
        givenUp: (error) => this.halt(CANNOT_LISTEN, error),
      },
      { maxAttempts: this.options.electionBindAttempts, keepAlive },
    );
    this.quorum = this.newQuorumNetwork();
    this.logFeed = new LogFeed(this.disk, this.quorum, scheduler, logger, (input) => this.give(input));
  }

  /** The role this server plays, as it is now and then at each change; completes when the server stops. */
  get role$(): Observable<EnsembleRole> {
    return this.roles.asObservable();
  }

  get role(): EnsembleRole {
    return this.roles.value;
  }

  /**
   * Opens the storage, loads the state and begins to look for a leader. Resolves without waiting for one.
   * @throws CorruptionError when the disk cannot be read; Error when its epochs contradict each other, or this server is
   *   not in the configuration
   */
  async start(): Promise<void> {
    const { id, config } = this.options;
    if (!config.servers.has(id)) throw new Error(`server.${id} is not in the configuration`);
    try {
      await this.begin();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Leaves the ensemble: closes every connection, waits for the disk, closes the storage. Idempotent. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.wake?.timer.cancel();
    this.syncs.stop();
    this.elections.stop();
    await Promise.all([this.quorum.stop(), this.electionPort.close()]);
    await this.disk.close();
    this.roles.complete();
  }

  /** Undefined before the start. A plain copy, ready for JSON. */
  status(): EnsembleStatus | undefined {
    if (this.peer === undefined) return undefined;
    return {
      peer: this.peer.status(),
      isServing: this.role.isServing,
      electionConnections: this.elections.connected.map(String),
      quorumConnections: this.quorum.linkCount,
    };
  }

  /** Whether this server's log has everything up to this zxid for good. */
  isDurable(zxid: Zxid): boolean {
    return this.disk.isDurable(zxid);
  }

  /** How a leader stands for a change of its members; undefined before the start. */
  reconfigSituation(): Omit<ReconfigSituation, 'isStandaloneEnabled'> | undefined {
    return this.peer?.reconfigSituation();
  }

  /** What a server that serves clients wants of the ensemble; ignored while the peer does not serve. */
  request(request: EnsembleRequest): void {
    if (this.role.isServing) this.give(request);
  }

  /**
   * Proposes a transaction, as the leader; it is delivered once it is committed.
   * @param zxid the one after the last proposed, which `serve` tells at first
   * @param txn header, record and digest; taken over
   * @returns false when this server does not lead: the transaction is not proposed
   */
  propose(zxid: Zxid, txn: Uint8Array): boolean {
    if (this.role.role !== 'leader' || !this.role.isServing) return false;
    this.give({ kind: 'propose', zxid, txn });
    return true;
  }

  private async begin(): Promise<void> {
    const { id, config, observerMaster } = this.options;
    const options = { ...this.options.peer, hasObserverMasters: observerMaster !== undefined };
    const { epochs: stored, contents } = await this.disk.open();
    const epochs = restoreEpochs(stored);
    await this.disk.keepEpochs(stored, epochs);
    await this.electionPort.open();
    if (this.isStopped) return;
    const peer = new Peer({ id, config, epochs, disk: contents, options });
    this.peer = peer;
    this.isStepping = true;
    this.performAll(peer.start(this.ports.clock.monotonicMs()));
    this.isStepping = false;
    this.drain();
  }

  // In and out

  private give(input: PeerInput): void {
    if (this.isStopped || this.peer === undefined) return;
    if (this.isStepping) this.inbox.push(input);
    else this.drain(input);
  }

  /** One input at a time, each with all that it causes; what is said meanwhile waits. */
  private drain(first = this.inbox.shift()): void {
    this.isStepping = true;
    try {
      for (let input = first; input !== undefined; input = this.inbox.shift()) this.step(input);
    } catch (error) {
      // A defect: going on could acknowledge what is not there.
      this.halt(1, error);
    } finally {
      this.isStepping = false;
    }
    this.planWake();
  }

  private step(input: PeerInput): void {
    const { peer } = this;
    if (this.isStopped || peer === undefined) return;
    this.performAll(peer.step(input, this.ports.clock.monotonicMs()));
  }

  private performAll(outputs: readonly PeerOutput[]): void {
    for (const output of outputs) {
      if (this.isStopped) return;
      this.performOne(output);
    }
  }

  private planWake(): void {
    if (this.peer === undefined || this.isStopped) return;
    const atMs = this.peer.wakeAtMs;
    if (this.wake !== undefined) {
      if (this.wake.atMs <= atMs) return;
      this.wake.timer.cancel();
      this.wake = undefined;
    }
    if (atMs === Infinity) return;
    const delayMs = Math.max(0, Math.ceil(atMs - this.ports.clock.monotonicMs()));
    const timer = this.ports.scheduler.after(delayMs, () => {
      this.wake = undefined;
      this.give({ kind: 'tick' });
    });
    this.wake = { atMs, timer };
  }

  private performOne(output: PeerOutput): void {
    const { disk, quorum } = this;
    switch (output.kind) {
      case 'notify':
        return this.elections.send(output.to, output.notification);
      case 'listen':
        return quorum.listen(output.port);
      case 'unlisten':
        return quorum.unlisten(output.port);
      case 'dial':
        return quorum.dial(output.to, output.port, output.attempt);
      case 'send':
        return quorum.send(output.link, output.packet);
      case 'send-snapshot':
        return quorum.sendSnapshot(output.link);
      case 'close':
        return quorum.close(output.link, output.reason);
      case 'append':
        return disk.append(output.entry);
      case 'sync':
        return this.planSync(output.point);
      case 'write':
        return disk.write(output.ticket, output.write);
      case 'read-log':
        return void this.logFeed.read(output.link, output.after, output.upTo);
      case 'phase':
        return this.changeRole(output);
      default:
        return this.tell(output);
    }
  }

  /** Nobody waits for the disk of an observer, once it is up to date. */
  private planSync(point: WritePoint): void {
    if (point === 'broadcast.log' && this.role.role === 'observer') this.syncs.whenever();
    else this.syncs.atTurnEnd();
  }

  private tell(event: PeerEvent): void {
    const { quorum } = this;
    const { logger, state } = this.ports;
    if (event.kind === 'deliver') state.apply(event.entry.txn, event.entry.zxid, event.cause);
    else if (event.kind === 'serve' || event.kind === 'stop-serving') this.changeRole(event);
    else if (event.kind === 'config') {
      this.addresses.changed(event.config, event.status);
      // Those of this server may be other ones now.
      void this.electionPort.refresh();
      quorum.refresh();
    } else if (event.kind === 'halt') {
      logger.fatal({ code: event.code, reason: event.reason }, 'this server cannot go on');
    }
    this.onEvent(event);
    if (event.kind === 'halt') void this.stop();
  }

  private changeRole(output: Extract<PeerOutput, { kind: 'phase' | 'serve' | 'stop-serving' }>): void {
    const role = changedRole(this.roles.value, output);
    if (isSameRole(role, this.roles.value)) return;
    this.ports.logger.info({ ...role, leader: role.leader?.toString() }, 'the role in the ensemble has changed');
    this.roles.next(role);
  }

  private halt(code: number, error: unknown): void {
    if (this.isStopped) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.ports.logger.fatal({ err: error }, 'this server cannot go on');
    this.onEvent({ kind: 'halt', code, reason });
    void this.stop();
  }

  private get dialling(): DiallingOptions {
    const { connectTimeoutMs: timeoutMs, multiAddress } = this.options;
    return { timeoutMs, isInTurn: !multiAddress.isReachabilityChecked };
  }

  private newQuorumNetwork(): QuorumNetwork {
    const { transport, scheduler, clock, state, logger } = this.ports;
    const host = {
      addressesOf: (server: ServerId, port: LearnerPort) => this.addresses.of(server, MEMBER_PORTS[port]),
      listenAddresses: (port: LearnerPort) => this.addresses.toListenOn(MEMBER_PORTS[port]),
      accepted: (link: LinkId) => this.give({ kind: 'accepted', link }),
      connected: (attempt: number, link: LinkId) => this.give({ kind: 'connected', attempt, link }),
      dialFailed: (attempt: number) => this.give({ kind: 'dial-failed', attempt }),
      closed: (link: LinkId) => this.give({ kind: 'closed', link }),
      packet: (link: LinkId, packet: Extract<PeerInput, { kind: 'packet' }>['packet']) => {
        if (packet.type === PacketType.PING) this.onEvent({ kind: 'heartbeat' });
        this.give({ kind: 'packet', link, packet });
      },
      snapshotProgress: (link: LinkId) => this.give({ kind: 'snapshot-progress', link }),
      snapshotReceived: (link: LinkId) => this.give({ kind: 'snapshot-received', link }),
    };
    const { maxQueuedBytes: learners, observerMaster } = this.options;
    return new QuorumNetwork(transport, scheduler, clock, state, logger, host, {
      dialling: this.dialling,
      maxQueuedBytes: { learners, observers: observerMaster?.maxQueuedBytes ?? learners },
    });
  }
}

const MEMBER_PORTS = { learners: 'quorumPort', observers: 'observerMasterPort' } as const;
/** Apache's exit code when the election port cannot be bound. */
const CANNOT_LISTEN = 14;
