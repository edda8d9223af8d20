import { ByteArena, readInt32, writeInt32 } from '@zk/jute';
import { ErrorCode, type Id, OpCode, invariant } from '@zk/model';
import { type Session, passwordMatches } from '@zk/session';
import type { ClientPipelineOptions, ClientPipelineParts } from './client-pipeline-parts.js';
import { ClientPipeline } from './client-pipeline.js';
import { type Client, ownerOf } from './client.js';
import type { ConnectRequest } from './connect.js';
import { type ForwardedRequest, ForwardedRequests } from './forwarded.js';
import { WriteReplies } from './replies.js';

/** What a learner may ask of its leader. Everything is asked and answered in order. */
export interface LeaderLink {
  /** A request that the leader decides on; its outcome comes back as a transaction. */
  forward(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array,
    ids: readonly Id[] | null,
  ): void;
  /** Asks to be told ({@link LearnerPipeline.synced}) when everything the leader has committed by now was delivered. */
  sync(sessionHi: number, sessionLo: number, cxid: number, body: Uint8Array, ids: readonly Id[]): void;
  /** Asks whether a session is alive, and makes it this server's; see {@link LearnerPipeline.revalidated}. */
  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void;
}

export interface LearnerParts extends ClientPipelineParts {
  readonly leader: LeaderLink;
}

/** Of a request. */
const HEADER_BYTES = 8;
const TXN_TYPE_OFFSET = 28;
const EMPTY = new Uint8Array(0);

/**
 * The pipeline of a server that follows or observes a leader: reads are answered here, what changes something is passed on
 * to the leader, and answered when its transaction is delivered (spec: learner protocol, section 7). A transaction belongs
 * to a request when it has its session and its cxid. Sessions do not expire here: the leader is told which were heard of.
 */
export class LearnerPipeline extends ClientPipeline {
  private readonly forwarded = new ForwardedRequests();
  private readonly arena = new ByteArena();
  private readonly replies: WriteReplies;
  /** Syncs the leader has not answered yet, oldest first. */
  private readonly syncs: { readonly client: Client; readonly arrivalMs: number }[] = [];
  /** Who waits for the leader's word on a session. */
  private readonly revalidations = new Map<string, Client[]>();
  /** Clients heard of since {@link takeTouched}. */
  private touched = new Set<Client>();

  constructor(
    protected override readonly parts: LearnerParts,
    options: ClientPipelineOptions,
  ) {
    super(parts, options);
    this.replies = new WriteReplies(parts.tree);
  }

  override get inFlight(): number {
    return this.forwarded.count;
  }

  // ---- sessions

  protected override createSession(client: Client): void {
    const { idHi, idLo } = this.parts.sessions.allocate();
    const session = this.adopt(client, idHi, idLo);
    this.expect(session, client, 0, OpCode.createSession);
    this.forwardCreation(session, client.timeoutMs);
  }

  private forwardCreation({ idHi, idLo }: Session, timeoutMs: number): void {
    const body = new Uint8Array(4);
    writeInt32(body, 0, timeoutMs);
    this.parts.leader.forward(idHi, idLo, 0, OpCode.createSession, body, null);
  }

  /** The password is looked at here, the rest is the leader's to say: until then the client is held. */
  protected override reattach(client: Client, request: ConnectRequest): void {
    const { sessions, leader } = this.parts;
    const { sessionHi, sessionLo, password } = request;
    const known = sessions.get(sessionHi, sessionLo);
    if (known !== undefined && known.owner !== client) ownerOf(known)?.connection.closeNow();
    if (!passwordMatches(sessionHi, sessionLo, password, 0, password.length)) {
      this.refuseSession(client);
      return;
    }
    const key = keyOf(sessionHi, sessionLo);
    const waiting = this.revalidations.get(key);
    if (waiting === undefined) this.revalidations.set(key, [client]);
    else waiting.push(client);
    leader.revalidate(sessionHi, sessionLo, client.timeoutMs);
  }

  /** The leader's word on a session that was asked about. */
  revalidated(sessionHi: number, sessionLo: number, isValid: boolean, nowMs: number): void {
    this.nowMs = nowMs;
    const key = keyOf(sessionHi, sessionLo);
    const waiting = this.revalidations.get(key);
    const client = waiting?.shift();
    if (waiting?.length === 0) this.revalidations.delete(key);
    if (client === undefined || client.isClosed) return;
    if (!isValid) {
      this.refuseSession(client);
      return;
    }
    const session = this.adopt(client, sessionHi, sessionLo);
    // A client that looks whether its write went through must not be told no by a tree that has yet to see it.
    this.forwarded.forEachOf(session, (request) => {
      if (request.client === client) return;
      request.heir = client;
      client.writesIssued++;
    });
    this.establish(client, session);
    this.parts.onSession?.('reattached', session);
  }

  private adopt(client: Client, sessionHi: number, sessionLo: number): Session {
    const session = this.parts.sessions.keep(sessionHi, sessionLo, client.timeoutMs);
    session.owner = client;
    client.session = session;
    this.touched.add(client);
    return session;
  }

  /** A session is tracked here as long as it is connected here, or has something on its way. */
  override remove(client: Client): void {
    const { session } = client;
    super.remove(client);
    this.touched.delete(client);
    if (session === null) return;
    if (session.isLocal) this.forsake(session);
    else this.leaveIfIdle(session);
  }

  override expireSession(session: Session, nowMs: number): void {
    super.expireSession(session, nowMs);
    this.forsake(session);
  }

  /** What a local session had on its way when it ended: the transactions that come of it find no session here any more. */
  private forsake(session: Session): void {
    if (session.isLocal && !session.isAlive) this.forwarded.takeAll(session, this.forsaken);
  }

  /** A field, as is {@link passedOver}. */
  private readonly forsaken = (request: ForwardedRequest): void => this.ended(request);

  private leaveIfIdle(session: Session): void {
    if (session.owner === null && !this.forwarded.has(session)) this.leave(session);
  }

  private leave(session: Session): void {
    this.forwarded.forget(session);
    this.parts.sessions.remove(session);
  }

  protected override touch(client: Client, session: Session): boolean {
    if (!session.isAlive) return false;
    this.touched.add(client);
    return true;
  }

  /** Sessions heard of since this was last called, with the timeouts of their connections. */
  takeTouched(visit: (session: Session, timeoutMs: number) => void): void {
    for (const { session, timeoutMs } of this.touched) if (session !== null) visit(session, timeoutMs);
    this.touched.clear();
  }

  protected override endSession(client: Client, session: Session, xid: number): void {
    client.ignoresRequests = true;
    this.parts.sessions.setClosing(session);
    this.expect(session, client, xid, OpCode.closeSession);
    this.parts.leader.forward(session.idHi, session.idLo, xid, OpCode.closeSession, EMPTY, client.ids);
  }

  /** The leader's to decide. */
  protected override expire(): void {
    invariant(false, 'sessions that the leader knows of do not expire at a learner');
  }

  protected override upgrade(client: Client, session: Session): void {
    this.parts.sessions.handOver(session);
    this.touched.add(client);
    this.forwarded.add(session, null, 0, OpCode.createSession, this.nowMs);
    this.forwardCreation(session, client.timeoutMs);
  }

  // ---- requests

  protected override write(
    client: Client,
    session: Session,
    xid: number,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.expect(session, client, xid, type);
    const body = this.arena.copy(bytes, start + HEADER_BYTES, end);
    this.parts.leader.forward(session.idHi, session.idLo, xid, type, body, client.ids);
  }

  /** It counts as a write that is over when the leader has answered, and is answered as a read that waits for that. */
  protected override sync(client: Client, xid: number, bytes: Uint8Array, start: number, end: number): void {
    const { idHi, idLo } = client.session!;
    client.writesIssued++;
    this.syncs.push({ client, arrivalMs: this.nowMs });
    client.held.push(client.writesIssued, this.nowMs, bytes, start, end);
    this.parts.leader.sync(idHi, idLo, xid, bytes.slice(start + HEADER_BYTES, end), client.ids);
  }

  /** The leader has answered the oldest sync. */
  synced(nowMs: number): void {
    this.nowMs = nowMs;
    const sync = this.syncs.shift();
    if (sync !== undefined) this.writeEnded(sync.client, sync.arrivalMs);
  }

  private expect(session: Session, client: Client, xid: number, type: number): void {
    this.forwarded.add(session, client, xid, type, this.nowMs);
    client.writesIssued++;
  }

  /** A transaction is committed: applies it, fires watches, and answers if it was asked for here. */
  commit(txn: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs;
    const { sessions, tree } = this.parts;
    const session = sessions.get(readInt32(txn, 0), readInt32(txn, 4));
    const request = session === undefined ? null : this.forwarded.take(session, readInt32(txn, 8), this.passedOver);
    if (request === null) tree.apply(txn, 0, txn.length, null);
    else this.applyOwn(request, txn);
    if (session === undefined) return;
    if (tree.lastType === OpCode.closeSession) this.sessionClosed(session, request);
    if (request !== null) this.ended(request);
    if (!session.isLocal) this.leaveIfIdle(session);
  }

  /** Its client cannot be told what became of it, and loses its connection. A field, so that a commit makes no closure. */
  private readonly passedOver = (request: ForwardedRequest): void => {
    request.client?.connection.closeNow();
    this.ended(request);
  };

  private applyOwn(request: ForwardedRequest, txn: Uint8Array): void {
    const { client, session, type } = request;
    const { tree, onSession } = this.parts;
    const { replies } = this;
    const txnType = readInt32(txn, TXN_TYPE_OFFSET);
    const isMulti = txnType === OpCode.multi;
    if (isMulti) replies.multi.begin(txn);
    tree.apply(txn, 0, txn.length, isMulti ? replies.multi : replies.single);
    const isWaiting = client !== null && !client.isClosed;
    if (type === OpCode.createSession) {
      if (isWaiting) this.establish(client, session!);
      onSession?.('created', session!);
    } else if (type !== OpCode.closeSession && isWaiting) {
      this.answer(client, request, txnType === OpCode.error ? tree.lastError : ErrorCode.OK, txn);
    }
  }

  /** A client whose session is at another server by now loses this connection, without a reply, as in Apache ZooKeeper. */
  private answer(client: Client, { xid, type }: ForwardedRequest, code: number, txn: Uint8Array): void {
    if (code === ErrorCode.SESSIONMOVED) {
      client.ignoresRequests = true;
      client.connection.closeAfterFlush();
    } else if (type === OpCode.multi) this.replies.replyMulti(client, xid, code);
    else this.replies.replySingle(client, xid, type, code, txn);
  }

  /** By its client, here or elsewhere, or because it expired. */
  private sessionClosed(session: Session, request: ForwardedRequest | null): void {
    const owner = ownerOf(session);
    session.owner = null;
    this.leave(session);
    this.parts.onSession?.(request === null ? 'expired' : 'closed', session);
    const closer = request?.client ?? null;
    if (closer !== null && !closer.isClosed) {
      this.reads.refuse(closer, request!.xid, ErrorCode.OK);
      closer.connection.closeAfterFlush();
    } else if (owner !== null && !owner.isClosed) {
      owner.connection.closeNow();
    }
  }

  /** Whoever waited goes on. */
  private ended(request: ForwardedRequest): void {
    const { client, heir, arrivalMs } = request;
    if (client !== null) this.writeEnded(client, arrivalMs);
    if (heir !== null) {
      heir.writesDone++;
      this.answerHeld(heir);
    }
    this.forwarded.release(request);
  }

  protected override forgetWrites(): void {
    this.forwarded.clear();
    this.syncs.length = 0;
    this.revalidations.clear();
    this.touched = new Set();
  }
}

function keyOf(hi: number, lo: number): string {
  return `${hi}:${lo}`;
}
