import type {
  AuthProviders,
  Clock,
  Connection,
  ConnectionHandler,
  Listener,
  Logger,
  RandomSource,
  Scheduler,
  Storage,
  Transport,
} from '@zk/contracts';
import type { SoftLimitExceeded } from '@zk/data-tree';
import { readInt32 } from '@zk/jute';
import { type Zxid, hex64, hexOf, hiOf, int64, loOf } from '@zk/model';
import { type Outbox, type OutboxHost, RequestPipeline } from '@zk/request-pipeline';
import { type Session, SessionTracker } from '@zk/session';
import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import { BufferPool } from './buffer-pool.js';
import { ClientConnection, type ConnectionHost, type WordResult } from './client-connection.js';
import { ContainerManager } from './container-manager.js';
import { Database, type LoadReport } from './database.js';
import { FourLetterWords } from './four-letter/words.js';
import { Admission } from './admission.js';
import { SessionlessReaper } from './limits/index.js';
import type { ServerOptions } from './options.js';
import { Snapshotter } from './snapshotter.js';
import { keepProcess } from './system-ports.js';
import { ServerStats } from './stats.js';
import { Timers } from './timers.js';
import { Upkeep, type UpkeepHost } from './upkeep.js';

/** What a server is made of: the contracts that may be swapped. */
export interface ServerParts {
  readonly transport: Transport;
  readonly storage: Storage;
  readonly providers: AuthProviders;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** Where a server is in its life. `degraded`: the log takes no writes at the moment; reads go on. */
export type ServerState = 'stopped' | 'loading' | 'serving' | 'degraded' | 'stopping' | 'failed';

/** `closed` by its client, or `expired`: a session ends once, when its end is durable. */
export type SessionEvent = {
  readonly kind: 'created' | 'reattached' | 'closed' | 'expired';
  readonly sessionId: bigint;
};

const nothing = (): void => undefined;

/** Time a stop waits for writes that are on their way. */
const DRAIN_MS = 5000;
/** Time a connection that is being closed has to read what was sent before. */
const LINGER_MS = 10_000;
const QUOTA_WARNING_INTERVAL_MS = 60_000;

/**
 * A standalone server. It owns the connections and the turn of the event loop, and feeds the pipeline:
 * read what has arrived, append writes to the log and start its sync, apply what has become durable, fire watches,
 * encode replies, then one flush of every connection that has output.
 */
export class ZkServer implements ConnectionHost, OutboxHost, UpkeepHost {
  readonly stats: ServerStats;
  readonly database: Database;
  readonly isThrottling: boolean;
  readonly sessions: SessionTracker;
  readonly snapshotter: Snapshotter;
  readonly connections = new Set<ClientConnection>();
  readonly maxFrameBytes: number;
  readonly maxOutputBytes: number;
  readonly maxOutstanding: number;
  pipeline!: RequestPipeline;
  loadReport: LoadReport | undefined;

  private readonly states = new BehaviorSubject<ServerState>('stopped');
  private readonly sessionEvents = new Subject<SessionEvent>();
  private readonly pool = new BufferPool();
  private readonly words: FourLetterWords;
  readonly admission: Admission;
  private readonly reaper: SessionlessReaper<ClientConnection>;
  /** Connections that are closed once they have sent everything: one that never reads would stay for ever. */
  private readonly lingering: SessionlessReaper<ClientConnection>;
  private readonly freeWatchers: number[] = [];
  private nextWatcher = 0;
  private listener: Listener | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private readonly timers: Timers;

  private nextQuotaWarningMs = -Infinity;
  private isTurnScheduled = false;
  private nowMs = 0;
  private hasUnsynced = false;
  private dirty: Outbox[] = [];
  private waiting: ClientConnection[] = [];
  /** Connections whose transport has not taken everything. */
  private readonly stalledConnections = new Set<ClientConnection>();
  private readonly failure: { promise: Promise<Error>; resolve: (error: Error) => void };

  constructor(
    private readonly parts: ServerParts,
    readonly options: ServerOptions,
  ) {
    const { clock, storage, logger, scheduler, random } = parts;
    this.maxFrameBytes = options.maxFrameBytes;
    this.maxOutputBytes = options.maxOutputBytes;
    this.maxOutstanding = options.globalOutstandingLimit;
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
        this.pipeline.deliver(watcher, type, path, start, end, aclKey, hi, lo),
    );
    this.sessions = new SessionTracker({
      tickTimeMs: options.tickTimeMs,
      serverId: options.serverId,
      startMs: Math.floor(clock.wallMs()),
      onExpire: (session) => this.expire(session),
    });
    this.snapshotter = new Snapshotter(
      storage,
      () => this.database.tree,
      () => this.persistedSessions(),
      options,
      clock,
      scheduler,
      random,
      logger,
    );
    this.timers = new Timers(scheduler);
    this.stats = new ServerStats(this, clock);
    this.words = new FourLetterWords(this, storage, options, clock);
    this.admission = new Admission(options, clock, random);
    this.isThrottling = this.admission.requests.isOn;
    this.reaper = new SessionlessReaper((connection) => connection.closeNow(), {
      timeoutMs: options.sessionlessTimeoutMs,
    });
    this.lingering = new SessionlessReaper((connection) => connection.closeNow(), { timeoutMs: LINGER_MS });
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

  get isServing(): boolean {
    return this.state === 'serving' || this.state === 'degraded';
  }

  /** The session behind a number of the watch table, as `0x` hexadecimal. */
  sessionOfWatcher(watcher: number): string {
    const session = this.pipeline.clientOf(watcher)?.session ?? null;
    return session === null ? '0x0' : `0x${hexOf(session.idHi, session.idLo)}`;
  }

  /** Where clients connect. @throws Error before {@link start} has resolved */
  get clientAddress(): { readonly host: string; readonly port: number } {
    if (this.listener === undefined) throw new Error('the server is not listening');
    return { host: this.listener.host, port: this.listener.port };
  }

  get lastZxid(): Zxid {
    const { tree } = this.database;
    return int64(tree.lastZxidHi, tree.lastZxidLo);
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
    const { storage, clock, logger, transport } = this.parts;
    this.states.next('loading');
    try {
      await storage.open();
      const report = await this.database.load();
      this.loadReport = report;
      logger.info(
        {
          snapshot: report.snapshot,
          replayedTxns: report.replayedTxns,
          zxid: `0x${hex64(report.zxid)}`,
          durationMs: Math.round(report.durationMs),
        },
        'data loaded',
      );
      const nowMs = clock.monotonicMs();
      for (const [id, timeoutMs] of this.database.loadedSessions)
        this.sessions.track(hiOf(id), loOf(id), timeoutMs, nowMs);
      this.database.loadedSessions.clear();
      this.startPipeline();
      this.snapshotter.addReplayed(report.replayedTxns);
      if (report.snapshot === undefined && (await this.snapshotter.take()) === undefined) {
        throw new Error('the first snapshot could not be written, so nothing would be found again after a restart');
      }
      this.listener = await transport.listen(
        {
          port: this.options.clientPort,
          ...(this.options.clientHost === undefined ? {} : { host: this.options.clientHost }),
          ...(this.options.listenBacklog === undefined ? {} : { backlog: this.options.listenBacklog }),
          keepAlive: this.options.tcpKeepAlive,
        },
        (connection) => this.accept(connection),
      );
    } catch (error) {
      this.states.next('failed');
      await storage.close();
      throw error;
    }
    this.states.next('serving');
    this.startUpkeep();
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
    if (this.listener !== undefined) {
      await this.listener.close();
      for (const connection of this.connections) connection.stopReading();
      await this.drain();
      await this.snapshotter.stop();
      this.runTurn();
      for (const connection of [...this.connections]) connection.closeAfterFlush();
      this.runTurn();
      await this.parts.storage.close();
      for (const connection of [...this.connections]) connection.closeNow();
    }
    this.states.next('stopped');
    this.states.complete();
    this.sessionEvents.complete();
  }

  // ---- ConnectionHost

  turnNow(): number {
    if (!this.isTurnScheduled) {
      this.isTurnScheduled = true;
      this.nowMs = this.parts.clock.monotonicMs();
      this.parts.scheduler.atTurnEnd(() => this.runTurn());
    }
    return this.nowMs;
  }

  /** Connections refused: too many, or sessions coming too fast. */
  get rejectedConnections(): number {
    return this.admission.rejectedConnections;
  }

  connect(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    if (!this.admission.admitsSession(bytes, start, end)) {
      connection.closeNow();
      return;
    }
    this.reaper.remove(connection);
    this.stats.connectionRequests++;
    this.stats.received++;
    connection.client.received++;
    this.pipeline.connect(connection.client, bytes, start, end, this.turnNow());
  }

  submit(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    this.stats.received++;
    this.pipeline.submit(connection.client, bytes, start, end, this.nowMs);
    this.admission.submitted(connection.client, end - start);
  }

  mayReceive(lengthBytes: number): boolean {
    return this.admission.mayReceive(lengthBytes);
  }

  fourLetterWord(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): WordResult {
    return this.words.handle(connection, bytes, start, end);
  }

  throttle(
    connection: ClientConnection,
    bytes: Uint8Array,
    start: number,
    waitedMs: number,
  ): 'pass' | 'wait' | 'refused' {
    const { requests } = this.admission;
    if (requests.mustWait(this.pipeline.inFlight)) {
      requests.waitCount++;
      return 'wait';
    }
    if (!requests.isTooLate(readInt32(bytes, start + 4), waitedMs)) return 'pass';
    requests.throttledOps++;
    this.pipeline.refuseThrottled(connection.client, readInt32(bytes, start), this.nowMs);
    return 'refused';
  }

  get isCongested(): boolean {
    return this.pipeline.inFlight > this.options.globalOutstandingLimit;
  }

  congested(connection: ClientConnection): void {
    this.waiting.push(connection);
    this.turnNow();
  }

  stalled(connection: ClientConnection): void {
    this.stalledConnections.add(connection);
  }

  drained(connection: ClientConnection): void {
    this.stalledConnections.delete(connection);
    this.turnNow();
    connection.flush();
    connection.resume();
  }

  sending(outbox: Outbox): void {
    this.stats.sending(outbox);
  }

  received(byteCount: number): void {
    this.stats.bytesReceived += byteCount;
  }

  closing(connection: ClientConnection): void {
    this.lingering.add(connection, this.turnNow());
  }

  closed(connection: ClientConnection, error?: Error): void {
    this.connections.delete(connection);
    this.stalledConnections.delete(connection);
    this.lingering.remove(connection);
    this.admission.left(connection.peer.remoteAddress);
    this.reaper.remove(connection);
    this.stats.retire(connection.client.outbox);
    if (connection.wasDropped) this.stats.connectionsDropped++;
    this.pipeline.remove(connection.client);
    this.freeWatchers.push(connection.client.watcher);
    if (error !== undefined) {
      this.parts.logger.debug({ client: connection.peer.remoteAddress, reason: error.message }, 'connection lost');
    }
  }

  // ---- OutboxHost

  borrow(minimum: number): Uint8Array {
    return this.pool.borrow(minimum);
  }

  giveBack(buffer: Uint8Array): void {
    this.pool.giveBack(buffer);
  }

  filled(outbox: Outbox): void {
    this.dirty.push(outbox);
    this.turnNow();
  }

  // ---- the turn

  /** Ends a turn: starts the sync of what was appended, sends what was encoded, lets go on who had to wait. */
  private runTurn(): void {
    this.isTurnScheduled = false;
    if (this.hasUnsynced) {
      this.hasUnsynced = false;
      this.parts.storage.log.sync();
      this.snapshotter.check(this.parts.storage.log);
    }
    this.admission.endTurn();
    const { dirty } = this;
    if (dirty.length > 0) {
      this.dirty = [];
      for (const outbox of dirty) (outbox.owner as ClientConnection).flush();
    }
    if (this.stalledConnections.size > 0) for (const connection of this.stalledConnections) connection.limitOutput();
    if (this.waiting.length > 0 && !this.isCongested && !this.admission.requests.mustWait(this.pipeline.inFlight)) {
      const resumed = this.waiting;
      this.waiting = [];
      for (const connection of resumed) {
        // Looked at again when a commitment has ended a turn.
        if (connection.isOverloaded) this.waiting.push(connection);
        else connection.resume();
      }
    }
  }

  private startPipeline(): void {
    const { storage, providers, clock } = this.parts;
    const { log } = storage;
    log.listen({
      onDurable: (hi, lo) => this.pipeline.commit(hi, lo, this.turnNow()),
      onFailure: (error) => this.logFailed(error),
      onRecovered: () => this.logRecovered(),
      onFatal: (error) => this.fail(error),
    });
    this.pipeline = new RequestPipeline(
      {
        tree: this.database.tree,
        watches: this.database.watches,
        sessions: this.sessions,
        providers,
        clock,
        proposer: {
          propose: (hi, lo, bytes, start, end) => {
            log.append(hi, lo, bytes, start, end);
            this.hasUnsynced = true;
            this.turnNow();
          },
        },
        onSession: (kind, session) => this.sessionChanged(kind, session),
        onDigest: (zxidHi, zxidLo) => this.database.digests.add(zxidHi, zxidLo, this.database.tree.digest),
      },
      {
        extendedTypes: this.options.extendedTypesEnabled,
        enforceQuota: this.options.enforceQuota,
        maxTxnBytes: this.options.maxTxnBytes,
        skipAcl: this.options.skipAcl,
        reconfigEnabled: this.options.reconfigEnabled,
        digestEnabled: this.options.digestEnabled,
        closeSessionTxnEnabled: this.options.closeSessionTxnEnabled,
        minSessionTimeoutMs: this.options.minSessionTimeoutMs,
        maxSessionTimeoutMs: this.options.maxSessionTimeoutMs,
        requiredSchemes: this.options.requiredAuthSchemes,
      },
    );
    this.database.tree.quotas.onSoftLimitExceeded = (event) => this.softLimitExceeded(event);
  }

  private accept(transport: Connection): ConnectionHandler | undefined {
    const { clock, providers, logger } = this.parts;
    if (!this.isServing) return undefined;
    const refusal = this.admission.enter(transport.remoteAddress);
    if (refusal !== undefined) {
      logger.warn(
        { client: transport.remoteAddress, reason: refusal },
        'refused a connection (see maxClientCnxns, maxCnxns)',
      );
      return undefined;
    }
    const watcher = this.freeWatchers.pop() ?? this.nextWatcher++;
    const connection = new ClientConnection(
      this,
      transport,
      watcher,
      this,
      providers,
      clock.wallMs(),
      clock.monotonicMs(),
    );
    this.connections.add(connection);
    this.reaper.add(connection, connection.acceptedMs);
    this.pipeline.add(connection.client);
    return connection;
  }

  private logFailed(error: Error): void {
    this.parts.logger.error({ err: error }, 'the log cannot be written: writes are refused, reads go on; trying again');
    if (this.state === 'serving') this.states.next('degraded');
    this.pipeline.abandon(this.turnNow());
  }

  private logRecovered(): void {
    this.parts.logger.info({}, 'the log can be written again: writes are accepted');
    this.pipeline.acceptsWrites = true;
    if (this.state === 'degraded') this.states.next('serving');
  }

  private fail(error: Error): void {
    this.stats.unrecoverableErrors++;
    this.parts.logger.fatal({ err: error }, 'syncing the log failed: what is on disk is unknown, so the server stops');
    this.pipeline.acceptsWrites = false;
    if (this.state !== 'stopping') this.states.next('failed');
    this.failure.resolve(error);
  }

  /** At most one line a minute: a client that is over its quota keeps on writing. */
  private softLimitExceeded({ path, what, value, limit }: SoftLimitExceeded): void {
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs < this.nextQuotaWarningMs) return;
    this.nextQuotaWarningMs = nowMs + QUOTA_WARNING_INTERVAL_MS;
    this.parts.logger.warn({ quota: path, what, value, limit }, 'a soft quota is exceeded');
  }

  // ---- sessions and upkeep

  /** While the log takes no writes, a session that ran out of time gets another period, until its end can be logged. */
  private expire(session: Session): void {
    if (!this.pipeline.acceptsWrites) {
      this.sessions.undoClosing(session, session.timeoutMs, this.parts.clock.monotonicMs());
      return;
    }
    this.parts.logger.info(
      { session: `0x${hexOf(session.idHi, session.idLo)}`, timeoutMs: session.timeoutMs },
      'session expired',
    );
    this.pipeline.closeSession(session, null, 0);
  }

  private sessionChanged(kind: SessionEvent['kind'], session: Session): void {
    if (kind === 'expired') this.stats.sessionsExpired++;
    else if (kind === 'reattached') this.stats.sessionsReattached++;
    this.sessionEvents.next({ kind, sessionId: session.id });
  }

  get nextExpiryMs(): number {
    return this.sessions.nextExpiryMs;
  }

  expireDue(nowMs: number): void {
    this.sessions.expire(nowMs);
    this.stats.sessionlessExpired += this.reaper.expire(nowMs);
    this.lingering.expire(nowMs);
  }

  private startUpkeep(): void {
    const { clock, storage, logger } = this.parts;
    const containers = new ContainerManager(() => this.database.tree, this.pipeline, this.options, clock);
    new Upkeep(this, containers, storage, this.options, this.timers, clock, logger).start();
  }

  private *persistedSessions(): Iterable<{ id: bigint; timeoutMs: number }> {
    for (const session of this.sessions.sessions()) yield { id: session.id, timeoutMs: session.timeoutMs };
  }

  /** Waits until nothing is on its way, but not for ever: a log that fails may never finish. */
  private drain(): Promise<void> {
    const deadlineMs = this.parts.clock.monotonicMs() + DRAIN_MS;
    return new Promise((resolve) => {
      const look = (): void => {
        this.runTurn();
        const isHopeless = !this.pipeline.acceptsWrites || this.parts.clock.monotonicMs() > deadlineMs;
        if (this.pipeline.inFlight === 0 || isHopeless) resolve();
        else this.parts.scheduler.after(1, look);
      };
      look();
    });
  }
}
