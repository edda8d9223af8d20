import { type ConnectionState, SessionExpiredError } from '@zk/client-api';
import type { RecordReader } from '@zk/jute';
import type { Zxid } from '@zk/model';
import { asError } from '../as-error.js';
import type { ServerAddress } from '../connection-string.js';
import type { CompleteOptions } from '../complete-options.js';
import type { Credential } from './authentication.js';
import { Connector } from './connector.js';
import { Dialogue, type DialogueHost } from './dialogue.js';
import { type EndError, Ending, closedError, expiredError, refusedError } from './ending.js';
import type { FailedAttempt, MachineListener, MachineOutputs, MachineParts } from './machine-ports.js';
import { Outgoing } from './outgoing.js';
import type { Request } from './request.js';
import type { RequestQueue } from './request-queue.js';
import { Servers } from './servers.js';
import { type LiveSession, hexId } from './session.js';
import { SessionKeeper } from './session-keeper.js';
import { WakeUp } from './wake-up.js';
import { WritableSearch } from './writable-search.js';

/** A connection that ends sooner counts as an attempt that failed, so that the pauses grow. */
const SHORT_LIFE_MS = 1000;

/**
 * The life of a client's connection, without a socket, a timer or a promise of its own: events go in by the methods,
 * what is to be done comes out through {@link MachineOutputs}, in order.
 *
 * It goes around: connect (see {@link Connector}), talk (see {@link Dialogue}), and after a loss from the start, with
 * the same session as long as that may live. Four clocks run meanwhile, all monotonic: each attempt has a deadline
 * through the handshake; a ping leaves when nothing was sent for a third of the session timeout; a connection that is
 * silent for two thirds is given up; and the session itself ends when the timeout has passed since the last answered
 * request was sent, with no need for a server to say so.
 */
export class ConnectionMachine implements DialogueHost {
  readonly queue: RequestQueue;
  private currentState: ConnectionState = 'connecting';
  private hasEnded = false;
  private connectedAtMs = 0;
  private connections = 0;
  private isTurnEndCalled = false;
  private isLookingAgain = false;
  private ending: Ending | undefined;
  private endErrorOf: EndError = closedError;
  private readonly options: CompleteOptions;
  private readonly sessions: SessionKeeper;
  private readonly wakeUp: WakeUp;
  private readonly servers: Servers;
  private readonly connector: Connector;
  private readonly outgoing: Outgoing;
  private readonly dialogue: Dialogue;
  private readonly search = new WritableSearch();
  private readonly now = (): number => this.parts.clock.monotonicMs();

  constructor(
    private readonly parts: MachineParts,
    private readonly outputs: MachineOutputs,
    private readonly listener: MachineListener,
  ) {
    const { options, metrics, clock, random } = parts;
    this.options = options;
    this.sessions = new SessionKeeper(options.session, clock);
    this.wakeUp = new WakeUp((ms) => outputs.wakeAt(ms));
    this.servers = new Servers(parts.servers, options.backOff, random, options.shouldShuffle);
    this.connector = new Connector(this.servers, this.sessions, parts, outputs);
    this.outgoing = new Outgoing(options, outputs, metrics, this.now);
    this.queue = this.outgoing.queue;
    this.dialogue = new Dialogue(options, this.outgoing, this.sessions, this, parts.createSaslExchange);
  }

  get state(): ConnectionState {
    return this.currentState;
  }

  get session(): LiveSession | undefined {
    return this.sessions.current;
  }

  get isConnected(): boolean {
    return this.dialogue.stage === 'open';
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  /** The latest state that a reply has shown. */
  get lastZxid(): Zxid {
    return this.dialogue.lastZxid.value;
  }

  get failedAttempts(): readonly FailedAttempt[] {
    return this.connector.failedAttempts;
  }

  /** The error of whatever is asked for too late; undefined while it is not. */
  endError(path?: string): Error | undefined {
    return this.hasEnded || this.ending !== undefined ? this.endErrorOf(path) : undefined;
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
    if (this.isConnected) this.callAtTurnEnd();
    this.wakeUp.arm(request.deadlineMs);
  }

  /** Puts a request in front of all others; only within {@link MachineListener.established}. */
  submitFirst(request: Request): void {
    this.queue.addFirst(request);
  }

  addCredential(credential: Credential): void {
    // While the transport holds the buffer nothing can be added to it: the next connection shows this one as well.
    if (this.dialogue.hasSession && this.outgoing.sender.isBlocked) {
      this.connectionLost(new Error('new credentials need a new connection'));
    }
    this.dialogue.addCredential(credential);
    this.callAtTurnEnd();
  }

  /** Ends the session when all that was asked before is answered, and everything with it. */
  close(keepsSession: boolean): void {
    if (this.hasEnded || this.ending !== undefined) return;
    if (!this.isConnected) {
      this.finish('closed');
      return;
    }
    this.ending = new Ending(keepsSession, this.now() + this.options.closeTimeoutMs);
    this.flush();
    this.closeWhenIdle();
    this.arm();
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
    if (this.connector.dialed(attempt)) this.dialogue.begin(this.now());
    else this.outputs.hangUp(attempt, false);
  }

  received(attempt: number, bytes: Uint8Array, start: number, end: number): void {
    if (attempt !== this.connector.attempt || !this.connector.isDialed) return;
    const nowMs = this.now();
    this.parts.metrics.bytesReceived += end - start;
    const isGood = this.dialogue.received(bytes, start, end, nowMs);
    if (attempt !== this.connector.attempt || this.hasEnded) return;
    if (!isGood) {
      this.lost(new Error('the server sent what is not the protocol'));
    } else if (!this.endsSession(nowMs)) {
      if (this.ending !== undefined) this.closeWhenIdle();
      // Replies have made room in the window.
      if (this.isConnected && this.queue.waitingCount > 0) this.callAtTurnEnd();
    }
  }

  /** The transport has let go of what it was given. */
  drained(attempt: number): void {
    if (attempt !== this.connector.attempt) return;
    this.outgoing.sender.clear();
    this.callAtTurnEnd();
  }

  /** The connection of an attempt is gone. */
  closed(attempt: number, error: Error | undefined): void {
    if (attempt === this.connector.attempt) this.lost(error ?? new Error('the server closed the connection'));
  }

  turnEnded(): void {
    this.isTurnEndCalled = false;
    if (this.hasEnded) return;
    if (this.isLookingAgain) {
      this.isLookingAgain = false;
      this.judge(this.now());
    }
    this.flush();
    this.closeWhenIdle();
    this.arm();
  }

  tick(): void {
    if (this.hasEnded) return;
    const nowMs = this.now();
    const isLate = this.wakeUp.rang(nowMs);
    this.queue.expire(nowMs);
    if (isLate && this.isConnected) {
      // The process was busy. What the server has said meanwhile is read before silence is held against it: guard of
      // 'a process that was busy reads what has arrived before it judges' in connection-machine.spec.ts.
      this.isLookingAgain = true;
      this.callAtTurnEnd();
      return;
    }
    this.judge(nowMs);
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

  get closingXid(): number | undefined {
    return this.ending?.xid;
  }

  sessionRefused(): void {
    this.parts.logger.warn({ session: hexId(this.sessions.claim!.id) }, 'the server says that the session is over');
    this.dialogue.end();
    this.connector.repeat();
    this.endSession();
    this.arm();
  }

  sessionReplaced(): void {
    this.listener.sessionLost();
  }

  credentialsRefused(reason: string): void {
    this.parts.logger.error({}, reason);
    this.finish('authFailed', refusedError(reason));
  }

  ready(): void {
    const { isContinued } = this.sessions;
    const session = this.sessions.current!;
    const { host, port } = this.connector.server;
    this.connectedAtMs = this.now();
    this.connector.failedAttempts = [];
    if (this.connections++ > 0) this.parts.metrics.reconnects++;
    this.parts.logger.info({ session: hexId(session.id), host, port, timeoutMs: session.timeoutMs }, 'connected');
    this.listener.established(isContinued, this.lastZxid);
    if (session.isReadOnly) this.search.begin(this.connectedAtMs);
    if (!isContinued) this.listener.sessionChanged(session);
    this.setState(session.isReadOnly ? 'readOnly' : isContinued ? 'reconnected' : 'connected');
    this.listener.announced(isContinued);
    this.callAtTurnEnd();
    this.arm();
  }

  notified(reader: RecordReader, zxid: Zxid): void {
    this.listener.notified(reader, zxid);
  }

  sessionClosed(): void {
    this.finish('closed');
  }

  garbled(error: unknown): void {
    this.lost(asError(error));
  }

  callAtTurnEnd(): void {
    if (this.isTurnEndCalled) return;
    this.isTurnEndCalled = true;
    this.outputs.callAtTurnEnd();
  }

  /** There is no connection any more, or it is of no use. */
  private lost(error: Error): void {
    if (this.dialogue.hasSession) {
      this.connectionLost(error);
    } else if (this.dialogue.isHandshaking) {
      this.dialogue.end();
      this.connector.fail(error);
      this.arm();
    }
  }

  private connectionLost(error: Error): void {
    if (this.ending !== undefined) {
      this.finish('closed');
      return;
    }
    const wasConnected = this.isConnected;
    const hasLasted = wasConnected && this.now() - this.connectedAtMs >= SHORT_LIFE_MS;
    this.parts.logger.warn({ err: error }, 'the connection is lost');
    this.search.end();
    this.dialogue.end();
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
    // Also a handshake under way, which would bring it back.
    if (this.connector.isDialed) {
      this.dialogue.end();
      this.connector.startOver(true);
    }
    this.endSession();
    this.arm();
    return true;
  }

  private endSession(): void {
    this.search.end();
    this.parts.metrics.sessionsLost++;
    this.sessions.end(new SessionExpiredError());
    this.dialogue.lastZxid.forget();
    this.queue.sessionLost();
    this.listener.sessionLost();
    this.listener.sessionChanged(undefined);
    this.setState('lost');
    if (this.ending !== undefined) this.finish('closed');
    else if (!this.options.renewsSession) this.finish('closed', expiredError);
  }

  private judge(nowMs: number): void {
    const { heartbeat } = this.outgoing;
    if (this.endsSession(nowMs) || this.hasEnded) return;
    if (this.ending !== undefined && nowMs >= this.ending.deadlineMs) {
      this.finish('closed');
    } else if (!this.isConnected) {
      if (nowMs < this.connector.dueMs) return;
      if (this.connector.isDialed) this.lost(new Error(`no session within ${this.options.connectTimeoutMs} ms`));
      else this.connector.due(nowMs);
    } else if (heartbeat.isSilent(nowMs)) {
      // Guard of 'a half-open connection is given up' in connection-machine.spec.ts.
      this.lost(new Error(`the server was silent for ${heartbeat.readTimeoutMs} ms`));
    } else {
      if (heartbeat.isPingDue(nowMs)) this.outgoing.ping(nowMs);
      if (nowMs < this.search.dueMs) return;
      this.search.asked();
      this.outputs.probe(this.servers.peekNext());
    }
  }

  private flush(): void {
    if (this.isConnected) this.outgoing.flush();
    else if (this.dialogue.hasSession) this.outgoing.send();
  }

  private closeWhenIdle(): void {
    const { ending } = this;
    if (ending === undefined || ending.xid !== undefined || !this.isConnected || !this.queue.isIdle) return;
    if (ending.keepsSession) this.finish('closed', closedError, true);
    else ending.xid = this.outgoing.closeSession();
  }

  private finish(state: 'closed' | 'authFailed', errorOf: EndError = closedError, isInOrder = false): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.endErrorOf = errorOf;
    this.dialogue.end();
    this.connector.stop(isInOrder);
    this.wakeUp.cancel();
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
    if (this.hasEnded) return;
    let dueMs = Math.min(this.queue.nextDeadlineMs, this.sessions.endMs, this.ending?.deadlineMs ?? Infinity);
    if (this.isConnected) dueMs = Math.min(dueMs, this.outgoing.heartbeat.dueMs, this.search.dueMs);
    else dueMs = Math.min(dueMs, this.connector.dueMs);
    this.wakeUp.arm(dueMs);
  }
}
