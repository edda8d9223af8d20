import type { AuthProviders, HandshakeCounts, Transport } from '@zk/contracts';
import { type SessionId, type Zxid, hex64, hexOf } from '@zk/model';
import { type ClientPipeline, LatencyStats, RequestPipeline, type SessionChange } from '@zk/request-pipeline';
import type { Session, SessionTracker } from '@zk/session';
import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import { Admission } from './admission.js';
import type { AuditLog } from './audit/audit-log.js';
import { createDesk } from './audit/audited-desk.js';
import { auditSessionEnds } from './audit/session-end-audit.js';
import type { ClientConnection, WordResult } from './client-connection.js';
import { type BoundAddress, type ClientListener, ClientListeners } from './client-listeners.js';
import type { ConnectionDesk, DeskHost } from './connection-desk.js';
import { ContainerManager } from './container-manager.js';
import { Database, type LoadReport } from './database.js';
import { drained } from './drained.js';
import { type EnsembleParts, EnsembleReplica } from './ensemble-replica.js';
import { FourLetterWords } from './four-letter/words.js';
import type { Inspection } from './inspection.js';
import { newSessionTracker } from './new-session-tracker.js';
import type { ServerOptions } from './options.js';
import { QuotaWarnings } from './quota-warnings.js';
import type { Latencies, Replica, ReplicaHost, ReplicaParts, ServeOptions } from './replica.js';
import { Snapshotter } from './snapshotter.js';
import { StandaloneReplica } from './standalone-replica.js';
import { ServerStats } from './stats.js';
import { keepProcess } from './system-ports.js';
import { Timers } from './timers.js';
import { Upkeep, type UpkeepHost } from './upkeep.js';

/** What a server is made of: the contracts that may be swapped. */
export interface ServerParts extends ReplicaParts {
  /** Of the client port. */
  readonly transport: Transport;
  /** Further addresses where clients connect. */
  readonly listeners?: readonly ClientListener[];
  /** Absent: the server stands alone. */
  readonly ensemble?: EnsembleParts;
  /** Absent: nobody keeps one. */
  readonly audit?: AuditLog;
}

/**
 * Where a server is in its life. `electing`: its ensemble has no leader, or this server is being brought up to date;
 * nobody is served. `degraded`: the log takes no writes at the moment; reads go on.
 */
export type ServerState = 'stopped' | 'loading' | 'electing' | 'serving' | 'degraded' | 'stopping' | 'failed';

/** `closed` by its client, or `expired`: a session ends once, when its end is durable. */
export type SessionEvent = {
  readonly kind: SessionChange;
  readonly sessionId: bigint;
};

const nothing = (): void => undefined;

const DEFAULT_TRACE_MASK = 306n;

/**
 * A server, alone or in an ensemble. It puts the parts together and takes them through their life; requests go from the
 * {@link ConnectionDesk} straight to the pipeline. In a turn of the event loop what has arrived is read, writes are
 * appended to the log and its sync is started, what has become committed is applied, watches fire, replies are encoded,
 * and then every connection that has output is flushed once.
 */
export class ZkServer implements DeskHost, UpkeepHost, ReplicaHost {
  readonly stats: ServerStats;
  readonly database: Database;
  readonly snapshotter: Snapshotter;
  readonly admission: Admission;
  /** Of those whom this server knows; another one each time it begins to serve. */
  sessions: SessionTracker;
  /** The one that serves, or served last; undefined before the first one does. */
  pipeline: ClientPipeline | undefined;
  /** Counted by one pipeline after the other. */
  readonly latencies: Latencies = { latency: new LatencyStats(), updateLatency: new LatencyStats() };
  /** Whether clients may have sessions here while the server serves. */
  acceptsClients = true;
  /** What `stmk` set; nothing here is traced by it. */
  traceMask = DEFAULT_TRACE_MASK;
  private readonly states = new BehaviorSubject<ServerState>('stopped');
  private readonly sessionEvents = new Subject<SessionEvent>();
  private readonly words: FourLetterWords;
  private readonly desk: ConnectionDesk;
  private readonly listeners: ClientListeners;
  private readonly timers: Timers;
  private readonly replica: Replica;
  private readonly failure: { promise: Promise<Error>; resolve: (error: Error) => void };
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  /** The one under way, or the last one. */
  private restoring: Promise<void> | undefined;
  private readonly quotaWarnings: QuotaWarnings;

  constructor(
    private readonly parts: ServerParts,
    readonly options: ServerOptions,
  ) {
    const { clock, storage, logger, scheduler, random, ensemble } = parts;
    this.database = new Database(
      storage,
      {
        extendedTypesEnabled: options.extendedTypesEnabled,
        digestEnabled: options.digestEnabled,
        hashSeed: Math.floor(random.next() * 0x1_0000_0000) | 0,
      },
      clock,
      logger,
      (watcher, type, path, start, end, aclKey, hi, lo) =>
        this.pipeline?.deliver(watcher, type, path, start, end, aclKey, hi, lo),
    );
    this.sessions = newSessionTracker(options, clock, () => undefined);
    this.snapshotter = new Snapshotter(
      parts,
      { tree: () => this.database.tree, sessions: () => this.replica.persistedSessions() },
      options,
    );
    this.timers = new Timers(scheduler);
    this.stats = new ServerStats(this, clock);
    this.words = new FourLetterWords(this, storage, options, clock, () => this.ensemble?.view);
    this.admission = new Admission(options, clock, random);
    this.desk = createDesk(parts.audit, this, parts, options, this.admission, this.stats);
    this.quotaWarnings = new QuotaWarnings(clock, logger);
    this.listeners = new ClientListeners(parts.transport, parts.listeners ?? [], options);
    this.replica =
      ensemble === undefined ? new StandaloneReplica(this, parts) : new EnsembleReplica(this, parts, ensemble);
    let resolve: (error: Error) => void = () => undefined;
    const promise = new Promise<Error>((done) => (resolve = done));
    this.failure = { promise, resolve };
  }

  /** Hot; replays the present state. Completes when the server has stopped. */
  get state$(): Observable<ServerState> {
    return this.states.asObservable();
  }

  get state(): ServerState {
    return this.states.value;
  }

  /** Hot, without replay. */
  get sessions$(): Observable<SessionEvent> {
    return this.sessionEvents.asObservable();
  }

  /** Resolves when something happened after which the server must not go on; it never rejects. */
  get failed(): Promise<Error> {
    return this.failure.promise;
  }

  get isOpen(): boolean {
    return this.isServing || this.state === 'electing';
  }

  get isServing(): boolean {
    return this.state === 'serving' || this.state === 'degraded';
  }

  /** Its part in its ensemble; undefined for a server on its own. */
  get ensemble(): EnsembleReplica | undefined {
    return this.replica instanceof EnsembleReplica ? this.replica : undefined;
  }

  get loadReport(): LoadReport | undefined {
    return this.database.loadReport;
  }

  /** The id of the session behind a number of the watch table; 0 when there is none. */
  sessionOfWatcher(watcher: number): SessionId {
    return this.pipeline?.clientOf(watcher)?.session?.id ?? 0n;
  }

  /** What four-letter words look at, for other front ends to the same facts. */
  inspect(): Inspection {
    return this.words.inspect();
  }

  /**
   * Where clients connect: the client port, or where there is none the first other listener.
   * @throws Error before {@link start} has resolved
   */
  get clientAddress(): BoundAddress {
    const [first] = this.listeners.addresses;
    if (first === undefined) throw new Error('the server is not listening');
    return first;
  }

  /** Everywhere clients connect; empty before {@link start} has resolved. */
  get addresses(): readonly BoundAddress[] {
    return this.listeners.addresses;
  }

  /** Of clients that are not connected yet, where a handshake comes before. */
  get handshakes(): HandshakeCounts {
    return this.listeners.handshakes;
  }

  get providers(): AuthProviders {
    return this.parts.providers;
  }

  get connections(): ReadonlySet<ClientConnection> {
    return this.desk.connections;
  }

  get lastZxid(): Zxid {
    return this.database.lastZxid;
  }

  /**
   * Loads the data and starts listening.
   * @throws CorruptionError, or an Error with `code` when the address cannot be bound
   */
  start(): Promise<void> {
    this.starting ??= keepProcess(this.begin());
    return this.starting;
  }

  private async begin(): Promise<void> {
    this.states.next('loading');
    try {
      await this.replica.start();
      await this.listeners.start((connection, listener) => this.desk.accept(connection, listener));
    } catch (error) {
      this.states.next('failed');
      await this.replica.stop();
      throw error;
    }
    this.startUpkeep();
    if (this.state === 'loading') this.states.next(this.desk.pipeline !== undefined ? 'serving' : 'electing');
  }

  /** Answers what is on its way, makes everything durable and closes. Sessions stay, for the next start. Idempotent. */
  stop(): Promise<void> {
    this.stopping ??= keepProcess(this.end());
    return this.stopping;
  }

  private async end(): Promise<void> {
    await this.starting?.then(nothing, nothing);
    this.states.next('stopping');
    this.timers.cancelAll();
    if (this.listeners.wasOpened) {
      await this.listeners.close();
      this.desk.stopReading();
      await this.drain();
      await this.snapshotter.stop();
      await this.restoring?.then(nothing, nothing);
      this.desk.runTurn();
      this.desk.closeAfterFlush();
      this.desk.runTurn();
      await this.replica.stop();
      this.desk.closeNow();
    }
    this.states.next('stopped');
    this.states.complete();
    this.sessionEvents.complete();
  }

  /**
   * The state of a snapshot takes the place of the present one. Clients are disconnected, and come back to sessions that the
   * snapshot knows; zxids go on. @returns the zxid of the snapshot
   * @throws CorruptionError when it cannot be read; Error when it cannot be written, while the server does not serve or its log
   *   takes no writes, and on a member of an ensemble
   */
  async restore(pieces: AsyncIterable<Uint8Array>): Promise<Zxid> {
    const { replica } = this;
    if (replica.restore === undefined) throw new Error('only a server on its own can be restored');
    const snapshot = await this.database.decode(pieces);
    this.demandRestorable();
    this.desk.stopReading();
    try {
      await this.drain();
      // It may have been told to stop meanwhile, or another snapshot may have come first.
      this.demandRestorable();
      this.restoring = replica.restore(snapshot);
      await this.restoring;
    } catch (error) {
      // Nobody reads from the connections any more; a server that stops answers what it can before it closes them.
      if (this.stopping === undefined) this.desk.closeNow();
      throw error;
    }
    this.parts.logger.warn({ zxid: `0x${hex64(snapshot.zxid)}` }, 'the state is that of a snapshot which was restored');
    return snapshot.zxid;
  }

  private demandRestorable(): void {
    if (this.state === 'degraded') throw new Error('the log takes no writes');
    if (this.state !== 'serving') throw new Error('the server does not serve');
  }

  /** Opens a turn if none is open; monotonic ms, read once per turn. */
  turnNow(): number {
    return this.desk.turnNow();
  }

  // ---- DeskHost

  fourLetterWord(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): WordResult {
    return this.words.handle(connection, bytes, start, end);
  }

  endingTurn(): void {
    this.replica.endTurn();
  }

  // ---- ReplicaHost

  serve(pipeline: ClientPipeline, sessions: SessionTracker, { acceptsClients = true }: ServeOptions = {}): void {
    this.sessions = sessions;
    this.acceptsClients = acceptsClients;
    this.pipeline = this.desk.pipeline = pipeline;
    const { quotas } = this.database.tree;
    quotas.onSoftLimitExceeded = (event) => this.quotaWarnings.exceeded(event);
    quotas.onHardLimitExceeded = ({ path }) => this.stats.quotaExceeded(path);
    if (this.parts.audit !== undefined) auditSessionEnds(this.database.tree, this.parts.audit);
    if (this.state === 'electing') this.states.next('serving');
  }

  suspend(): void {
    if (this.isServing) this.states.next('electing');
    if (this.pipeline === undefined) return;
    this.stats.retirePipeline(this.pipeline);
    this.pipeline.shutDown(this.turnNow());
    this.desk.pipeline = undefined;
  }

  moveClientPort(to: { readonly host: string; readonly port: number }): void {
    const { logger } = this.parts;
    this.listeners.moveClientPort(to).then(
      () => logger.info({ ...to }, 'clients connect there from now on'),
      (error: unknown) => logger.error({ ...to, err: error }, 'the client port cannot move there, and stays'),
    );
  }

  setDegraded(isDegraded: boolean): void {
    const [from, to]: [ServerState, ServerState] = isDegraded ? ['serving', 'degraded'] : ['degraded', 'serving'];
    if (this.state === from) this.states.next(to);
  }

  sessionChanged(kind: SessionChange, session: Session): void {
    if (kind === 'expired') this.stats.sessionsExpired++;
    else if (kind === 'reattached') this.stats.sessionsReattached++;
    this.sessionEvents.next({ kind, sessionId: session.id });
  }

  fail(error: Error): void {
    this.stats.unrecoverableErrors++;
    if (this.state !== 'stopping') this.states.next('failed');
    this.failure.resolve(error);
  }

  // ---- sessions and upkeep

  /** Ends a session whose time is over, or as if it were. */
  expireSession(session: Session): void {
    this.parts.logger.info(
      { session: `0x${hexOf(session.idHi, session.idLo)}`, timeoutMs: session.timeoutMs },
      'session expired',
    );
    this.desk.pipeline?.expireSession(session, this.turnNow());
  }

  get nextExpiryMs(): number {
    return this.desk.pipeline === undefined ? Infinity : this.sessions.nextExpiryMs;
  }

  expireDue(nowMs: number): void {
    // While nobody is served, time stands still for sessions: whoever serves next gives them a full timeout.
    if (this.desk.pipeline !== undefined) {
      this.desk.touchWaiting(nowMs);
      this.sessions.expire(nowMs);
    }
    this.stats.sessionlessExpired += this.desk.expire(nowMs);
  }

  private startUpkeep(): void {
    const containers = new ContainerManager(
      () => this.database.tree,
      () => this.deciding,
      this.options,
      this.parts.clock,
    );
    new Upkeep(this, containers, this.timers, this.parts, this.options).start();
  }

  /** The pipeline, if it is one that decides on writes: on a server alone, or on a leader. */
  private get deciding(): RequestPipeline | undefined {
    const { pipeline } = this.desk;
    return pipeline instanceof RequestPipeline ? pipeline : undefined;
  }

  private drain(): Promise<void> {
    return drained(this.desk, this.replica, this.parts);
  }
}
