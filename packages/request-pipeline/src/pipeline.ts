import type { AuthProviders, Clock } from '@zk/contracts';
import type { DataTree, WatchTable } from '@zk/data-tree';
import { readInt32, utf8Bytes, utf8Text, writeInt32 } from '@zk/jute';
import { ErrorCode, type Id, OpCode, Perms, compare64, invariant } from '@zk/model';
import { type Session, type SessionTracker, negotiateTimeout, passwordMatches } from '@zk/session';
import type { Client } from './client.js';
import { type ConnectRequest, readConnectRequest, writeConnectResponse } from './connect.js';
import { writeEvent } from './events.js';
import { FrameReader } from './frame-reader.js';
import { OpKind, opKind } from './op-kinds.js';
import { type Pending, PendingQueue } from './pending.js';
import { Preparer, type PreparerOptions, UNDECODABLE } from './preparer.js';
import { Reads, THROTTLED } from './reads.js';
import { WriteReplies } from './replies.js';
import { LatencyStats } from './stats.js';
import { TxnArena } from './txn-arena.js';
import { TxnWriter } from './txn-writer.js';
import { validateMulti, validateOperation } from './validate-multi.js';
import { writeCloseSession, writeCreateSession } from './validate-session.js';

/** Zxids between two digests that `hash` shows, as in Apache ZooKeeper; a power of two. */
export const DIGEST_INTERVAL = 128;

/** Who makes transactions durable and tells when: the log of a standalone server, or the leader of an ensemble. */
export interface Proposer {
  /** Takes a copy of the bytes. {@link RequestPipeline.commit} follows, in order. */
  propose(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void;
}

export interface PipelineOptions extends PreparerOptions {
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Whether closeSession lists the ephemerals it removes (Apache's default). */
  readonly closeSessionTxnEnabled: boolean;
  /** Schemes of which a client must have proved one before anything but authentication; empty: none is needed. */
  readonly requiredSchemes: readonly string[];
}

export interface PipelineParts {
  readonly tree: DataTree;
  readonly watches: WatchTable;
  readonly sessions: SessionTracker;
  readonly providers: AuthProviders;
  readonly proposer: Proposer;
  readonly clock: Clock;
  /** Told when a session begins, comes back on another connection, or has ended: by its client, or because it expired. */
  readonly onSession?: (kind: 'created' | 'reattached' | 'closed' | 'expired', session: Session) => void;
  /** A transaction whose zxid is a multiple of {@link DIGEST_INTERVAL} was applied: time to remember the digest. */
  readonly onDigest?: (zxidHi: number, zxidLo: number) => void;
}

/**
 * Request in, reply out. Reads are answered at once from the tree; writes are validated against the tree and the
 * changes still on their way, become transactions, are proposed, and are applied and answered when they are committed.
 * A read waits only for earlier writes of its own session.
 *
 * Single-threaded and without I/O: frames come in through {@link submit}, commitments through {@link commit}, and
 * everything that goes out is written to the clients' outboxes.
 */
export class RequestPipeline {
  readonly latency = new LatencyStats();
  /** Writes alone. */
  readonly updateLatency = new LatencyStats();
  /** Bytes of watched events. */
  watchBytes = 0;
  /** Replies of error AUTHFAILED so far. */
  authFailures = 0;
  /** False while the log cannot take writes: they are refused. */
  acceptsWrites = true;

  private readonly arena = new TxnArena();
  private readonly writer = new TxnWriter(this.arena);
  private readonly preparer: Preparer;
  private readonly reads: Reads;
  private readonly replies: WriteReplies;
  private readonly reader = new FrameReader();
  private readonly throttled = new Uint8Array(8);
  private readonly pending = new PendingQueue();
  private readonly clients: (Client | undefined)[] = [];
  private nextHi: number;
  private nextLo: number;
  private nowMs = 0;
  private wallReadAtMs = NaN;
  private turnWallMs = 0;

  constructor(
    private readonly parts: PipelineParts,
    private readonly options: PipelineOptions,
  ) {
    const { tree, watches, providers, clock } = parts;
    this.preparer = new Preparer(tree, this.writer, providers, clock, options);
    this.reads = new Reads(tree, watches, this.preparer.guard, providers, this.reader);
    this.replies = new WriteReplies(tree);
    this.nextHi = tree.lastZxidHi;
    this.nextLo = tree.lastZxidLo;
    this.preparer.setDigest(tree.digest.hi, tree.digest.lo);
  }

  /** Transactions proposed and not applied yet. */
  get inFlight(): number {
    return this.pending.length;
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
    if (!this.preparer.guard.allows(aclKey, Perms.read, client.ids)) return;
    writeEvent(client.outbox, eventType, path, start, end, zxidHi, zxidLo);
    this.watchBytes += client.outbox.lastFrameBytes;
  }

  /**
   * The first frame of a connection (spec: client protocol, section 3.3). Afterwards the client has a session, or is
   * being closed. While a new session is being created nothing more may be submitted for the client; `established`
   * tells when that is over.
   */
  connect(client: Client, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.reader.reset(bytes, start, end);
    const request = readConnectRequest(this.reader);
    const { tree, sessions } = this.parts;
    if (
      request === undefined ||
      compare64(request.lastZxidHi, request.lastZxidLo, tree.lastZxidHi, tree.lastZxidLo) > 0
    ) {
      client.connection.closeNow();
      return;
    }
    client.expectsReadOnlyByte = request.hasReadOnlyByte;
    client.timeoutMs = negotiateTimeout(
      request.timeoutMs,
      this.options.minSessionTimeoutMs,
      this.options.maxSessionTimeoutMs,
    );
    if (request.sessionHi !== 0 || request.sessionLo !== 0) {
      this.reattach(client, request);
      return;
    }
    if (!this.acceptsWrites) {
      client.connection.closeNow();
      return;
    }
    const { idHi, idLo } = sessions.allocate();
    const session = sessions.track(idHi, idLo, client.timeoutMs, nowMs);
    session.owner = client;
    client.session = session;
    client.lastOp = OpCode.createSession;
    client.lastXid = 0;
    this.proposeSession(OpCode.createSession, session, client, 0);
  }

  /** The previous connection of the session is closed even before the password is looked at, as in Apache. */
  private reattach(client: Client, request: ConnectRequest): void {
    const { sessions } = this.parts;
    const { sessionHi, sessionLo, password } = request;
    const session = sessions.get(sessionHi, sessionLo);
    const previous = session?.owner as Client | null | undefined;
    if (previous && previous !== client) previous.connection.closeNow();
    const isValid =
      session !== undefined &&
      passwordMatches(sessionHi, sessionLo, password, 0, password.length) &&
      sessions.reattach(session, client, client.timeoutMs, this.nowMs);
    if (!isValid) {
      client.ignoresRequests = true;
      writeConnectResponse(client.outbox, 0, 0, 0, client.expectsReadOnlyByte);
      client.connection.closeAfterFlush();
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
    this.pending.forEach((slot) => {
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

  private establish(client: Client, session: Session): void {
    writeConnectResponse(client.outbox, client.timeoutMs, session.idHi, session.idLo, client.expectsReadOnlyByte);
    client.connection.established();
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
      this.authenticate(client, xid, kind, bytes, start + 8, end);
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
      this.write(client, session, xid, type, bytes, start, end);
    } else if (kind === OpKind.closeSession) {
      this.closeSession(session, client, xid);
    } else {
      client.outbox.beginReply(xid, -1, -1, ErrorCode.UNIMPLEMENTED, 0);
      client.ignoresRequests = true;
      client.connection.closeAfterFlush();
    }
  }

  /** A session that is gone gets no reply at all; one that moved loses this connection. */
  private mayProceed(client: Client, session: Session, xid: number): boolean {
    const { requiredSchemes } = this.options;
    if (requiredSchemes.length > 0 && !client.ids.some(({ scheme }) => requiredSchemes.includes(scheme))) {
      client.outbox.beginReply(xid, 0, 0, ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH, 0);
      client.ignoresRequests = true;
      client.connection.closeAfterFlush();
      return false;
    }
    if (!this.parts.sessions.touch(session, client.timeoutMs, this.nowMs)) return false;
    if (session.owner === client) return true;
    client.connection.closeNow();
    return false;
  }

  private read(client: Client, bytes: Uint8Array, start: number, end: number): void {
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

  /** Refuses a request that waited too long before it came here; in its turn, as clients expect of every reply. */
  refuseThrottled(client: Client, xid: number, nowMs: number): void {
    if (client.ignoresRequests || client.isClosed) return;
    this.nowMs = nowMs;
    writeInt32(this.throttled, 0, xid);
    writeInt32(this.throttled, 4, THROTTLED);
    this.read(client, this.throttled, 0, this.throttled.length);
  }

  private answerRead(client: Client, bytes: Uint8Array, start: number, end: number): void {
    this.reader.reset(bytes, start + 8, end);
    this.reads.answer(client, readInt32(bytes, start), readInt32(bytes, start + 4));
  }

  private write(
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
    this.begin(session.idHi, session.idLo, xid, client.ids);
    const changesBefore = this.preparer.overlay.changes;
    let code: number;
    if (type === OpCode.multi) code = validateMulti(this.preparer);
    else if (type === OpCode.reconfig) code = ErrorCode.RECONFIGDISABLED;
    else code = validateOperation(this.preparer, type);
    if (code === UNDECODABLE) {
      // No transaction, but its turn among this client's replies: a write on the path of reads is answered so.
      this.read(client, bytes, start, end);
      return;
    }
    this.finish(client, null, type, code, changesBefore);
  }

  /** Ends a session at its client's request, or (without a client) because it expired. */
  closeSession(session: Session, client: Client | null, xid: number): void {
    if (client !== null) {
      if (!this.acceptsWrites) {
        this.reads.refuse(client, xid, ErrorCode.SYSTEMERROR);
        return;
      }
      client.ignoresRequests = true;
    } else if (!this.acceptsWrites) {
      this.parts.sessions.undoClosing(session, session.timeoutMs, this.nowMs);
      return;
    }
    if (!session.isClosing) this.parts.sessions.setClosing(session);
    this.proposeSession(OpCode.closeSession, session, client, xid);
  }

  private proposeSession(type: number, session: Session, client: Client | null, xid: number): void {
    this.begin(session.idHi, session.idLo, xid, client === null ? [] : client.ids);
    const changesBefore = this.preparer.overlay.changes;
    if (type === OpCode.createSession) writeCreateSession(this.preparer, session.timeoutMs);
    else writeCloseSession(this.preparer, this.options.closeSessionTxnEnabled);
    this.finish(client, session, type, ErrorCode.OK, changesBefore);
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
    this.begin(0, 0, 0, []);
    const changesBefore = this.preparer.overlay.changes;
    const code = validateOperation(this.preparer, OpCode.deleteContainer);
    this.finish(null, null, OpCode.deleteContainer, code, changesBefore);
  }

  /** The wall clock, read once per turn. */
  private wallMs(): number {
    if (this.wallReadAtMs !== this.nowMs) {
      this.wallReadAtMs = this.nowMs;
      this.turnWallMs = this.parts.clock.wallMs();
    }
    return this.turnWallMs;
  }

  /** Fills the context with the next zxid, which is used up only by {@link finish}. */
  private begin(sessionHi: number, sessionLo: number, cxid: number, ids: readonly Id[]): void {
    const { context } = this.preparer;
    context.sessionHi = sessionHi;
    context.sessionLo = sessionLo;
    context.cxid = cxid;
    context.ids = ids;
    context.wallMs = this.wallMs();
    context.zxidLo = (this.nextLo + 1) | 0;
    context.zxidHi = context.zxidLo === 0 ? (this.nextHi + 1) | 0 : this.nextHi;
    this.preparer.hasCrc = false;
    this.writer.begin();
  }

  /** Completes the transaction being written, queues whoever waits for it, and proposes it. */
  private finish(
    client: Client | null,
    session: Session | null,
    type: number,
    code: number,
    changesBefore: number,
  ): void {
    const { context, digest, overlay } = this.preparer;
    const { writer } = this;
    if (code !== ErrorCode.OK) writer.error(code);
    // A session with so many ephemerals that their list could not be read back: every server deletes what it knows. The
    // digest goes with the list, since without one it would be taken for the other.
    else if (writer.length > this.options.maxTxnBytes) writer.empty();
    else if (this.options.digestEnabled) writer.digest(digest.hi, digest.lo);
    const txnType = code === ErrorCode.OK ? type : OpCode.error;
    const { zxidHi, zxidLo } = context;
    writer.header(context.sessionHi, context.sessionLo, context.cxid, zxidHi, zxidLo, context.wallMs, txnType);
    const slot = this.pending.push();
    slot.zxidHi = this.nextHi = zxidHi;
    slot.zxidLo = this.nextLo = zxidLo;
    slot.client = client;
    slot.session = session;
    slot.heir = null;
    slot.xid = context.cxid;
    slot.type = type;
    slot.code = code;
    slot.start = writer.start;
    slot.end = writer.at;
    slot.chunk = writer.commit();
    slot.changes = overlay.changes - changesBefore;
    slot.arrivalMs = this.nowMs;
    slot.hasCrc = this.preparer.hasCrc && code === ErrorCode.OK && type !== OpCode.multi;
    slot.crc = this.preparer.crc;
    if (client !== null) client.writesIssued++;
    this.parts.proposer.propose(zxidHi, zxidLo, slot.chunk.bytes, slot.start, slot.end);
  }

  /** Everything up to this zxid is committed: applies it, fires watches, replies, and releases the reads behind it. */
  commit(zxidHi: number, zxidLo: number, nowMs: number): void {
    this.nowMs = nowMs;
    const { pending } = this;
    while (pending.length > 0) {
      const slot = pending.peek();
      if (compare64(slot.zxidHi, slot.zxidLo, zxidHi, zxidLo) > 0) return;
      pending.shift();
      this.apply(slot);
    }
  }

  private apply(slot: Pending): void {
    const { tree } = this.parts;
    const { client, type, code } = slot;
    const chunk = slot.chunk!;
    this.preparer.overlay.release(slot.changes);
    if (slot.hasCrc) tree.supplyCrc(slot.crc);
    if (type === OpCode.multi && code === ErrorCode.OK) {
      this.replies.multi.begin(chunk.bytes);
      tree.apply(chunk.bytes, slot.start, slot.end, this.replies.multi);
    } else {
      tree.apply(chunk.bytes, slot.start, slot.end, this.replies.single);
    }
    if (slot.session !== null) this.sessionChanged(slot, slot.session);
    if (client !== null) {
      if (!client.isClosed && slot.session === null) this.reply(client, slot, chunk.bytes);
      this.writeEnded(client, slot.arrivalMs);
    }
    if (slot.heir !== null) this.heirWriteEnded(slot);
    if ((slot.zxidLo & (DIGEST_INTERVAL - 1)) === 0) this.parts.onDigest?.(slot.zxidHi, slot.zxidLo);
    this.arena.release(chunk);
    slot.chunk = null;
    slot.client = null;
    slot.session = null;
  }

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
    const owner = session.owner as Client | null;
    this.parts.sessions.remove(session);
    this.parts.onSession?.(client === null ? 'expired' : 'closed', session);
    if (client !== null && !client.isClosed) {
      this.reads.refuse(client, slot.xid, ErrorCode.OK);
      client.connection.closeAfterFlush();
    } else if (owner !== null && !owner.isClosed) {
      owner.connection.closeNow();
    }
  }

  /** Counts a finished write of the client and answers the reads that waited for it. */
  private writeEnded(client: Client, arrivalMs: number): void {
    client.writesDone++;
    this.latency.record(this.nowMs - arrivalMs);
    this.updateLatency.record(this.nowMs - arrivalMs);
    client.recordLatency(this.nowMs - arrivalMs, this.nowMs);
    this.noteZxid(client);
    this.answerHeld(client);
  }

  /** Answers the reads that waited for writes that are finished now. */
  private answerHeld(client: Client): void {
    if (client.held.isEmpty) return;
    if (client.isClosed) {
      client.held.clear();
      return;
    }
    while (client.held.isReady(client.writesDone)) {
      client.held.shift((bytes, start, end, heldSinceMs) => {
        this.answerRead(client, bytes, start, end);
        this.latency.record(this.nowMs - heldSinceMs);
        client.recordLatency(this.nowMs - heldSinceMs, this.nowMs);
      });
    }
  }

  /**
   * The log lost everything that is not committed: each waiting write is refused with SYSTEMERROR, and what had been
   * validated is forgotten. Nothing of it was acknowledged, nothing of it will come back.
   */
  abandon(nowMs: number): void {
    this.nowMs = nowMs;
    this.acceptsWrites = false;
    const { tree, sessions } = this.parts;
    this.preparer.overlay.clear();
    this.preparer.setDigest(tree.digest.hi, tree.digest.lo);
    this.nextHi = tree.lastZxidHi;
    this.nextLo = tree.lastZxidLo;
    while (this.pending.length > 0) {
      const slot = this.pending.peek();
      this.pending.shift();
      const { client, session } = slot;
      this.arena.release(slot.chunk!);
      if (slot.type === OpCode.createSession && session !== null) {
        sessions.remove(session);
        client?.connection.closeNow();
      } else {
        if (session !== null) sessions.undoClosing(session, session.timeoutMs, nowMs);
        if (client !== null && !client.isClosed) {
          client.ignoresRequests = false;
          this.reads.refuse(client, slot.xid, ErrorCode.SYSTEMERROR);
        }
      }
      if (client !== null) this.writeEnded(client, slot.arrivalMs);
      if (slot.heir !== null) this.heirWriteEnded(slot);
      slot.chunk = null;
      slot.client = null;
      slot.session = null;
    }
  }

  /** Authentication is processed when it is read, even while writes are on their way, and does not touch the session. */
  private authenticate(client: Client, xid: number, kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (kind === OpKind.sasl) {
      const at = client.outbox.beginReply(xid, 0, 0, ErrorCode.AUTHFAILED, 4);
      client.outbox.bytes.fill(0xff, at, at + 4);
      this.failAuthentication(client);
      return;
    }
    const ids = this.proveIds(client, bytes, start, end);
    if (ids === undefined) {
      client.outbox.beginReply(xid, 0, 0, ErrorCode.AUTHFAILED, 0);
      this.failAuthentication(client);
      return;
    }
    const fresh = ids.filter((id) => !client.ids.some((known) => known.scheme === id.scheme && known.id === id.id));
    if (fresh.length > 0) client.ids = [...client.ids, ...fresh];
    client.outbox.beginReply(xid, 0, 0, ErrorCode.OK, 0);
  }

  private proveIds(client: Client, bytes: Uint8Array, start: number, end: number): readonly Id[] | undefined {
    const { reader } = this;
    reader.reset(bytes, start, end);
    reader.int32();
    reader.range();
    const scheme = reader.isNull ? '' : utf8Text(bytes, reader.start, reader.end);
    reader.range();
    if (reader.failed) return undefined;
    const auth = reader.isNull ? null : bytes.slice(reader.start, reader.end);
    try {
      return this.parts.providers.get(scheme)?.authenticate(client.connection.peer, auth);
    } catch {
      return undefined;
    }
  }

  private failAuthentication(client: Client): void {
    this.authFailures++;
    client.ignoresRequests = true;
    client.connection.closeAfterFlush();
  }
}
