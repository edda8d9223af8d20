import { SessionExpiredError } from '@zk/client-api';
import type { SaslExchange } from '@zk/contracts';
import type { RecordReader } from '@zk/jute';
import { type Zxid, int64 } from '@zk/model';
import type { CompleteOptions } from '../complete-options.js';
import { Authentication, type AuthenticationProgress, type Credential } from './authentication.js';
import { type Conversation, FrameRouter } from './frame-router.js';
import { type Grant, writeHandshake } from './handshake.js';
import { LastZxid } from './last-zxid.js';
import type { Outgoing } from './outgoing.js';
import type { Request } from './request.js';
import { replyTooLong } from './request-errors.js';
import type { SessionKeeper } from './session-keeper.js';

export type DialogueStage = 'silent' | 'handshaking' | 'authenticating' | 'open';

/** What follows from what the server says. */
export interface DialogueHost {
  /** The server knows nothing of the session that was claimed. */
  sessionRefused(): void;
  /** The session that was there before has come to its end by the grant of another one. */
  sessionReplaced(): void;
  /** There is something to be sent at the end of this turn. */
  callAtTurnEnd(): void;
  ready(): void;
  credentialsRefused(reason: string): void;
  notified(reader: RecordReader, zxid: Zxid): void;
  /** Under which xid the end of the session was asked for. */
  readonly closingXid: number | undefined;
  sessionClosed(): void;
  garbled(error: unknown): void;
}

/** One connection's conversation with a server: the handshake, the credentials, and then replies and events. */
export class Dialogue implements Conversation {
  stage: DialogueStage = 'silent';
  readonly lastZxid = new LastZxid();
  private handshakeSentMs = 0;
  private receivedMs = 0;
  private readonly frames: FrameRouter;
  private readonly authentication: Authentication;

  constructor(
    private readonly options: CompleteOptions,
    private readonly outgoing: Outgoing,
    private readonly sessions: SessionKeeper,
    private readonly host: DialogueHost,
    createSaslExchange: (() => SaslExchange) | undefined,
  ) {
    this.frames = new FrameRouter(this, options.maxReplyBytes);
    this.authentication = new Authentication(options.auth, createSaslExchange, () => outgoing.queue.nextXid());
  }

  get isHandshaking(): boolean {
    return this.stage === 'handshaking';
  }

  /** A session was granted on this connection. */
  get hasSession(): boolean {
    return this.stage === 'authenticating' || this.stage === 'open';
  }

  /** A new connection. */
  begin(nowMs: number): void {
    const { sender, heartbeat } = this.outgoing;
    this.stage = 'handshaking';
    this.handshakeSentMs = nowMs;
    sender.clear();
    this.frames.reset();
    heartbeat.begin(nowMs);
    const { sessionTimeoutMs, isReadOnlyAllowed } = this.options;
    writeHandshake(sender.out, this.sessions.claim, this.lastZxid.value, sessionTimeoutMs, isReadOnlyAllowed);
    sender.send();
  }

  /** There is no connection any more. */
  end(): void {
    this.stage = 'silent';
    this.outgoing.sender.clear();
  }

  /** @returns false when the stream is of no use any more */
  received(bytes: Uint8Array, start: number, end: number, nowMs: number): boolean {
    this.receivedMs = nowMs;
    this.outgoing.heartbeat.received(nowMs);
    return this.frames.received(bytes, start, end);
  }

  /** Shows credentials, on this connection if it has come so far, and on every later one. */
  addCredential(credential: Credential): void {
    this.authentication.add(credential, this.hasSession ? this.outgoing.sender.out : undefined);
  }

  granted(grant: Grant): boolean {
    if (grant.timeoutMs <= 0) {
      if (this.sessions.claim === undefined) throw new Error('the server granted a session that is over');
      this.host.sessionRefused();
      return false;
    }
    const { sender, heartbeat } = this.outgoing;
    const replaced = this.sessions.granted(grant, this.handshakeSentMs);
    if (replaced !== undefined) {
      replaced.end(new SessionExpiredError());
      this.host.sessionReplaced();
    }
    heartbeat.agreed(grant.timeoutMs);
    this.stage = 'authenticating';
    const progress = this.authentication.begin(sender.out);
    sender.send();
    return this.authenticated(progress);
  }

  notified(reader: RecordReader, zxidHi: number, zxidLo: number): boolean {
    this.host.notified(reader, int64(zxidHi, zxidLo));
    return this.hasSession;
  }

  pingAnswered(): boolean {
    this.sessions.renew(this.outgoing.heartbeat.answered());
    return this.hasSession;
  }

  authAnswered(err: number): boolean {
    return this.authenticated(this.authentication.authReply(err));
  }

  replied(xid: number, zxidHi: number, zxidLo: number, err: number, reader: RecordReader): boolean {
    this.lastZxid.seen(zxidHi, zxidLo);
    if (this.authentication.isSaslReply(xid)) {
      return this.authenticated(this.authentication.saslReply(err, reader, this.outgoing.sender.out));
    }
    if (xid === this.host.closingXid) {
      this.host.sessionClosed();
      return false;
    }
    const request = this.outgoing.queue.replied(xid, zxidHi, zxidLo, err, reader, this.receivedMs);
    if (request === undefined) return false;
    this.sessions.renew(request.sentAtMs);
    return this.hasSession;
  }

  repliedAtLength(xid: number, lengthBytes: number): boolean {
    const error = (request: Request): Error => replyTooLong(request, lengthBytes, this.options.maxReplyBytes);
    return this.stage === 'open' && this.outgoing.queue.unreadable(xid, error) !== undefined;
  }

  garbled(error: unknown): void {
    this.host.garbled(error);
  }

  private authenticated(progress: AuthenticationProgress): boolean {
    if (typeof progress === 'object') {
      this.host.credentialsRefused(progress.refused);
      return false;
    }
    this.host.callAtTurnEnd();
    if (progress === 'done' && this.stage === 'authenticating') {
      this.stage = 'open';
      this.host.ready();
    }
    return this.hasSession;
  }
}
