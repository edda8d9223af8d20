import type { AuthProviders, Clock } from '@zk/contracts';
import type { DataTree, WatchTable } from '@zk/data-tree';
import { readInt32, utf8Bytes, writeInt32 } from '@zk/jute';
import { ErrorCode, OpCode, Perms, compare64, invariant } from '@zk/model';
import { type Session, type SessionTracker, negotiateTimeout, passwordMatches } from '@zk/session';
import { Authentication } from './authentication.js';
import type { Client } from './client.js';
import { type ConnectRequest, readConnectRequest, writeConnectResponse } from './connect.js';
import { writeEvent } from './events.js';
import { FrameReader } from './frame-reader.js';
import { OpKind, opKind } from './op-kinds.js';
import type { Pending } from './pending.js';
import { Preparer, type PreparerOptions, UNDECODABLE } from './preparer.js';
import { Reads, THROTTLED } from './reads.js';
import { WriteReplies } from './replies.js';
import { LatencyStats } from './stats.js';
import { type Proposer, Transactions } from './transactions.js';
import { TxnArena } from './txn-arena.js';
import { TxnWriter } from './txn-writer.js';
import { validateMulti, validateOperation } from './validate-multi.js';
import { writeCloseSession, writeCreateSession } from './validate-session.js';

/** Zxids between two digests that `hash` shows, as in Apache ZooKeeper; a power of two. */
export const DIGEST_INTERVAL = 128;

export interface PipelineOptions extends PreparerOptions {
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Whether closeSession lists the ephemerals it removes (Apache's default). */
  readonly closeSessionTxnEnabled: boolean;
  /** What `reconfig` is told: that it is switched off, or that there is no ensemble. */
  readonly reconfigEnabled: boolean;
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
  /** False while the log cannot take writes: they are refused. */
  acceptsWrites = true;

  private readonly preparer: Preparer;
  private readonly transactions: Transactions;
  private readonly authentication: Authentication;
  private readonly reads: Reads;
  private readonly replies: WriteReplies;
  private readonly reader = new FrameReader();
  private readonly throttled = new Uint8Array(8);
  private readonly clients: (Client | undefined)[] = [];
  private nowMs = 0;

  constructor(
    private readonly parts: PipelineParts,
    private readonly options: PipelineOptions,
  ) {
    const { tree, watches, providers, clock, proposer } = parts;
    const arena = new TxnArena();
    const writer = new TxnWriter(arena);
    this.preparer = new Preparer(tree, writer, providers, clock, options);
    this.transactions = new Transactions(tree, this.preparer, writer, arena, proposer, clock, options);
    this.authentication = new Authentication(providers, this.reader, options.requiredSchemes);
    this.reads = new Reads(tree, watches, this.preparer.guard, providers, this.reader);
    this.replies = new WriteReplies(tree);
  }

  /** Transactions proposed and not applied yet. */
  get inFlight(): number {
    return this.transactions.inFlight;
  }

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
    if (!this.authentication.suffices(client, xid)) return false;
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
    this.transactions.begin(session.idHi, session.idLo, xid, client.ids, this.nowMs);
    let code: number;
    if (type === OpCode.multi) code = validateMulti(this.preparer);
    else if (type === OpCode.reconfig) code = this.reconfigCode();
    else code = validateOperation(this.preparer, type);
    if (code === UNDECODABLE) {
      // No transaction, but its turn among this client's replies: a write on the path of reads is answered so.
      this.read(client, bytes, start, end);
      return;
    }
    this.transactions.finish(client, null, type, code, this.nowMs);
  }

  /** A standalone server has no members to change. */
  private reconfigCode(): number {
    const { reader } = this.preparer;
    for (let i = 0; i < 3; i++) reader.range();
    reader.int32();
    reader.int32();
    if (reader.failed) return UNDECODABLE;
    return this.options.reconfigEnabled ? ErrorCode.UNIMPLEMENTED : ErrorCode.RECONFIGDISABLED;
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
    this.transactions.begin(session.idHi, session.idLo, xid, client === null ? [] : client.ids, this.nowMs);
    if (type === OpCode.createSession) writeCreateSession(this.preparer, session.timeoutMs);
    else writeCloseSession(this.preparer, this.options.closeSessionTxnEnabled);
    this.transactions.finish(client, session, type, ErrorCode.OK, this.nowMs);
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
