import { type ConnectionState, SessionExpiredError } from '@zk/client-api';
import type { RecordReader } from '@zk/jute';
import { type Zxid, hex64, int64 } from '@zk/model';
import { asError } from '../as-error.js';
import type { ServerAddress } from '../connection-string.js';
import type { CompleteOptions } from '../options.js';
import { Authentication, type AuthenticationProgress, type Credential } from './authentication.js';
import { Connector } from './connector.js';
import { type EndError, Ending, closedError, refusedError } from './ending.js';
import { type Conversation, FrameRouter } from './frame-router.js';
import { type Grant, writeHandshake } from './handshake.js';
import type { Heartbeat } from './heartbeat.js';
import { LastZxid } from './last-zxid.js';
import type { FailedAttempt, MachineListener, MachineOutputs, MachineParts } from './machine-ports.js';
import { Outgoing } from './outgoing.js';
import type { Request } from './request.js';
import { type RequestQueue, replyTooLong } from './request-queue.js';
import type { Sender } from './sender.js';
import { Servers } from './servers.js';
import type { LiveSession } from './session.js';
import { SessionKeeper } from './session-keeper.js';
import { WakeUp } from './wake-up.js';
import { WritableSearch } from './writable-search.js';

type Phase = 'connecting' | 'handshaking' | 'authenticating' | 'connected' | 'over';

/** A connection that ends sooner counts as an attempt that failed, so that the pauses grow. */
const SHORT_LIFE_MS = 1000;

/**
 * The life of a client's connection, without a socket, a timer or a promise of its own: events go in by the methods,
 * what is to be done comes out through {@link MachineOutputs}, in order.
 *
 * It goes around: connect (see {@link Connector}), shake hands, show credentials, be connected, and after a loss from
 * the start, with the same session as long as that may live. Four clocks run meanwhile, all monotonic: each attempt
 * has a deadline through the handshake; a ping leaves when nothing was sent for a third of the session timeout; a
 * connection that is silent for two thirds is given up; and the session itself ends when the timeout has passed since
 * the last answered request was sent, with no need for a server to say so.
 */
export class ConnectionMachine implements Conversation {
  readonly queue: RequestQueue;
  private currentState: ConnectionState = 'connecting';
  private phase: Phase = 'connecting';
  private handshakeSentMs = 0;
  private connectedAtMs = 0;
  private connections = 0;
  private nowMs = 0;
  private isTurnEndCalled = false;
  private isLookingAgain = false;
  private ending: Ending | undefined;
  private endErrorOf: EndError = closedError;
  private readonly options: CompleteOptions;
  private readonly sessions: SessionKeeper;
  private readonly lastZxid = new LastZxid();
  private readonly wakeUp: WakeUp;
  private readonly frames: FrameRouter;
  private readonly connector: Connector;
  private readonly outgoing: Outgoing;
  private readonly sender: Sender;
  private readonly heartbeat: Heartbeat;
  private readonly authentication: Authentication;
  private readonly search = new WritableSearch();
  private readonly servers: Servers;

  constructor(
    private readonly parts: MachineParts,
    private readonly outputs: MachineOutputs,
    private readonly listener: MachineListener,
  ) {
    const { options, metrics, logger } = parts;
    this.options = options;
    this.sessions = new SessionKeeper(options.session, parts.clock);
    this.wakeUp = new WakeUp((ms) => outputs.wakeAt(ms));
    this.servers = new Servers(parts.servers, options.backOff, parts.random, options.shouldShuffle);
    const now = (): number => this.now();
    this.connector = new Connector(this.servers, options.connectTimeoutMs, outputs, metrics, logger, now);
    this.outgoing = new Outgoing(options, outputs, metrics, now);
    ({ queue: this.queue, sender: this.sender, heartbeat: this.heartbeat } = this.outgoing);
    this.frames = new FrameRouter(this, options.maxReplyBytes);
    this.authentication = new Authentication(options.auth, parts.createSaslExchange, () => this.queue.nextXid());
  }

  get state(): ConnectionState {
    return this.currentState;
  }

  get session(): LiveSession | undefined {
    return this.sessions.current;
  }

  get isConnected(): boolean {
    return this.phase === 'connected';
  }

  get isOver(): boolean {
    return this.phase === 'over';
  }

  get lastSeenZxid(): Zxid {
    return this.lastZxid.value;
  }

  get failedAttempts(): readonly FailedAttempt[] {
    return this.connector.failedAttempts;
  }

  /** The error of whatever is asked for too late; undefined while it is not. */
  endError(path?: string): Error | undefined {
    return this.phase === 'over' || this.ending !== undefined ? this.endErrorOf(path) : undefined;
  }

  start(): void {
    this.connector.begin();
    this.arm();
  }

  /** Takes in a request; it leaves at the end of this turn, or when there is a connection. */
  submit(request: Request): void {
    const ended = this.endError(request.path);
    if (ended !== undefined) {
      this.queue.refuse(request, ended);
      return;
    }
    if (!this.queue.add(request)) return;
    if (this.phase === 'connected') this.callAtTurnEnd();
    this.wakeUp.arm(request.deadlineMs);
  }

  /** Puts a request in front of all others; only within {@link MachineListener.established}. */
  submitFirst(request: Request): void {
    this.queue.addFirst(request);
  }

  addCredential(credential: Credential): void {
    const { isOpen, sender } = this;
    this.authentication.add(credential, isOpen && !sender.isBlocked ? sender.out : undefined);
    // While the transport holds the buffer nothing can be added to it: the next connection shows this one as well.
    if (isOpen && sender.isBlocked) this.connectionLost(new Error('new credentials need a new connection'));
    else this.callAtTurnEnd();
  }

  /** The look-up of a name has an answer. */
  resolved(attempt: number, addresses: readonly string[]): void {
    this.connector.resolved(attempt, addresses);
    this.arm();
  }

  /** The look-up, or the dialling, failed. */
  failed(attempt: number, error: Error): void {
    this.connector.failed(attempt, error);
    this.arm();
  }

  dialed(attempt: number): void {
    if (!this.connector.dialed(attempt)) {
      this.outputs.hangUp(attempt, false);
      return;
    }
    this.phase = 'handshaking';
    this.sender.clear();
    this.frames.reset();
    this.handshakeSentMs = this.now();
    this.heartbeat.begin(this.handshakeSentMs);
    const { sessionTimeoutMs, isReadOnlyAllowed } = this.options;
    const { claim } = this.sessions;
    writeHandshake(this.sender.out, claim, this.lastZxid.value, sessionTimeoutMs, isReadOnlyAllowed);
    this.sender.send();
  }

  received(attempt: number, bytes: Uint8Array, start: number, end: number): void {
    if (attempt !== this.connector.attempt || this.phase === 'over') return;
    const nowMs = this.now();
    this.heartbeat.received(nowMs);
    this.parts.metrics.bytesReceived += end - start;
    const isGood = this.frames.received(bytes, start, end);
    if (attempt !== this.connector.attempt || this.isOver) return;
    if (!isGood) this.lost(new Error('the server sent what is not the protocol'));
    else if (!this.endsSession(nowMs)) {
      if (this.ending !== undefined) this.closeWhenIdle();
      // Replies have made room in the window.
      if (this.phase === 'connected' && this.queue.waitingCount > 0) this.callAtTurnEnd();
    }
  }

  /** The transport has let go of what it was given. */
  drained(attempt: number): void {
    if (attempt !== this.connector.attempt) return;
    this.sender.clear();
    this.callAtTurnEnd();
  }

  /** The connection of an attempt is gone. */
  closed(attempt: number, error: Error | undefined): void {
    if (attempt !== this.connector.attempt) return;
    this.lost(error ?? new Error('the server closed the connection'));
  }

  turnEnded(): void {
    this.isTurnEndCalled = false;
    if (this.phase === 'over') return;
    if (this.isLookingAgain) {
      this.isLookingAgain = false;
      this.judge(this.now());
    }
    this.flush();
    this.arm();
  }

  tick(): void {
    if (this.phase === 'over') return;
    const nowMs = this.now();
    const isLate = this.wakeUp.rang(nowMs);
    this.queue.expire(nowMs);
    if (isLate && this.phase === 'connected') {
      // The process was busy. What the server has said meanwhile is read before silence is held against it: guard of
      // 'a process that was busy reads what has arrived before it judges' in connection-machine.spec.ts.
      this.isLookingAgain = true;
      this.callAtTurnEnd();
      return;
    }
    this.judge(nowMs);
    this.arm();
  }

  /** Ends the session when all that was asked before is answered, and everything with it. */
  close(keepsSession: boolean): void {
    if (this.phase === 'over' || this.ending !== undefined) return;
    if (this.phase !== 'connected') {
      this.finish('closed');
      return;
    }
    this.ending = new Ending(keepsSession, this.now() + this.options.closeTimeoutMs);
    this.flush();
    this.closeWhenIdle();
    this.arm();
  }

  /** A probe has its answer. */
  probed(server: ServerAddress, isWritable: boolean): void {
    if (this.currentState !== 'readOnly') return;
    if (isWritable) {
      this.servers.prefer(server);
      this.lost(new Error('a server that takes writes was found'));
    } else {
      this.search.failed(this.now());
      this.arm();
    }
  }

  // ---- what the server says

  get isHandshaking(): boolean {
    return this.phase === 'handshaking';
  }

  granted(grant: Grant): boolean {
    if (grant.timeoutMs <= 0) {
      this.refused();
      return false;
    }
    const replaced = this.sessions.granted(grant, this.handshakeSentMs);
    if (replaced !== undefined) {
      replaced.end(new SessionExpiredError());
      this.listener.sessionLost();
    }
    this.heartbeat.setTimeout(grant.timeoutMs);
    this.phase = 'authenticating';
    const progress = this.authentication.begin(this.sender.out);
    this.sender.send();
    return this.authenticated(progress);
  }

  notified(reader: RecordReader, zxidHi: number, zxidLo: number): boolean {
    this.listener.notified(reader, int64(zxidHi, zxidLo));
    return this.isOpen;
  }

  pingAnswered(): boolean {
    this.sessions.renew(this.heartbeat.answered());
    return this.isOpen;
  }

  authAnswered(err: number): boolean {
    return this.authenticated(this.authentication.authReply(err));
  }

  replied(xid: number, zxidHi: number, zxidLo: number, err: number, reader: RecordReader): boolean {
    this.lastZxid.seen(zxidHi, zxidLo);
    if (this.authentication.isSaslReply(xid)) {
      return this.authenticated(this.authentication.saslReply(err, reader, this.sender.out));
    }
    if (xid === this.ending?.xid) {
      this.finish('closed');
      return false;
    }
    const request = this.queue.replied(xid, zxidHi, zxidLo, err, reader, this.nowMs);
    if (request === undefined) return false;
    this.sessions.renew(request.sentAtMs);
    return this.isOpen;
  }

  repliedAtLength(xid: number, lengthBytes: number): boolean {
    const error = (request: Request): Error => replyTooLong(request, lengthBytes, this.options.maxReplyBytes);
    return this.phase === 'connected' && this.queue.unreadable(xid, error) !== undefined;
  }

  garbled(error: unknown): void {
    this.lost(asError(error));
  }

  // ----

  private get isOpen(): boolean {
    return this.phase === 'connected' || this.phase === 'authenticating';
  }

  private now(): number {
    this.nowMs = this.parts.clock.monotonicMs();
    return this.nowMs;
  }

  /** The server knows nothing of the session that was claimed. */
  private refused(): void {
    const { claim } = this.sessions;
    if (claim === undefined) throw new Error('the server granted a session that is over');
    this.parts.logger.warn({ session: hexId(claim.id) }, 'the server says that the session is over');
    this.phase = 'connecting';
    this.connector.repeat();
    this.endSession();
    this.arm();
  }

  private authenticated(progress: AuthenticationProgress): boolean {
    if (typeof progress === 'object') {
      this.parts.logger.error({}, progress.refused);
      this.finish('authFailed', refusedError(progress.refused));
      return false;
    }
    this.callAtTurnEnd();
    if (progress === 'done' && this.phase === 'authenticating') this.ready();
    return this.isOpen;
  }

  private ready(): void {
    const { isContinued } = this.sessions;
    const session = this.sessions.current!;
    const { host, port } = this.connector.server;
    this.phase = 'connected';
    this.connectedAtMs = this.now();
    this.connector.failedAttempts = [];
    if (this.connections++ > 0) this.parts.metrics.reconnects++;
    this.parts.logger.info({ session: hexId(session.id), host, port, timeoutMs: session.timeoutMs }, 'connected');
    this.listener.established(isContinued, this.lastZxid.value);
    if (session.isReadOnly) this.search.begin(this.connectedAtMs);
    if (!isContinued) this.listener.sessionChanged(session);
    this.setState(session.isReadOnly ? 'readOnly' : isContinued ? 'reconnected' : 'connected');
    this.listener.announced(isContinued);
    this.callAtTurnEnd();
    this.arm();
  }

  /** There is no connection any more, or it is of no use. */
  private lost(error: Error): void {
    if (this.phase === 'handshaking') {
      this.phase = 'connecting';
      this.connector.fail(error);
      this.arm();
    } else if (this.isOpen) {
      this.connectionLost(error);
    }
  }

  private connectionLost(error: Error): void {
    if (this.ending !== undefined) {
      this.finish('closed');
      return;
    }
    const wasConnected = this.phase === 'connected';
    const hasLasted = wasConnected && this.now() - this.connectedAtMs >= SHORT_LIFE_MS;
    this.parts.logger.warn({ err: error }, 'the connection is lost');
    this.phase = 'connecting';
    this.search.end();
    this.sender.clear();
    this.connector.startOver(hasLasted);
    this.queue.connectionLost(error);
    this.listener.connectionLost();
    if (wasConnected) this.setState('suspended');
    this.arm();
  }

  /** Whether the session's own deadline has passed; ends it then. Nobody may be there to tell. */
  private endsSession(nowMs: number): boolean {
    // Guard of 'expiry is known without a server' in connection-machine.spec.ts.
    if (!this.sessions.isOver(nowMs)) return false;
    const session = this.sessions.current!;
    this.parts.logger.warn({ session: hexId(session.id) }, 'no contact for the session timeout: the session is over');
    if (this.connector.isDialed) {
      this.phase = 'connecting';
      this.connector.startOver(true);
    }
    this.endSession();
    this.arm();
    return true;
  }

  private endSession(): void {
    this.search.end();
    this.sender.clear();
    this.parts.metrics.sessionsLost++;
    this.sessions.end(new SessionExpiredError());
    this.lastZxid.forget();
    this.queue.sessionLost();
    this.listener.sessionLost();
    this.listener.sessionChanged(undefined);
    this.setState('lost');
    if (this.ending !== undefined || !this.options.renewsSession) this.finish('closed');
  }

  private judge(nowMs: number): void {
    if (this.endsSession(nowMs) || this.isOver) return;
    if (this.ending !== undefined && nowMs >= this.ending.deadlineMs) {
      this.finish('closed');
    } else if (this.phase !== 'connected') {
      if (nowMs < this.connector.dueMs) return;
      if (this.connector.isDialed) this.lost(new Error(`no session within ${this.options.connectTimeoutMs} ms`));
      else this.connector.due(nowMs);
    } else if (this.heartbeat.isSilent(nowMs)) {
      // Guard of 'a half-open connection is given up' in connection-machine.spec.ts.
      this.lost(new Error(`the server was silent for ${this.heartbeat.readTimeoutMs} ms`));
    } else {
      if (this.heartbeat.isPingDue(nowMs)) this.outgoing.ping(nowMs);
      if (nowMs < this.search.dueMs) return;
      this.search.asked();
      this.outputs.probe(this.servers.peekNext());
    }
  }

  private callAtTurnEnd(): void {
    if (this.isTurnEndCalled) return;
    this.isTurnEndCalled = true;
    this.outputs.callAtTurnEnd();
  }

  private flush(): void {
    if (this.phase === 'authenticating') this.outgoing.send();
    else if (this.phase === 'connected') this.outgoing.flush();
  }

  private closeWhenIdle(): void {
    const { ending } = this;
    if (ending === undefined || ending.xid !== 0 || this.phase !== 'connected' || !this.queue.isIdle) return;
    if (ending.keepsSession) this.finish('closed', closedError, true);
    else ending.xid = this.outgoing.closeSession();
  }

  private finish(state: 'closed' | 'authFailed', errorOf: EndError = closedError, isInOrder = false): void {
    this.connector.stop(isInOrder);
    this.wakeUp.cancel();
    this.phase = 'over';
    this.endErrorOf = errorOf;
    this.queue.failAll(errorOf);
    const session = this.sessions.end(errorOf());
    this.listener.ended(errorOf());
    if (session !== undefined) this.listener.sessionChanged(undefined);
    this.setState(state);
  }

  private setState(state: ConnectionState): void {
    this.currentState = state;
    this.listener.stateChanged(state);
  }

  /** Sees to it that {@link tick} is called in time for whatever comes next. */
  private arm(): void {
    if (this.phase === 'over') return;
    let dueMs = Math.min(this.queue.nextDeadlineMs, this.sessions.endMs, this.ending?.deadlineMs ?? Infinity);
    if (this.phase === 'connected') dueMs = Math.min(dueMs, this.heartbeat.dueMs, this.search.dueMs);
    else dueMs = Math.min(dueMs, this.connector.dueMs);
    this.wakeUp.arm(dueMs);
  }
}

function hexId(id: bigint): string {
  return `0x${hex64(id)}`;
}
