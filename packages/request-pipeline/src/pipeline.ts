import type { Id } from '@zk/model';
import { readInt32, utf8Bytes } from '@zk/jute';
import { ErrorCode, OpCode } from '@zk/model';
import { type Session, passwordMatches } from '@zk/session';
import type { ClientPipelineOptions, ClientPipelineParts } from './client-pipeline-parts.js';
import { ClientPipeline } from './client-pipeline.js';
import { type Client, ownerOf } from './client.js';
import type { ConnectRequest } from './connect.js';
import { EarlyLook } from './early-look.js';
import { FrameReader } from './frame-reader.js';
import { OpKind, opKind } from './op-kinds.js';
import type { Pending } from './pending.js';
import { Preparer, type PreparerOptions, UNDECODABLE } from './preparer.js';
import { WriteReplies } from './replies.js';
import { type Proposer, Transactions } from './transactions.js';
import { TxnArena } from './txn-arena.js';
import { TxnWriter } from './txn-writer.js';
import { validateMulti } from './validate-multi.js';
import { validateOperation } from './validate-operation.js';
import { type PlanReconfig, validateReconfig } from './validate-reconfig.js';
import { writeCloseSession, writeCreateSession } from './validate-session.js';

/** Zxids between two digests that `hash` shows, as in Apache ZooKeeper; a power of two. */
export const DIGEST_INTERVAL = 128;

export interface PipelineOptions extends PreparerOptions, ClientPipelineOptions {
  /** Whether closeSession lists the ephemerals it removes (Apache's default). */
  readonly closeSessionTxnEnabled: boolean;
  /** Whether `reconfig` is switched on. */
  readonly reconfigEnabled: boolean;
  /** Of this server: its low 8 bits lead the ids of the sessions that began here. Absent: sessions may be local anywhere. */
  readonly serverId?: number;
}

export interface PipelineParts extends ClientPipelineParts {
  readonly proposer: Proposer;
  /** Absent where there are no members to change: on a standalone server. */
  readonly planReconfig?: PlanReconfig;
  /** A transaction whose zxid is a multiple of {@link DIGEST_INTERVAL} was applied: time to remember the digest. */
  readonly onDigest?: (zxidHi: number, zxidLo: number) => void;
}

/** A request that came to the leader from a learner. */
export interface RemoteRequest {
  readonly sessionHi: number;
  readonly sessionLo: number;
  readonly cxid: number;
  readonly type: number;
  /** As the client sent it, without its header. */
  readonly body: Uint8Array;
  readonly ids: readonly Id[];
  /** Stands for the learner: the same object as long as it is connected. */
  readonly owner: object;
}

/**
 * The pipeline of a server that decides on writes itself: alone, or as the leader of an ensemble. Writes are validated
 * against the tree and the changes still on their way, become transactions, are proposed, and are applied and answered
 * when they are committed ({@link commit}).
 */
export class RequestPipeline extends ClientPipeline {
  private readonly preparer: Preparer;
  private readonly transactions: Transactions;
  private readonly replies: WriteReplies;
  /** At requests of learners: what a session may do that is local there. */
  private readonly lookAtRemote = new EarlyLook(new FrameReader(), undefined);

  constructor(
    protected override readonly parts: PipelineParts,
    protected override readonly options: PipelineOptions,
  ) {
    super(parts, options);
    const { tree, providers, clock, proposer } = parts;
    const arena = new TxnArena();
    this.preparer = new Preparer(tree, new TxnWriter(arena), providers, clock, options);
    this.transactions = new Transactions(this.preparer, arena, proposer, options);
    this.replies = new WriteReplies(tree);
  }

  override get inFlight(): number {
    return this.transactions.inFlight;
  }

  // ---- sessions

  protected override createSession(client: Client): void {
    const { sessions } = this.parts;
    const { idHi, idLo } = sessions.allocate();
    const session = sessions.track(idHi, idLo, client.timeoutMs, this.nowMs);
    session.owner = client;
    client.session = session;
    this.proposeSession(OpCode.createSession, session, client, 0);
  }

  /** The previous connection of the session is closed even before the password is looked at, as in Apache. */
  protected override reattach(client: Client, request: ConnectRequest): void {
    const { sessions } = this.parts;
    const { sessionHi, sessionLo, password } = request;
    const session = sessions.get(sessionHi, sessionLo);
    if (session !== undefined && session.owner !== client) this.disown(session);
    const isValid =
      session !== undefined &&
      passwordMatches(sessionHi, sessionLo, password, 0, password.length) &&
      sessions.reattach(session, client, client.timeoutMs, this.nowMs);
    if (!isValid) {
      this.refuseSession(client);
      return;
    }
    client.session = session;
    this.inheritWrites(client, session);
    this.establish(client, session);
    this.parts.onSession?.('reattached', session);
  }

  /**
   * Writes that the session sent on an earlier connection may still be on their way. Nobody gets their replies any more,
   * but a read on the new connection waits for them: a client that looks whether its write went through must not be
   * told no by a tree that has yet to see it.
   */
  private inheritWrites(client: Client, session: Session): void {
    this.transactions.forEach((slot) => {
      if (slot.client === null || slot.client === client || slot.client.session !== session) return;
      slot.heir = client;
      client.writesIssued++;
    });
  }

  private heirWriteEnded(slot: Pending): void {
    const heir = slot.heir!;
    slot.heir = null;
    heir.writesDone++;
    this.answerHeld(heir);
  }

  /** Whoever acted for the session no longer does: a client of this server loses its connection. */
  private disown(session: Session): void {
    ownerOf(session)?.connection.closeNow();
  }

  protected override touch(client: Client, session: Session): boolean {
    return this.parts.sessions.touch(session, client.timeoutMs, this.nowMs);
  }

  protected override sync(client: Client, _xid: number, bytes: Uint8Array, start: number, end: number): void {
    this.read(client, bytes, start, end);
  }

  // ---- writes

  protected override write(
    client: Client,
    session: Session,
    xid: number,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (!this.acceptsWrites) {
      this.reads.refuse(client, xid, ErrorCode.SYSTEMERROR);
      return;
    }
    this.preparer.reader.reset(bytes, start + 8, end);
    this.transactions.begin(session.idHi, session.idLo, xid, client.ids, this.nowMs);
    const code = this.validate(type);
    if (code === UNDECODABLE) {
      // No transaction, but its turn among this client's replies: a write on the path of reads is answered so.
      this.read(client, bytes, start, end);
      return;
    }
    this.transactions.finish(client, null, type, code, this.nowMs);
  }

  private validate(type: number): number {
    const { preparer, options, parts } = this;
    if (type === OpCode.multi) return validateMulti(preparer);
    if (type === OpCode.reconfig) return validateReconfig(preparer, options.reconfigEnabled, parts.planReconfig);
    return validateOperation(preparer, type);
  }

  protected override endSession(client: Client, session: Session, xid: number): void {
    if (!this.acceptsWrites) {
      this.reads.refuse(client, xid, ErrorCode.SYSTEMERROR);
      return;
    }
    client.ignoresRequests = true;
    this.parts.sessions.setClosing(session);
    this.proposeSession(OpCode.closeSession, session, client, xid);
  }

  /** It lives on while writes cannot be taken. */
  protected override expire(session: Session): void {
    if (!session.isClosing) this.parts.sessions.setClosing(session);
    if (this.acceptsWrites) this.proposeSession(OpCode.closeSession, session, null, 0).isExpiry = true;
    else this.parts.sessions.undoClosing(session, session.timeoutMs, this.nowMs);
  }

  protected override upgrade(_client: Client, session: Session): void {
    this.proposeSession(OpCode.createSession, session, null, 0);
  }

  private proposeSession(type: number, session: Session, client: Client | null, xid: number): Pending {
    this.transactions.begin(session.idHi, session.idLo, xid, client === null ? [] : client.ids, this.nowMs);
    if (type === OpCode.createSession) writeCreateSession(this.preparer, session.timeoutMs);
    else writeCloseSession(this.preparer, this.options.closeSessionTxnEnabled);
    return this.transactions.finish(client, session, type, ErrorCode.OK, this.nowMs);
  }

  /** Removes a container without children or an aged TTL node, unless that is no longer what it is. */
  submitDeleteContainer(path: string, nowMs: number): void {
    if (!this.acceptsWrites) return;
    this.nowMs = nowMs;
    const text = utf8Bytes(path);
    const body = new Uint8Array(4 + text.length);
    new DataView(body.buffer).setInt32(0, text.length);
    body.set(text, 4);
    this.preparer.reader.reset(body, 0, body.length);
    this.transactions.begin(0, 0, 0, [], this.nowMs);
    const code = validateOperation(this.preparer, OpCode.deleteContainer);
    this.transactions.finish(null, null, OpCode.deleteContainer, code, this.nowMs);
  }

  // ---- requests of learners

  /** What a learner's client wants: becomes a transaction, an error at least, since the learner waits for one. */
  submitRemote(request: RemoteRequest, nowMs: number): void {
    this.nowMs = nowMs;
    const { sessions } = this.parts;
    const { sessionHi, sessionLo, cxid, type, body, ids, owner } = request;
    if (type === OpCode.createSession) {
      const session = sessions.track(sessionHi, sessionLo, body.length < 4 ? 0 : readInt32(body, 0), nowMs);
      session.owner = owner;
      this.proposeSession(type, session, null, cxid);
      return;
    }
    const session = sessions.get(sessionHi, sessionLo);
    if (type === OpCode.closeSession) {
      if (session !== undefined) sessions.setClosing(session);
      this.transactions.begin(sessionHi, sessionLo, cxid, [], nowMs);
      writeCloseSession(this.preparer, this.options.closeSessionTxnEnabled);
      this.transactions.finish(null, session ?? null, type, ErrorCode.OK, nowMs);
      return;
    }
    this.preparer.reader.reset(body, 0, body.length);
    this.transactions.begin(sessionHi, sessionLo, cxid, ids, nowMs);
    const refusal = this.remoteRefusal(request, session);
    const code = refusal === ErrorCode.OK ? this.validateRemote(type) : refusal;
    this.transactions.finish(null, null, type, code === UNDECODABLE ? ErrorCode.MARSHALLINGERROR : code, nowMs);
  }

  /** An Apache learner passes on a `check` outside a multi, which its own kind cannot apply. */
  private validateRemote(type: number): number {
    const isWrite = opKind(type) === OpKind.write || type === OpCode.deleteContainer;
    return isWrite ? this.validate(type) : ErrorCode.UNIMPLEMENTED;
  }

  /** Whether the learner may act for the session (spec: server semantics, section 10.4). */
  private remoteRefusal(request: RemoteRequest, session: Session | undefined): number {
    if (session === undefined) return this.mayBeLocal(request) ? ErrorCode.OK : ErrorCode.SESSIONEXPIRED;
    return this.parts.sessions.check(session, request.owner);
  }

  /**
   * Whether the session may be one that is local at the learner, and so the learner's to answer for. One that began here is
   * not; and before a local session creates an ephemeral it becomes known here, so who does without has ended: the
   * ephemeral would stay for good (spec: server semantics, section 10.6).
   */
  private mayBeLocal({ sessionHi, type, body }: RemoteRequest): boolean {
    const { localSessions, serverId } = this.options;
    if (localSessions?.areOn !== true) return false;
    if (serverId !== undefined && sessionHi >>> 24 === (serverId & 0xff)) return false;
    const look = this.lookAtRemote;
    return !look.begin(type, body, 0, body.length) || !look.createsEphemeral();
  }

  /** A client came back to its session through a learner. @returns whether the session still exists, and may be there */
  moveSession(sessionHi: number, sessionLo: number, owner: object, timeoutMs: number, nowMs: number): boolean {
    this.nowMs = nowMs;
    const { sessions } = this.parts;
    const session = sessions.get(sessionHi, sessionLo);
    if (session === undefined || session.isLocal) return false;
    if (session.owner !== owner) this.disown(session);
    return sessions.reattach(session, owner, timeoutMs, nowMs);
  }

  /** A learner has heard of the session. */
  touchSession(sessionHi: number, sessionLo: number, timeoutMs: number, nowMs: number): void {
    const session = this.parts.sessions.get(sessionHi, sessionLo);
    if (session !== undefined) this.parts.sessions.touch(session, timeoutMs, nowMs);
  }

  // ---- commitment

  /** Everything up to this zxid is committed: applies it, fires watches, replies, and releases the reads behind it. */
  commit(zxidHi: number, zxidLo: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.transactions.commit(zxidHi, zxidLo, this.apply);
  }

  /** A field, so that a commit makes no closure. */
  private readonly apply = (slot: Pending, txn: Uint8Array): void => {
    const { tree } = this.parts;
    const { client } = slot;
    const isMulti = slot.type === OpCode.multi && slot.code === ErrorCode.OK;
    if (isMulti) this.replies.multi.begin(txn);
    tree.apply(txn, slot.start, slot.end, isMulti ? this.replies.multi : this.replies.single);
    if (slot.session !== null) this.sessionChanged(slot, slot.session);
    if (client !== null) {
      if (!client.isClosed && slot.session === null) this.reply(client, slot, txn);
      this.writeEnded(client, slot.arrivalMs);
    }
    if (slot.heir !== null) this.heirWriteEnded(slot);
    if ((slot.zxidLo & (DIGEST_INTERVAL - 1)) === 0) this.parts.onDigest?.(slot.zxidHi, slot.zxidLo);
  };

  private reply(client: Client, slot: Pending, txn: Uint8Array): void {
    if (slot.type === OpCode.multi) this.replies.replyMulti(client, slot.xid, slot.code);
    else this.replies.replySingle(client, slot.xid, slot.type, slot.code, txn);
  }

  private sessionChanged(slot: Pending, session: Session): void {
    const { client } = slot;
    if (slot.type === OpCode.createSession) {
      if (client !== null && !client.isClosed) this.establish(client, session);
      this.parts.onSession?.('created', session);
      return;
    }
    const owner = ownerOf(session);
    this.parts.sessions.remove(session);
    this.parts.onSession?.(slot.isExpiry ? 'expired' : 'closed', session);
    if (client !== null && !client.isClosed) {
      this.reads.refuse(client, slot.xid, ErrorCode.OK);
      client.connection.closeAfterFlush();
    } else if (owner !== null && !owner.isClosed) {
      owner.connection.closeNow();
    }
  }

  protected override forgetWrites(): void {
    this.transactions.abandon(() => undefined);
  }

  /**
   * The log lost everything that is not committed: each waiting write is refused with SYSTEMERROR, and what had been
   * validated is forgotten. Nothing of it was acknowledged, nothing of it will come back.
   */
  abandon(nowMs: number): void {
    this.nowMs = nowMs;
    this.acceptsWrites = false;
    this.transactions.abandon((slot) => {
      const { client, session } = slot;
      if (slot.type === OpCode.createSession && session !== null) {
        this.parts.sessions.remove(session);
        client?.connection.closeNow();
      } else {
        if (session !== null) this.parts.sessions.undoClosing(session, session.timeoutMs, nowMs);
        if (client !== null && !client.isClosed) {
          client.ignoresRequests = false;
          this.reads.refuse(client, slot.xid, ErrorCode.SYSTEMERROR);
        }
      }
      if (client !== null) this.writeEnded(client, slot.arrivalMs);
      if (slot.heir !== null) this.heirWriteEnded(slot);
    });
  }
}
