import { readInt32, writeInt32 } from '@zk/jute';
import { ErrorCode, OpCode, Perms, compare64, invariant } from '@zk/model';
import { type Session, negotiateTimeout } from '@zk/session';
import { AclGuard } from './acl-guard.js';
import { Authentication } from './authentication.js';
import type { ClientPipelineOptions, ClientPipelineParts } from './client-pipeline-parts.js';
import type { Client } from './client.js';
import { type ConnectRequest, readConnectRequest, writeConnectResponse } from './connect.js';
import { EagerAclCheck } from './eager-acl-check.js';
import { EarlyLook } from './early-look.js';
import { writeEvent } from './events.js';
import { FrameReader } from './frame-reader.js';
import { mayAnswerHeld } from './held-limit.js';
import { LocalSessions } from './local-sessions.js';
import { OpKind, opKind } from './op-kinds.js';
import { REFUSAL, Reads } from './reads.js';
import { LatencyStats } from './stats.js';

/**
 * Request in, reply out, for the clients of one server: what is the same whoever decides on writes. Reads are answered at
 * once from the tree; a read waits only for earlier writes of its own session. What becomes of writes and of sessions is
 * the matter of the implementations.
 *
 * Single-threaded and without I/O: frames come in through {@link submit}, and everything that goes out is written to the
 * clients' outboxes.
 */
export abstract class ClientPipeline {
  readonly latency: LatencyStats;
  /** Writes alone. */
  readonly updateLatency: LatencyStats;
  /** Bytes of watched events. */
  watchBytes = 0;
  /** Replies of error THROTTLEDOP. */
  throttledOps = 0;
  /** False while writes cannot be taken: they are refused. */
  acceptsWrites = true;

  protected nowMs = 0;
  /** Whether clients are told that they may only read. */
  protected readonly isReadOnly: boolean = false;
  protected readonly guard: AclGuard;
  protected readonly reads: Reads;
  protected readonly reader = new FrameReader();
  private readonly authentication: Authentication;
  private readonly refusal = new Uint8Array(12);
  private readonly clients: (Client | undefined)[] = [];
  private readonly local: LocalSessions;
  private readonly look: EarlyLook;

  protected constructor(
    protected readonly parts: ClientPipelineParts,
    protected readonly options: ClientPipelineOptions,
  ) {
    const { tree, watches, providers } = parts;
    this.latency = parts.latency ?? new LatencyStats();
    this.updateLatency = parts.updateLatency ?? new LatencyStats();
    this.guard = new AclGuard(tree, providers, options.skipAcl);
    this.authentication = new Authentication(providers, this.reader, options.requiredSchemes);
    this.reads = new Reads(tree, watches, this.guard, providers, this.reader);
    const eagerAclCheck = options.checksAclsEarly === true ? new EagerAclCheck(tree, this.guard, providers) : undefined;
    this.look = new EarlyLook(this.reader, eagerAclCheck);
    this.local = new LocalSessions(parts, {
      establish: (client, session) => this.establish(client, session),
      refuseSession: (client) => this.refuseSession(client),
      reply: (client, xid) => this.reads.refuse(client, xid, ErrorCode.OK),
    });
  }

  /** Changes on their way that are not applied yet. */
  abstract get inFlight(): number;

  /** The first frame of a connection asks for a new session. */
  protected abstract createSession(client: Client): void;

  /** The first frame of a connection asks for a session that should exist. */
  protected abstract reattach(client: Client, request: ConnectRequest): void;

  /** A request that changes something: its header was read, its body is `bytes[start + 8, end)`. */
  protected abstract write(
    client: Client,
    session: Session,
    xid: number,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;

  /** A sync; the frame is as for a write. */
  protected abstract sync(client: Client, xid: number, bytes: Uint8Array, start: number, end: number): void;

  /** The client ends its session. */
  protected abstract endSession(client: Client, session: Session, xid: number): void;

  /** Notes that the session was heard of. @returns false when it has ended or is about to */
  protected abstract touch(client: Client, session: Session): boolean;

  /** Replies of error AUTHFAILED so far. */
  get authFailures(): number {
    return this.authentication.failures;
  }

  /** Makes a client known to the watch table under its number. */
  add(client: Client): void {
    this.clients[client.watcher] = client;
  }

  clientOf(watcher: number): Client | undefined {
    return this.clients[watcher];
  }

  /** Forgets a client whose connection has ended. Its session lives on; its writes still take effect. */
  remove(client: Client): void {
    client.isClosed = true;
    client.held.clear();
    client.outbox.clear();
    if (this.clients[client.watcher] === client) this.clients[client.watcher] = undefined;
    this.parts.watches.removeWatcher(client.watcher);
    if (client.session !== null && client.session.owner === client) client.session.owner = null;
  }

  /**
   * Nobody is served any more: every connection is closed, and what was on its way gets no reply, since what becomes of it
   * is for others to say. The pipeline is not used again.
   */
  shutDown(nowMs: number): void {
    this.nowMs = nowMs;
    this.acceptsWrites = false;
    for (const client of this.clients) {
      if (client === undefined || client.isClosed) continue;
      const { connection } = client;
      this.remove(client);
      connection.closeNow();
    }
    this.forgetWrites();
  }

  /** Whoever waited for a write is gone. */
  protected abstract forgetWrites(): void;

  /** Delivers a watched event to a client that may read the znode; the watch table calls it. */
  deliver(
    watcher: number,
    eventType: number,
    path: Uint8Array,
    start: number,
    end: number,
    aclKey: number,
    zxidHi: number,
    zxidLo: number,
  ): void {
    const client = this.clients[watcher];
    if (client === undefined || client.isClosed) return;
    if (!this.guard.allows(aclKey, Perms.read, client.ids)) return;
    writeEvent(client.outbox, eventType, path, start, end, zxidHi, zxidLo);
    this.watchBytes += client.outbox.lastReplyBytes;
  }

  /**
   * The first frame of a connection (spec: client protocol, section 3.3). Afterwards the client has a session, or is
   * being closed. Until `established` tells that the session is there, nothing more may be submitted for the client.
   */
  connect(client: Client, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.reader.reset(bytes, start, end);
    const request = readConnectRequest(this.reader);
    if (request === undefined || this.isBehind(request)) {
      client.connection.closeNow();
      return;
    }
    client.expectsReadOnlyByte = request.hasReadOnlyByte;
    client.timeoutMs = negotiateTimeout(
      request.timeoutMs,
      this.options.minSessionTimeoutMs,
      this.options.maxSessionTimeoutMs,
    );
    this.admit(client, request);
  }

  /** Whether the client has seen more than this server has. */
  private isBehind({ lastZxidHi, lastZxidLo }: ConnectRequest): boolean {
    const { tree, startEpoch } = this.parts;
    if (compare64(lastZxidHi, lastZxidLo, tree.lastZxidHi, tree.lastZxidLo) <= 0) return false;
    return startEpoch === undefined || compare64(lastZxidHi, lastZxidLo, startEpoch, 0) > 0;
  }

  protected admit(client: Client, request: ConnectRequest): void {
    const { sessionHi, sessionLo } = request;
    if (sessionHi !== 0 || sessionLo !== 0) {
      const session = this.parts.sessions.get(sessionHi, sessionLo);
      if (session?.isLocal === true) this.local.reattach(client, session, request.password, this.nowMs);
      else this.reattach(client, request);
      return;
    }
    if (this.options.localSessions?.areOn === true) {
      this.local.create(client, this.nowMs);
      return;
    }
    if (!this.acceptsWrites) {
      client.connection.closeNow();
      return;
    }
    client.lastOp = OpCode.createSession;
    client.lastXid = 0;
    this.createSession(client);
  }

  /** A session has expired. */
  expireSession(session: Session, nowMs: number): void {
    this.nowMs = nowMs;
    if (session.isLocal) this.local.expire(session);
    else this.expire(session);
  }

  /** Ends a session that has expired, and that others know of. */
  protected abstract expire(session: Session): void;

  /** Makes a local session one that all servers know of, by a request before the one that needs it. */
  protected abstract upgrade(client: Client, session: Session): void;

  /** @returns OK when the request may go on: who lacks permissions is refused early, and a local session's ephemeral */
  private refusalOf(
    client: Client,
    session: Session,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    // What the client has on its way may give it the permission.
    const seesPermissions = this.look.seesPermissions && client.writesIssued === client.writesDone;
    if (!seesPermissions && !session.isLocal) return ErrorCode.OK;
    if (!this.look.begin(type, bytes, start + 8, end)) return ErrorCode.OK;
    const code = seesPermissions ? this.look.refusal(client.ids) : ErrorCode.OK;
    if (code !== ErrorCode.OK || !session.isLocal || !this.look.createsEphemeral()) return code;
    if (this.options.localSessions?.areUpgraded !== true) return ErrorCode.EPHEMERALONLOCALSESSION;
    session.isLocal = false;
    this.upgrade(client, session);
    return ErrorCode.OK;
  }

  /** Session 0 and timeout 0: the session is gone. */
  protected refuseSession(client: Client): void {
    client.ignoresRequests = true;
    writeConnectResponse(client.outbox, 0, 0, 0, this.readOnlyByte(client));
    client.connection.closeAfterFlush();
  }

  protected establish(client: Client, session: Session): void {
    writeConnectResponse(client.outbox, client.timeoutMs, session.idHi, session.idLo, this.readOnlyByte(client));
    client.connection.established();
  }

  private readOnlyByte(client: Client): boolean | undefined {
    return client.expectsReadOnlyByte ? this.isReadOnly : undefined;
  }

  /** One request: header and body, without the length. The bytes are not kept. */
  submit(client: Client, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    if (client.ignoresRequests || client.isClosed) return;
    if (end - start < 8) {
      client.connection.closeNow();
      return;
    }
    this.nowMs = nowMs;
    const xid = readInt32(bytes, start);
    const type = readInt32(bytes, start + 4);
    const kind = opKind(type);
    client.received++;
    if (kind >= OpKind.auth) {
      this.authentication.handle(client, xid, kind, bytes, start + 8, end);
      return;
    }
    client.lastOp = type;
    // Those of pings and their like say nothing about what the client was doing.
    if (xid >= 0) client.lastXid = xid;
    const { session } = client;
    invariant(session !== null, 'requests are submitted only for a client that has a session');
    if (!this.mayProceed(client, session, xid)) return;
    if (kind === OpKind.read) {
      this.read(client, bytes, start, end);
    } else if (kind === OpKind.write) {
      const code = this.refusalOf(client, session, type, bytes, start, end);
      if (code === ErrorCode.OK) this.write(client, session, xid, type, bytes, start, end);
      else this.refuseInTurn(client, xid, code);
    } else if (kind === OpKind.sync) {
      this.sync(client, xid, bytes, start, end);
    } else if (kind === OpKind.closeSession) {
      if (session.isLocal) this.local.close(client, session, xid);
      else this.endSession(client, session, xid);
    } else {
      client.outbox.beginReply(xid, -1, -1, ErrorCode.UNIMPLEMENTED, 0);
      client.ignoresRequests = true;
      client.connection.closeAfterFlush();
    }
  }

  /** A session that is gone gets no reply at all; one that moved loses this connection. */
  private mayProceed(client: Client, session: Session, xid: number): boolean {
    if (!this.authentication.suffices(client, xid)) return false;
    if (!this.touchEither(client, session)) return false;
    if (session.owner === client) return true;
    client.connection.closeNow();
    return false;
  }

  private touchEither(client: Client, session: Session): boolean {
    return session.isLocal ? this.local.touch(client, session, this.nowMs) : this.touch(client, session);
  }

  /** The client has sent what nobody has got round to reading: its session must not expire meanwhile. */
  touchWaiting(client: Client, nowMs: number): void {
    const { session } = client;
    if (session === null || session.owner !== client || client.ignoresRequests || client.isClosed) return;
    this.nowMs = nowMs;
    this.touchEither(client, session);
  }

  /** Answers a read when every write before it is finished. */
  protected read(client: Client, bytes: Uint8Array, start: number, end: number): void {
    if (client.writesIssued !== client.writesDone) {
      client.held.push(client.writesIssued, this.nowMs, bytes, start, end);
      return;
    }
    this.answerRead(client, bytes, start, end);
    this.latency.record(0);
    client.recordLatency(0, this.nowMs);
    this.noteZxid(client);
  }

  /** The zxid of the last reply, for `cons`. */
  private noteZxid(client: Client): void {
    client.lastZxidHi = this.parts.tree.lastZxidHi;
    client.lastZxidLo = this.parts.tree.lastZxidLo;
  }

  /** Refuses a request that waited too long before it came here. */
  refuseThrottled(client: Client, xid: number, nowMs: number): void {
    if (client.ignoresRequests || client.isClosed) return;
    this.nowMs = nowMs;
    this.throttledOps++;
    this.refuseInTurn(client, xid, ErrorCode.THROTTLEDOP);
  }

  /** In its turn, as clients expect of every reply. */
  private refuseInTurn(client: Client, xid: number, code: number): void {
    writeInt32(this.refusal, 0, xid);
    writeInt32(this.refusal, 4, REFUSAL);
    writeInt32(this.refusal, 8, code);
    this.read(client, this.refusal, 0, this.refusal.length);
  }

  private answerRead(client: Client, bytes: Uint8Array, start: number, end: number): void {
    this.reader.reset(bytes, start + 8, end);
    this.reads.answer(client, readInt32(bytes, start), readInt32(bytes, start + 4));
  }

  /** Answers a read that waited, unless that is too much. */
  private answerHeldRead(client: Client, bytes: Uint8Array, start: number, end: number): void {
    const type = readInt32(bytes, start + 4);
    if (mayAnswerHeld(type, client.outbox, this.options.maxHeldReplyBytes)) {
      this.answerRead(client, bytes, start, end);
      return;
    }
    this.throttledOps++;
    this.reads.refuse(client, readInt32(bytes, start), ErrorCode.THROTTLEDOP);
  }

  /** Counts a finished write of the client and answers the reads that waited for it. */
  protected writeEnded(client: Client, arrivalMs: number): void {
    client.writesDone++;
    this.latency.record(this.nowMs - arrivalMs);
    this.updateLatency.record(this.nowMs - arrivalMs);
    client.recordLatency(this.nowMs - arrivalMs, this.nowMs);
    this.noteZxid(client);
    this.answerHeld(client);
    this.local.writeEnded(client);
  }

  /** Answers the reads that waited for writes that are finished now. */
  protected answerHeld(client: Client): void {
    if (client.held.isEmpty) return;
    if (client.isClosed) {
      client.held.clear();
      return;
    }
    while (client.held.isReady(client.writesDone)) {
      client.held.shift((bytes, start, end, heldSinceMs) => {
        this.answerHeldRead(client, bytes, start, end);
        this.latency.record(this.nowMs - heldSinceMs);
        client.recordLatency(this.nowMs - heldSinceMs, this.nowMs);
      });
    }
  }
}
