import type { Transport } from '@zk/contracts';
import {
  type EnsembleEvent,
  type EnsembleOptions,
  EnsemblePeer,
  type EnsembleRole,
  type EnsembleStatus,
} from '@zk/ensemble';
import { OpCode, type Zxid, hiOf, int64, loOf } from '@zk/model';
import {
  type ClientPipelineParts,
  type LeaderLink,
  LearnerPipeline,
  type PipelineOptions,
  ReadOnlyPipeline,
  RequestPipeline,
  type SessionChange,
} from '@zk/request-pipeline';
import type { EnsembleConfig, ServerId } from '@zk/quorum';
import type { Session, SessionTracker } from '@zk/session';
import { defaultPeerOptions } from '@zk/zab';
import type { Observable } from 'rxjs';
import { EnsembleHalted } from './ensemble-halted.js';
import { EnsembleRecorder } from './ensemble-recorder.js';
import { EnsembleState } from './ensemble-state.js';
import type { EnsembleView } from './ensemble-view.js';
import { LearnerDesk } from './learner-desk.js';
import { Membership, type MembershipStore } from './membership.js';
import { newSessionTracker } from './new-session-tracker.js';
import { ReadOnlyService } from './read-only-service.js';
import type { PersistedSession } from './snapshotter.js';
import { type Replica, type ReplicaHost, type ReplicaParts, pipelineOptionsOf } from './replica.js';

/** What makes a server a member of an ensemble. */
export interface EnsembleParts extends Partial<Omit<EnsembleOptions, 'id' | 'config'>> {
  readonly id: ServerId;
  /** Who belongs to the ensemble, this server included. */
  readonly config: EnsembleConfig;
  /** For elections, and for what leaders and learners say to each other. */
  readonly transport: Transport;
  /** Whether clients are served while this server leads (`leaderServes`); default true. */
  readonly leaderServes?: boolean;
  /** Whether writes are refused here for want of a permission, before the leader sees them; default false. */
  readonly checksAclsEarly?: boolean;
  /** Whether clients may read here while there is no quorum, if they are content with that; default false. */
  readonly isReadOnlyModeEnabled?: boolean;
  /** Whether an ensemble of one participant may become a standalone server: then it must keep two; default true. */
  readonly isStandaloneEnabled?: boolean;
  /** Absent: changes of the members are forgotten at a restart, and learned anew from the others. */
  readonly membership?: MembershipStore;
  /** Hears everything that the peer says, before the server acts on it: for simulators. */
  readonly observe?: (event: EnsembleEvent) => void;
}

/**
 * A member of an ensemble. The peer elects, leads or follows, and keeps disk and database in agreement with the others;
 * here, while it serves, clients get the pipeline of its role: a leader's decides on writes, a learner's passes them on.
 */
export class EnsembleReplica implements Replica {
  private readonly peer: EnsemblePeer;
  private readonly state: EnsembleState;
  private readonly recorder: EnsembleRecorder;
  private readonly membership: Membership;
  private readonly readOnly: ReadOnlyService | undefined;
  /** The leader's side of its learners, while this server leads. */
  private learners: LearnerDesk | undefined;

  constructor(
    private readonly host: ReplicaHost,
    private readonly parts: ReplicaParts,
    private readonly ensemble: EnsembleParts,
  ) {
    this.state = new EnsembleState(host.database, host.options, () => host.turnNow());
    const { transport, isReadOnlyModeEnabled = false } = ensemble;
    this.peer = new EnsemblePeer(
      { ...parts, transport, state: this.state, quiesce: () => host.snapshotter.abandon() },
      { maxPacketBytes: host.options.maxTxnBytes, ...ensemble },
      (event) => this.heard(event),
    );
    const { initLimitTicks, syncLimitTicks } = { ...defaultPeerOptions, ...ensemble.peer };
    const { id, config } = ensemble;
    const servesObservers = ensemble.observerMaster !== undefined;
    const recorderOptions = { id, config, initLimitTicks, syncLimitTicks, servesObservers };
    this.recorder = new EnsembleRecorder(recorderOptions, parts.clock, () => host.turnNow());
    this.membership = new Membership(
      config,
      () => this.peer,
      {
        isStandaloneEnabled: ensemble.isStandaloneEnabled ?? true,
        isMultiAddressEnabled: ensemble.multiAddress?.isEnabled ?? false,
      },
      { clock: parts.clock, logger: parts.logger, store: ensemble.membership },
    );
    if (isReadOnlyModeEnabled) this.readOnly = this.newReadOnlyService();
    host.snapshotter.isLogged = (zxid) => this.peer.isDurable(zxid);
  }

  /** See `EnsemblePeer.role$`. */
  get role$(): Observable<EnsembleRole> {
    return this.peer.role$;
  }

  get role(): EnsembleRole {
    return this.peer.role;
  }

  /** Undefined before the start. */
  status(): EnsembleStatus | undefined {
    return this.peer.status();
  }

  /** What the connections of learners have carried is counted anew. */
  resetTraffic(): void {
    this.peer.resetTraffic();
  }

  /** For four-letter words. */
  get view(): EnsembleView | undefined {
    return this.recorder.view(this.peer.status());
  }

  async start(): Promise<void> {
    this.peer.role$.subscribe((role) => {
      this.recorder.changed(role);
      this.readOnly?.roleChanged(role);
    });
    await this.peer.start();
  }

  endTurn(): void {
    if (this.state.serving !== undefined && this.keepsLog) this.host.snapshotter.check(this.parts.storage.log);
  }

  /** An observer may do without; then a snapshot would have nothing to stand on. */
  private get keepsLog(): boolean {
    return this.role.role !== 'observer' || this.ensemble.peer?.observersKeepLog !== false;
  }

  persistedSessions(): Iterable<PersistedSession> {
    return this.host.database.persistedSessions();
  }

  get canFinish(): boolean {
    return this.state.serving !== undefined;
  }

  async stop(): Promise<void> {
    this.readOnly?.stop();
    await this.peer.stop();
  }

  // ---- what the peer says

  private heard(event: EnsembleEvent): void {
    const { serving } = this.state;
    this.recorder.heard(event);
    this.ensemble.observe?.(event);
    switch (event.kind) {
      case 'serve':
        return event.role === 'leader' ? this.lead(event.zxid) : this.learn(event.epoch);
      case 'stop-serving':
        return this.stopServing();
      case 'config':
        if (event.status === 'committed') this.moveClientPort(this.membership.config, event.config);
        return this.membership.changed(event.config, event.status);
      case 'request':
        return this.learners?.request(event.link, event.request);
      case 'touched':
        return this.learners?.touched(event.sessionId, event.timeoutMs);
      case 'revalidate':
        return this.learners?.revalidate(event.link, event.sessionId, event.timeoutMs);
      case 'heartbeat':
        if (serving?.role === 'learner') this.reportTouched(serving.pipeline);
        return undefined;
      case 'revalidated':
        if (serving?.role !== 'learner') return undefined;
        return serving.pipeline.revalidated(
          hiOf(event.sessionId),
          loOf(event.sessionId),
          event.isValid,
          this.host.turnNow(),
        );
      case 'synced':
        return serving?.role === 'learner' ? serving.pipeline.synced(this.host.turnNow()) : undefined;
      case 'halt':
        return this.host.fail(new EnsembleHalted(event.reason, event.code));
      default:
        return undefined;
    }
  }

  /** Where clients connect is part of a configuration. */
  private moveClientPort(before: EnsembleConfig, after: EnsembleConfig): void {
    const { id } = this.ensemble;
    const [from, to] = [before.servers.get(id)?.client, after.servers.get(id)?.client];
    if (to === undefined || (to.host === from?.host && to.port === from.port)) return;
    this.host.moveClientPort(to);
  }

  /** @param last the zxid before the first that will be proposed */
  private lead(last: Zxid): void {
    const { host, parts } = this;
    const { database } = host;
    const { tree } = database;
    this.membership.publish(tree);
    [tree.lastZxidHi, tree.lastZxidLo] = [hiOf(last), loOf(last)];
    const sessions = this.newSessions();
    const nowMs = host.turnNow();
    for (const [id, timeoutMs] of database.sessions) sessions.track(hiOf(id), loOf(id), timeoutMs, nowMs);
    const pipeline = new RequestPipeline(
      {
        ...this.commonParts(sessions),
        proposer: this.recorder.watching(this.peer.proposer),
        planReconfig: this.membership.plan,
      },
      this.pipelineOptions(),
    );
    this.learners = new LearnerDesk(pipeline, this.peer, () => host.turnNow());
    this.state.serving = { role: 'leader', pipeline };
    host.serve(pipeline, sessions, { acceptsClients: this.ensemble.leaderServes ?? true });
    this.learners.endOrphans(tree, database.sessions);
    parts.logger.info({ epoch: hiOf(last), sessions: sessions.size }, 'leading');
  }

  private learn(epoch: number): void {
    const { host } = this;
    this.membership.publish(host.database.tree);
    const sessions = this.newSessions();
    const pipeline = new LearnerPipeline(
      { ...this.commonParts(sessions), leader: this.newLeaderLink(), startEpoch: epoch },
      this.pipelineOptions(),
    );
    this.state.serving = { role: 'learner', pipeline };
    host.serve(pipeline, sessions);
  }

  private stopServing(): void {
    if (this.state.serving === undefined) return;
    this.state.serving = undefined;
    this.learners = undefined;
    // What is applied from now on may be taken back, and must not get into a snapshot.
    void this.host.snapshotter.abandon();
    this.host.suspend();
  }

  private newReadOnlyService(): ReadOnlyService {
    const { host, parts } = this;
    const begin = (): void => {
      const sessions = this.newSessions();
      host.serve(new ReadOnlyPipeline(this.commonParts(sessions), pipelineOptionsOf(host.options)), sessions);
      parts.logger.warn({}, 'no quorum: clients that are content with it may read what this server has');
    };
    return new ReadOnlyService(parts.scheduler, host.options.tickTimeMs, begin, () => host.suspend());
  }

  private pipelineOptions(): PipelineOptions {
    const { options } = this.host;
    const { localSessionsEnabled: areOn, localSessionsUpgradingEnabled: areUpgraded, serverId } = options;
    const { checksAclsEarly = false } = this.ensemble;
    return { ...pipelineOptionsOf(options), checksAclsEarly, localSessions: { areOn, areUpgraded }, serverId };
  }

  private commonParts(sessions: SessionTracker): ClientPipelineParts {
    const { host } = this;
    const { database } = host;
    return {
      tree: database.tree,
      watches: database.watches,
      sessions,
      providers: this.parts.providers,
      clock: this.parts.clock,
      onSession: (kind: SessionChange, session: Session) => host.sessionChanged(kind, session),
      ...host.latencies,
    };
  }

  private newSessions(): SessionTracker {
    const { host, parts } = this;
    return newSessionTracker(host.options, parts.clock, (session) => host.expireSession(session));
  }

  // ---- what a learner says to its leader

  private newLeaderLink(): LeaderLink {
    const { peer } = this;
    return {
      forward: (hi, lo, cxid, opcode, body, ids) => {
        peer.request({ kind: 'forward', request: { sessionId: int64(hi, lo), cxid, opcode, body, ids } });
      },
      sync: (hi, lo, cxid, body, ids) => {
        const request = { sessionId: int64(hi, lo), cxid, opcode: OpCode.sync, body, ids };
        peer.request({ kind: 'sync', tag: 0, request });
      },
      revalidate: (hi, lo, timeoutMs) => {
        peer.request({ kind: 'revalidate', sessionId: int64(hi, lo), timeoutMs });
      },
    };
  }

  private reportTouched(pipeline: LearnerPipeline): void {
    pipeline.takeTouched(({ id }, timeoutMs) => {
      this.peer.request({ kind: 'touch', sessionId: id, timeoutMs });
    });
  }
}
