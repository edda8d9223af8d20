import type { AuthProviders, Clock, Logger, RandomSource, Scheduler, Storage, Transport } from '@zk/contracts';
import type { SoftLimitExceeded } from '@zk/data-tree';
import { type Zxid, hex64, hexOf, hiOf, int64, loOf } from '@zk/model';
import { RequestPipeline } from '@zk/request-pipeline';
import { type Session, SessionTracker } from '@zk/session';
import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import type { ClientConnection, WordResult } from './client-connection.js';
import { type BoundAddress, type ClientListener, ClientListeners } from './client-listeners.js';
import { ConnectionDesk, type DeskHost } from './connection-desk.js';
import { ContainerManager } from './container-manager.js';
import { Database, type LoadReport } from './database.js';
import { FourLetterWords } from './four-letter/words.js';
import { Admission } from './admission.js';
import type { ServerOptions } from './options.js';
import { Snapshotter } from './snapshotter.js';
import { keepProcess } from './system-ports.js';
import { ServerStats } from './stats.js';
import { Timers } from './timers.js';
import { Upkeep, type UpkeepHost } from './upkeep.js';

/** What a server is made of: the contracts that may be swapped. */
export interface ServerParts {
  /** Of the client port. */
  readonly transport: Transport;
  /** Further addresses where clients connect. */
  readonly listeners?: readonly ClientListener[];
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
const QUOTA_WARNING_INTERVAL_MS = 60_000;

/**
 * A standalone server. It puts the parts together and takes them through their life; requests go from the
 * {@link ConnectionDesk} straight to the pipeline. In a turn of the event loop what has arrived is read, writes are
 * appended to the log and its sync is started, what has become durable is applied, watches fire, replies are encoded,
 * and then every connection that has output is flushed once.
 */
export class ZkServer implements DeskHost, UpkeepHost {
  readonly stats: ServerStats;
  readonly database: Database;
  readonly sessions: SessionTracker;
  readonly snapshotter: Snapshotter;
  pipeline!: RequestPipeline;
  loadReport: LoadReport | undefined;

  private readonly states = new BehaviorSubject<ServerState>('stopped');
  private readonly sessionEvents = new Subject<SessionEvent>();
  private readonly words: FourLetterWords;
  readonly admission: Admission;
  private readonly desk: ConnectionDesk;
  private readonly listeners: ClientListeners;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private readonly timers: Timers;

  private nextQuotaWarningMs = -Infinity;
  private hasUnsynced = false;
  private readonly failure: { promise: Promise<Error>; resolve: (error: Error) => void };

  constructor(
    private readonly parts: ServerParts,
    readonly options: ServerOptions,
  ) {
    const { clock, storage, logger, scheduler, random } = parts;
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
      onExpire: (session) => this.expireSession(session),
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
    this.desk = new ConnectionDesk(this, parts, options, this.admission, this.stats);
    this.listeners = new ClientListeners(parts.transport, parts.listeners ?? [], options);
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

  get connections(): ReadonlySet<ClientConnection> {
    return this.desk.connections;
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
    const { storage, clock, logger } = this.parts;
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
      await this.listeners.start((connection) => this.desk.accept(connection));
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
    if (this.listeners.wasOpened) {
      await this.listeners.close();
      this.desk.stopReading();
      await this.drain();
      await this.snapshotter.stop();
      this.desk.runTurn();
      this.desk.closeAfterFlush();
      this.desk.runTurn();
      await this.parts.storage.close();
      this.desk.closeNow();
    }
    this.states.next('stopped');
    this.states.complete();
    this.sessionEvents.complete();
  }

  /** Opens a turn if none is open; monotonic ms, read once per turn. */
  turnNow(): number {
    return this.desk.turnNow();
  }

  /** Connections refused: too many, or sessions coming too fast. */
  get rejectedConnections(): number {
    return this.admission.rejectedConnections;
  }

  // ---- DeskHost

  fourLetterWord(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): WordResult {
    return this.words.handle(connection, bytes, start, end);
  }

  endingTurn(): void {
    if (!this.hasUnsynced) return;
    this.hasUnsynced = false;
    this.parts.storage.log.sync();
    this.snapshotter.check(this.parts.storage.log);
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
    this.desk.pipeline = this.pipeline;
    this.database.tree.quotas.onSoftLimitExceeded = (event) => this.softLimitExceeded(event);
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

  /** Ends a session whose time is over, or as if it were. */
  expireSession(session: Session): void {
    this.parts.logger.info(
      { session: `0x${hexOf(session.idHi, session.idLo)}`, timeoutMs: session.timeoutMs },
      'session expired',
    );
    this.pipeline.expireSession(session, this.turnNow());
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
    this.stats.sessionlessExpired += this.desk.expire(nowMs);
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
        this.desk.runTurn();
        const isHopeless = !this.pipeline.acceptsWrites || this.parts.clock.monotonicMs() > deadlineMs;
        if (this.pipeline.inFlight === 0 || isHopeless) resolve();
        else this.parts.scheduler.after(1, look);
      };
      look();
    });
  }
}
