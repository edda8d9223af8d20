import type { AuthProviders, Clock, Connection, ConnectionHandler, Logger, Scheduler } from '@zk/contracts';
import { readInt32 } from '@zk/jute';
import type { ClientPipeline, Outbox } from '@zk/request-pipeline';
import type { Admission } from './admission.js';
import { BufferPool } from './buffer-pool.js';
import { ClientConnection, type ConnectionHost, type WordResult } from './client-connection.js';
import { SessionlessReaper } from './limits/index.js';
import type { ServerOptions } from './options.js';
import { RefusalLog } from './refusal-log.js';
import type { ServerStats } from './stats.js';
import { TurnShare } from './turn-share.js';

/** What the connections are made of and answer to. */
export interface DeskParts {
  readonly providers: AuthProviders;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** What the desk asks of its server. */
export interface DeskHost {
  /** Whether connections are taken, if only to answer four-letter words. */
  readonly isOpen: boolean;
  /** Whether a client may have a session here, while somebody is served. */
  readonly acceptsClients: boolean;
  /** A turn ends: what was appended to the log must be on its way to the disk before replies leave. */
  endingTurn(): void;
  fourLetterWord(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): WordResult;
}

/** Time a connection that is being closed has to read what was sent before. */
const LINGER_MS = 10_000;

/** What long requests may take of a turn together, in ms; one is always served. */
const LONG_REQUESTS_MS = 10;

/**
 * Where clients are served: all connections, whichever listener they came through, and the turn of the event loop, in
 * which what has arrived is read and at whose end everything that collected is sent with one write per connection.
 */
export class ConnectionDesk implements ConnectionHost {
  readonly connections = new Set<ClientConnection>();
  readonly maxFrameBytes: number;
  readonly maxOutputBytes: number;
  readonly maxOutstanding: number;
  readonly isThrottling: boolean;
  readonly largeFrameBytes: number;
  readonly share: TurnShare;
  /** Undefined while nobody is served. */
  pipeline: ClientPipeline | undefined;

  private readonly pool = new BufferPool();
  private readonly refusals: RefusalLog;
  private readonly reaper: SessionlessReaper<ClientConnection>;
  /** Connections that are closed once they have sent everything: one that never reads would stay for ever. */
  private readonly lingering: SessionlessReaper<ClientConnection>;
  private readonly freeWatchers: number[] = [];
  private nextWatcher = 0;
  private isTurnScheduled = false;
  private nowMs = 0;
  private dirty: Outbox[] = [];
  private waiting: ClientConnection[] = [];
  /** Connections that let others go first, in the order in which they are served. */
  private yielded: ClientConnection[] = [];
  private isResumingYielded = false;
  /** Connections whose transport has not taken everything. */
  private readonly stalledConnections = new Set<ClientConnection>();

  constructor(
    private readonly host: DeskHost,
    private readonly parts: DeskParts,
    options: ServerOptions,
    private readonly admission: Admission,
    private readonly stats: ServerStats,
  ) {
    this.refusals = new RefusalLog(parts.clock, parts.logger);
    this.share = new TurnShare(parts.clock);
    this.maxFrameBytes = options.maxFrameBytes;
    this.maxOutputBytes = options.maxOutputBytes;
    this.maxOutstanding = options.globalOutstandingLimit;
    this.isThrottling = admission.requests.isOn;
    this.largeFrameBytes = admission.largeFrameBytes;
    const close = (connection: ClientConnection): void => connection.closeNow();
    this.reaper = new SessionlessReaper(close, { timeoutMs: options.sessionlessTimeoutMs });
    this.lingering = new SessionlessReaper(close, { timeoutMs: LINGER_MS });
  }

  /** Takes a connection in, or refuses it. */
  accept(transport: Connection, listener: string): ConnectionHandler | undefined {
    const { clock, providers } = this.parts;
    if (!this.host.isOpen) return undefined;
    const refusal = this.admission.enter(transport.remoteAddress);
    if (refusal !== undefined) {
      this.refusals.refused(transport.remoteAddress, refusal);
      return undefined;
    }
    const watcher = this.freeWatchers.pop() ?? this.nextWatcher++;
    const accepted = { watcher, listener, wallMs: clock.wallMs() };
    const connection = new ClientConnection(this, transport, accepted, providers);
    this.connections.add(connection);
    this.reaper.add(connection, clock.monotonicMs());
    return connection;
  }

  stopReading(): void {
    for (const connection of this.connections) connection.stopReading();
  }

  closeAfterFlush(): void {
    for (const connection of [...this.connections]) connection.closeAfterFlush();
  }

  closeNow(): void {
    for (const connection of [...this.connections]) connection.closeNow();
  }

  /** Closes connections that have had no session, or have been closing, for too long; returns how many of the former. */
  expire(nowMs: number): number {
    this.pool.trim(nowMs);
    this.lingering.expire(nowMs);
    return this.reaper.expire(nowMs);
  }

  /**
   * Whoever stands in line has spoken, though nobody has listened yet. To be called before sessions expire, and at least
   * once a tick: a learner tells its leader of them with its heartbeats.
   */
  touchWaiting(nowMs: number): void {
    for (const line of [this.waiting, this.yielded]) {
      for (const { client } of line) this.pipeline?.touchWaiting(client, nowMs);
    }
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

  connect(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    const { pipeline } = this;
    if (pipeline === undefined || !this.host.acceptsClients) {
      this.stats.closedUnserved++;
      connection.closeNow();
      return;
    }
    if (!this.admission.admitsSession(bytes, start, end)) {
      connection.closeNow();
      return;
    }
    this.reaper.remove(connection);
    this.stats.connectionRequests++;
    this.stats.received++;
    connection.client.received++;
    pipeline.add(connection.client);
    pipeline.connect(connection.client, bytes, start, end, this.turnNow());
  }

  submit(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    this.stats.received++;
    this.pipeline!.submit(connection.client, bytes, start, end, this.nowMs);
    if (end - start > this.largeFrameBytes) this.admission.submitted(connection.client, end - start);
  }

  mayReceiveLarge(lengthBytes: number): boolean {
    return this.admission.mayReceive(lengthBytes);
  }

  fourLetterWord(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): WordResult {
    return this.host.fourLetterWord(connection, bytes, start, end);
  }

  throttle(
    connection: ClientConnection,
    bytes: Uint8Array,
    start: number,
    waitedMs: number,
  ): 'pass' | 'wait' | 'refused' {
    const { requests } = this.admission;
    if (requests.mustWait(this.inFlight)) {
      requests.waitCount++;
      return 'wait';
    }
    if (!requests.isTooLate(readInt32(bytes, start + 4), waitedMs)) return 'pass';
    this.pipeline!.refuseThrottled(connection.client, readInt32(bytes, start), this.nowMs);
    return 'refused';
  }

  private get inFlight(): number {
    return this.pipeline?.inFlight ?? 0;
  }

  get isCongested(): boolean {
    return this.inFlight > this.maxOutstanding;
  }

  congested(connection: ClientConnection): void {
    this.waiting.push(connection);
    this.turnNow();
  }

  /** Behind those that wait already. So thousands of long requests do not keep a short one waiting for all of them. */
  mustQueue(): boolean {
    return !this.isResumingYielded && (this.yielded.length > 0 || this.isTurnLong());
  }

  yielding(connection: ClientConnection): void {
    this.yielded.push(connection);
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
    this.pipeline?.remove(connection.client);
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

  get borrowedBytes(): number {
    return this.pool.borrowedBytes;
  }

  filled(outbox: Outbox): void {
    this.dirty.push(outbox);
    this.turnNow();
  }

  // ---- the turn

  /** Ends a turn: sends what was encoded, lets go on who had to wait. */
  runTurn(): void {
    this.isTurnScheduled = false;
    this.host.endingTurn();
    this.admission.endTurn();
    if (this.dirty.length > 0) this.sendCollected();
    if (this.stalledConnections.size > 0) for (const connection of this.stalledConnections) connection.limitOutput();
    if (this.yielded.length > 0) this.resumeYielded();
    if (this.waiting.length > 0 && !this.mustWait) this.resumeWaiting();
  }

  private sendCollected(): void {
    const { dirty } = this;
    this.dirty = [];
    for (const outbox of dirty) (outbox.owner as ClientConnection).endTurn();
  }

  /** Whether so much is on its way in the whole server that nobody who waits for it to become less may go on. */
  private get mustWait(): boolean {
    return this.isCongested || this.admission.requests.mustWait(this.inFlight);
  }

  private resumeWaiting(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const connection of waiting) {
      // Looked at again when a commitment has ended a turn.
      if (connection.isOverloaded) this.waiting.push(connection);
      else connection.goOn();
    }
  }

  private resumeYielded(): void {
    const { yielded } = this;
    this.yielded = [];
    this.isResumingYielded = true;
    let served = 0;
    do yielded[served++]!.goOn();
    while (served < yielded.length && !this.isTurnLong());
    this.isResumingYielded = false;
    if (served === yielded.length) return;
    this.yielded = yielded.slice(served).concat(this.yielded);
    this.turnNow();
  }

  private isTurnLong(): boolean {
    return this.parts.clock.monotonicMs() - this.nowMs > LONG_REQUESTS_MS;
  }
}
