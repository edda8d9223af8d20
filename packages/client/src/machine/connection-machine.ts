import {
  AuthFailedError,
  ClientClosedError,
  ConnectionLossError,
  type ConnectionState,
  SessionExpiredError,
} from '@zk/client-api';
import { RecordReader, readInt32 } from '@zk/jute';
import { ErrorCode, OpCode, type Zxid, Xid, compare64, hex64, int64 } from '@zk/model';
import type { ServerAddress } from '../connection-string.js';
import type { CompleteOptions } from '../options.js';
import { type FrameSink, FrameReader } from '../wire/frame-reader.js';
import { Outbox } from '../wire/outbox.js';
import { Authentication, type AuthenticationProgress, type Credential } from './authentication.js';
import { type Grant, readHandshake, writeHandshake } from './handshake.js';
import { Heartbeat } from './heartbeat.js';
import type { FailedAttempt, MachineListener, MachineOutputs, MachineParts } from './machine-ports.js';
import type { Request } from './request.js';
import { RequestQueue } from './request-queue.js';
import { Servers } from './servers.js';
import { LiveSession } from './session.js';
import { WritableSearch } from './writable-search.js';

type Phase = 'idle' | 'resting' | 'resolving' | 'dialing' | 'handshaking' | 'authenticating' | 'connected' | 'over';

const REPLY_HEADER_BYTES = 16;
/** A timer that is late by more than this may be ahead of bytes that have long been there. */
const LATE_MS = 50;
/** A connection that ends sooner counts as an attempt that failed, so that the pauses grow. */
const SHORT_LIFE_MS = 1000;
const KEPT_ATTEMPTS = 20;

/**
 * The life of a client's connection, without a socket, a timer or a promise of its own: events go in by the methods,
 * what is to be done comes out through {@link MachineOutputs}, in order.
 *
 * It goes around: rest, look up a name, dial an address, shake hands, show credentials, be connected, and after a loss
 * from the start, with the same session as long as that may live. Four clocks run meanwhile, all monotonic: each attempt
 * has a deadline through the handshake; a ping leaves when nothing was sent for a third of the session timeout; a
 * connection that is silent for two thirds is given up; and the session itself ends when the timeout has passed since
 * the last answered request was sent, with no need for a server to say so.
 */
export class ConnectionMachine implements FrameSink {
  readonly queue: RequestQueue;
  /** Since the last connection, the latest ones. */
  failedAttempts: FailedAttempt[] = [];
  private currentState: ConnectionState = 'connecting';
  private currentSession: LiveSession | undefined;
  private phase: Phase = 'idle';
  private attempt = 0;
  private attemptDeadlineMs = Infinity;
  private restUntilMs = Infinity;
  private armedAtMs = Infinity;
  private handshakeSentMs = 0;
  private connectedAtMs = 0;
  private connections = 0;
  private lastZxidHi = 0;
  private lastZxidLo = 0;
  private nowMs = 0;
  private isBlocked = false;
  private isSameSession = false;
  private isTurnEndCalled = false;
  private isLookingAgain = false;
  private claim: CompleteOptions['session'];
  private closing: { readonly keepsSession: boolean; readonly deadlineMs: number; xid: number } | undefined;
  private endReason: ((path?: string) => Error) | undefined;
  private readonly options: CompleteOptions;
  private readonly out = new Outbox();
  private readonly frames: FrameReader;
  private readonly reader: RecordReader;
  private readonly servers: Servers;
  private readonly authentication: Authentication;
  private readonly heartbeat = new Heartbeat();
  private readonly search = new WritableSearch();

  constructor(
    private readonly parts: MachineParts,
    private readonly outputs: MachineOutputs,
    private readonly listener: MachineListener,
  ) {
    const { options } = parts;
    this.options = options;
    this.claim = options.session;
    this.queue = new RequestQueue(options.limits, parts.metrics, options.tracer, options.firstXid);
    this.servers = new Servers(parts.servers, options.backOff, parts.random, options.shouldShuffle);
    this.frames = new FrameReader(options.maxReplyBytes, this);
    this.reader = new RecordReader(new Uint8Array(0), 0, 0, { maxLengthBytes: options.maxReplyBytes });
    this.authentication = new Authentication(options.auth, parts.createSaslExchange, () => this.queue.nextXid());
  }

  get state(): ConnectionState {
    return this.currentState;
  }

  get session(): LiveSession | undefined {
    return this.currentSession;
  }

  get isConnected(): boolean {
    return this.phase === 'connected';
  }

  get isOver(): boolean {
    return this.phase === 'over';
  }

  /** The error of whatever is asked for too late; undefined while it is not. */
  endError(path?: string): (Error & { readonly maybeApplied: boolean }) | undefined {
    if (this.phase !== 'over' && this.closing === undefined) return undefined;
    return (this.endReason?.(path) ?? new ClientClosedError(path)) as ClientClosedError;
  }

  start(): void {
    this.beginAttempt();
  }

  /** Takes in a request; it leaves at the end of this turn, or when there is a connection. */
  submit(request: Request): void {
    const ended = this.endError(request.path);
    if (ended !== undefined) {
      this.queue.refuse(request, ended);
      return;
    }
    if (!this.queue.add(request)) return;
    if (this.phase === 'connected') this.flushSoon();
    if (request.deadlineMs < this.armedAtMs) this.arm();
  }

  /** Puts a request in front of all others; only within {@link MachineListener.established}. */
  submitFirst(request: Request): void {
    this.queue.addFirst(request);
  }

  addCredential(credential: Credential): void {
    const { isOpen } = this;
    this.authentication.add(credential, isOpen && !this.isBlocked ? this.out : undefined);
    // While the transport holds the buffer nothing can be added to it: the next connection shows this one as well.
    if (isOpen && this.isBlocked) this.connectionLost(new Error('new credentials need a new connection'));
    else this.flushSoon();
  }

  /** The look-up of the name has an answer. */
  resolved(attempt: number, addresses: readonly string[]): void {
    if (attempt !== this.attempt || this.phase !== 'resolving') return;
    this.servers.resolved(addresses);
    const address = this.servers.takeAddress();
    if (address === undefined) this.attemptFailed(new Error(`${this.servers.server.host} has no address`));
    else this.dial(address);
  }

  /** The look-up, or the dialling, failed. */
  failed(attempt: number, error: Error): void {
    if (attempt !== this.attempt) return;
    if (this.phase === 'resolving' || this.phase === 'dialing') this.attemptFailed(error);
  }

  dialed(attempt: number): void {
    if (attempt !== this.attempt || this.phase !== 'dialing') {
      this.outputs.hangUp(attempt, false);
      return;
    }
    this.phase = 'handshaking';
    this.out.clear();
    this.frames.reset();
    this.isBlocked = false;
    this.handshakeSentMs = this.now();
    this.heartbeat.begin(this.handshakeSentMs);
    const { sessionTimeoutMs, isReadOnlyAllowed } = this.options;
    writeHandshake(this.out, this.claim, this.lastZxid, sessionTimeoutMs, isReadOnlyAllowed);
    this.send();
  }

  received(attempt: number, bytes: Uint8Array, start: number, end: number): void {
    if (attempt !== this.attempt || this.phase === 'over') return;
    const nowMs = this.now();
    this.heartbeat.received(nowMs);
    this.parts.metrics.bytesReceived += end - start;
    const isGood = this.frames.received(bytes, start, end);
    if (attempt !== this.attempt || this.isOver) return;
    if (!isGood) {
      this.connectionLost(new Error('the server sent what is not the protocol'));
      return;
    }
    if (this.endsSession(nowMs)) return;
    if (this.closing !== undefined) this.closeWhenIdle();
    // Replies have made room in the window.
    if (this.phase === 'connected' && this.queue.waitingCount > 0) this.flushSoon();
  }

  drained(attempt: number): void {
    if (attempt !== this.attempt) return;
    this.isBlocked = false;
    this.out.clear();
    this.flushSoon();
  }

  /** The connection of an attempt is gone. */
  closed(attempt: number, error: Error | undefined): void {
    if (attempt !== this.attempt) return;
    if (this.phase === 'handshaking') {
      this.attemptFailed(error ?? new Error('the server closed the connection before it granted a session'));
    } else if (this.phase === 'authenticating' || this.phase === 'connected') {
      this.connectionLost(error ?? new Error('the server closed the connection'));
    }
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
    const isLate = nowMs - this.armedAtMs > LATE_MS;
    this.armedAtMs = Infinity;
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
    if (this.phase === 'over' || this.closing !== undefined) return;
    if (this.phase !== 'connected') {
      this.finish('closed');
      return;
    }
    this.closing = { keepsSession, deadlineMs: this.now() + this.options.closeTimeoutMs, xid: 0 };
    this.flush();
    this.closeWhenIdle();
    this.arm();
  }

  /** A probe has its answer. */
  probed(server: ServerAddress, isWritable: boolean): void {
    if (this.currentState !== 'readOnly') return;
    if (isWritable) {
      this.servers.prefer(server);
      this.connectionLost(new Error('a server that takes writes was found'));
    } else {
      this.search.failed(this.now());
      this.arm();
    }
  }

  onFrame(bytes: Uint8Array, start: number, end: number): boolean {
    try {
      if (this.phase === 'handshaking') return this.granted(readHandshake(bytes, start, end));
      return end - start >= REPLY_HEADER_BYTES && this.reply(bytes, start, end);
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'a frame of the server could not be read');
      if (this.phase === 'handshaking') this.attemptFailed(asError(error));
      return false;
    }
  }

  onLongFrame(bytes: Uint8Array, start: number, lengthBytes: number): boolean {
    if (this.phase !== 'connected') return false;
    const request = this.queue.unreadable(readInt32(bytes, start), ({ path, kind }) => {
      const { maxReplyBytes } = this.options;
      const cause = new RangeError(`a reply of ${lengthBytes} bytes, ${maxReplyBytes} are allowed (maxReplyBytes)`);
      const error = new ConnectionLossError(path, !kind.isRepeatable, { cause });
      error.message = `${cause.message}; it was not read: ${path}`;
      return error;
    });
    return request !== undefined;
  }

  private get isOpen(): boolean {
    return this.phase === 'connected' || this.phase === 'authenticating';
  }

  private get lastZxid(): Zxid {
    return int64(this.lastZxidHi, this.lastZxidLo);
  }

  private now(): number {
    this.nowMs = this.parts.clock.monotonicMs();
    return this.nowMs;
  }

  private reply(bytes: Uint8Array, start: number, end: number): boolean {
    const xid = readInt32(bytes, start);
    const hi = readInt32(bytes, start + 4);
    const lo = readInt32(bytes, start + 8);
    const err = readInt32(bytes, start + 12);
    const reader = this.reader.reset(bytes, start + REPLY_HEADER_BYTES, end);
    if (xid === Xid.notification) {
      this.listener.notified(reader, int64(hi, lo));
    } else if (xid === Xid.ping) {
      this.currentSession?.renew(this.heartbeat.answered());
    } else if (xid === Xid.auth) {
      this.authenticated(this.authentication.authReply(err));
    } else {
      // What one server has shown, no server that is behind it may contradict. Only replies tell: the zxids of events
      // and of authentication do not.
      if (hi >= 0 && compare64(hi, lo, this.lastZxidHi, this.lastZxidLo) > 0) {
        this.lastZxidHi = hi;
        this.lastZxidLo = lo;
      }
      if (this.authentication.isSaslReply(xid)) {
        this.authenticated(this.authentication.saslReply(err, reader, this.out));
      } else if (this.closing !== undefined && xid === this.closing.xid) {
        this.finish('closed');
      } else {
        const request = this.queue.replied(xid, hi, lo, err, reader, this.nowMs);
        if (request === undefined) return false;
        this.currentSession?.renew(request.sentAtMs);
      }
    }
    return this.isOpen;
  }

  private beginAttempt(): void {
    const { host } = this.servers.advance();
    this.attempt++;
    this.phase = 'resolving';
    this.attemptDeadlineMs = this.now() + this.options.connectTimeoutMs;
    this.arm();
    this.outputs.resolve(this.attempt, host);
  }

  private dial(address: string): void {
    this.attempt++;
    this.phase = 'dialing';
    this.attemptDeadlineMs = this.now() + this.options.connectTimeoutMs;
    this.arm();
    this.outputs.dial(this.attempt, address, this.servers.server);
  }

  private attemptFailed(error: Error): void {
    this.outputs.hangUp(this.attempt, false);
    this.parts.metrics.failedAttempts++;
    const { server } = this.servers;
    this.failedAttempts = [...this.failedAttempts.slice(1 - KEPT_ATTEMPTS), { server, error }];
    this.parts.logger.info({ host: server.host, port: server.port, err: error }, 'could not connect to a server');
    const address = this.servers.takeAddress();
    if (address !== undefined) this.dial(address);
    else this.rest(this.servers.failed());
  }

  private rest(delayMs: number): void {
    this.attempt++;
    this.phase = 'resting';
    this.restUntilMs = this.now() + delayMs;
    this.arm();
  }

  private granted(grant: Grant): boolean {
    const { claim } = this;
    if (grant.timeoutMs <= 0) {
      if (claim === undefined) {
        this.attemptFailed(new Error('the server granted a session that is over'));
        return false;
      }
      this.parts.logger.warn({ session: hexId(claim.id) }, 'the server says that the session is over');
      this.outputs.hangUp(this.attempt, false);
      this.servers.prefer(this.servers.server);
      this.endSession();
      if (!this.isOver) this.beginAttempt();
      return false;
    }
    const isSame = this.currentSession !== undefined && claim !== undefined && grant.id === claim.id;
    if (isSame) {
      this.currentSession!.attachedAgain(grant.timeoutMs, this.handshakeSentMs);
    } else {
      // A read-only server's session is one of its own, and ends with the connection.
      this.currentSession?.end(new SessionExpiredError());
      if (this.currentSession !== undefined) this.listener.sessionLost();
      const { id, password, timeoutMs, isReadOnly } = grant;
      const { clock } = this.parts;
      this.currentSession = new LiveSession(id, password, timeoutMs, isReadOnly, this.handshakeSentMs, clock);
    }
    // Only a session that a server with a quorum knows of can be claimed from another one.
    if (!grant.isReadOnly) this.claim = { id: grant.id, password: grant.password };
    this.heartbeat.setTimeout(grant.timeoutMs);
    this.phase = 'authenticating';
    const progress = this.authentication.begin(this.out);
    this.send();
    this.isSameSession = isSame;
    this.authenticated(progress);
    return this.isOpen;
  }

  private authenticated(progress: AuthenticationProgress): void {
    if (typeof progress === 'object') {
      this.parts.logger.error({}, progress.refused);
      this.finish('authFailed', progress.refused);
      return;
    }
    this.flushSoon();
    if (progress === 'done' && this.phase === 'authenticating') this.ready();
  }

  private ready(): void {
    const session = this.currentSession!;
    const isSame = this.isSameSession;
    this.phase = 'connected';
    this.connectedAtMs = this.now();
    this.failedAttempts = [];
    if (this.connections++ > 0) this.parts.metrics.reconnects++;
    const { host, port } = this.servers.server;
    this.parts.logger.info({ session: hexId(session.id), host, port, timeoutMs: session.timeoutMs }, 'connected');
    this.listener.established(isSame, this.lastZxid);
    if (session.isReadOnly) this.search.begin(this.connectedAtMs);
    if (!isSame) this.listener.sessionChanged(session);
    this.setState(session.isReadOnly ? 'readOnly' : isSame ? 'reconnected' : 'connected');
    this.listener.announced(isSame);
    this.flushSoon();
    this.arm();
  }

  private connectionLost(error: Error): void {
    this.outputs.hangUp(this.attempt, false);
    if (this.closing !== undefined) {
      this.finish('closed');
      return;
    }
    const wasConnected = this.phase === 'connected';
    this.parts.logger.warn({ err: error }, 'the connection is lost');
    const hasLasted = wasConnected && this.now() - this.connectedAtMs >= SHORT_LIFE_MS;
    this.search.end();
    this.rest(hasLasted ? this.servers.lost() : this.servers.failed());
    this.out.clear();
    this.queue.connectionLost(error);
    this.listener.connectionLost();
    if (wasConnected) this.setState('suspended');
  }

  /** Whether the session's own deadline has passed; ends it then. */
  private endsSession(nowMs: number): boolean {
    const session = this.currentSession;
    if (session === undefined) return false;
    session.lookAtClocks();
    if (nowMs < session.endMs) return false;
    // Nobody may be there to tell: guard of 'expiry is known without a server' in connection-machine.spec.ts.
    this.parts.logger.warn(
      { session: hexId(session.id) },
      'no contact within the session timeout: the session is over',
    );
    const isOnWire = this.phase !== 'resting' && this.phase !== 'resolving' && this.phase !== 'dialing';
    if (isOnWire) {
      this.outputs.hangUp(this.attempt, false);
      this.rest(this.servers.lost());
    }
    this.endSession();
    return true;
  }

  private endSession(): void {
    const session = this.currentSession;
    this.claim = undefined;
    this.currentSession = undefined;
    this.search.end();
    this.out.clear();
    this.parts.metrics.sessionsLost++;
    session?.end(new SessionExpiredError());
    this.queue.sessionLost();
    this.listener.sessionLost();
    this.listener.sessionChanged(undefined);
    this.setState('lost');
    if (!this.options.renewsSession && !this.isOver) this.finish('closed');
  }

  private judge(nowMs: number): void {
    if (this.endsSession(nowMs) || this.isOver) return;
    if (this.phase === 'resting') {
      if (nowMs >= this.restUntilMs) this.beginAttempt();
    } else if (this.phase !== 'connected') {
      if (nowMs >= this.attemptDeadlineMs) this.attemptTimedOut();
    } else if (this.heartbeat.isSilent(nowMs)) {
      this.connectionLost(new Error(`the server was silent for ${this.heartbeat.readTimeoutMs} ms`));
    } else {
      if (this.heartbeat.isPingDue(nowMs)) this.ping(nowMs);
      if (nowMs >= this.search.dueMs) {
        this.search.asked();
        this.outputs.probe(this.servers.peekNext());
      }
    }
    if (this.closing !== undefined && nowMs >= this.closing.deadlineMs) this.finish('closed');
  }

  private attemptTimedOut(): void {
    const error = new Error(`no session within ${this.options.connectTimeoutMs} ms`);
    if (this.phase === 'authenticating') this.connectionLost(error);
    else this.attemptFailed(error);
  }

  private ping(nowMs: number): void {
    if (this.isBlocked) return;
    this.out.begin(Xid.ping, OpCode.ping);
    this.out.end();
    this.heartbeat.pinged(nowMs);
    this.send();
  }

  private flushSoon(): void {
    if (this.isTurnEndCalled) return;
    this.callAtTurnEnd();
  }

  private callAtTurnEnd(): void {
    if (this.isTurnEndCalled) return;
    this.isTurnEndCalled = true;
    this.outputs.callAtTurnEnd();
  }

  /** Sends what may leave, in writes of moderate size, until the transport has enough. */
  private flush(): void {
    if (this.phase !== 'connected') {
      if (this.phase === 'authenticating') this.send();
      return;
    }
    let isMore = true;
    while (isMore && !this.isBlocked && this.phase === 'connected') {
      isMore = this.queue.encode(this.out, this.now());
      this.send();
    }
  }

  private send(): void {
    const { out } = this;
    if (this.isBlocked || out.length === 0) return;
    this.heartbeat.sent(this.nowMs);
    this.parts.metrics.bytesSent += out.length;
    if (this.outputs.write(out.bytes, out.length)) out.clear();
    else this.isBlocked = true;
  }

  private closeWhenIdle(): void {
    const { closing } = this;
    if (closing === undefined || closing.xid !== 0 || this.phase !== 'connected' || !this.queue.isIdle) return;
    if (closing.keepsSession) {
      this.finish('closed', undefined, true);
      return;
    }
    if (this.isBlocked) return;
    closing.xid = this.queue.nextXid();
    this.out.begin(closing.xid, OpCode.closeSession);
    this.out.end();
    this.send();
  }

  private finish(state: 'closed' | 'authFailed', reason?: string, isInOrder = false): void {
    const errorOf = (path?: string, maybeApplied = false): Error => {
      if (state === 'closed') return new ClientClosedError(path, maybeApplied);
      const error = new AuthFailedError(ErrorCode.AUTHFAILED, path);
      if (reason !== undefined) error.message += `: ${reason}`;
      return error;
    };
    if (this.phase !== 'resting') this.outputs.hangUp(this.attempt, isInOrder);
    this.outputs.wakeAt(Infinity);
    this.attempt++;
    this.phase = 'over';
    this.endReason = errorOf;
    this.queue.failAll(errorOf);
    const session = this.currentSession;
    this.currentSession = undefined;
    session?.end(errorOf());
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
    let dueMs = Math.min(this.queue.nextDeadlineMs, this.currentSession?.endMs ?? Infinity);
    if (this.phase === 'resting') dueMs = Math.min(dueMs, this.restUntilMs);
    else if (this.phase === 'connected') dueMs = Math.min(dueMs, this.heartbeat.dueMs, this.search.dueMs);
    else dueMs = Math.min(dueMs, this.attemptDeadlineMs);
    if (this.closing !== undefined) dueMs = Math.min(dueMs, this.closing.deadlineMs);
    if (dueMs >= this.armedAtMs) return;
    this.armedAtMs = dueMs;
    this.outputs.wakeAt(dueMs);
  }
}

function hexId(id: bigint): string {
  return `0x${hex64(id)}`;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
