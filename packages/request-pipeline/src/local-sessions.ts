import { type Session, type SessionTracker, passwordMatches } from '@zk/session';
import { type Client, ownerOf } from './client.js';
import type { SessionChange } from './client-pipeline-parts.js';

/** What local sessions ask of their pipeline. */
export interface LocalSessionHost {
  establish(client: Client, session: Session): void;
  refuseSession(client: Client): void;
  /** Answers a request with nothing but OK. */
  reply(client: Client, xid: number): void;
}

export interface LocalSessionParts {
  readonly sessions: SessionTracker;
  readonly onSession?: (kind: SessionChange, session: Session) => void;
}

/**
 * Sessions that only the server knows to which they are connected: they begin, expire and end without a transaction, and
 * cannot go elsewhere (spec: server semantics, section 10.6).
 */
export class LocalSessions {
  /** Clients that end their sessions when their writes are over, with the xid of that request. */
  private readonly closing = new Map<Client, number>();

  constructor(
    private readonly parts: LocalSessionParts,
    private readonly host: LocalSessionHost,
  ) {}

  create(client: Client, nowMs: number): void {
    const { sessions } = this.parts;
    const { idHi, idLo } = sessions.allocate();
    const session = sessions.track(idHi, idLo, client.timeoutMs, nowMs);
    session.isLocal = true;
    this.attach(client, session, 'created');
  }

  reattach(client: Client, session: Session, password: Uint8Array, nowMs: number): void {
    if (session.owner !== client) ownerOf(session)?.connection.closeNow();
    const isValid =
      passwordMatches(session.idHi, session.idLo, password, 0, password.length) && this.touch(client, session, nowMs);
    if (isValid) this.attach(client, session, 'reattached');
    else this.host.refuseSession(client);
  }

  private attach(client: Client, session: Session, kind: SessionChange): void {
    session.owner = client;
    client.session = session;
    this.host.establish(client, session);
    this.parts.onSession?.(kind, session);
  }

  /** @returns false when it has ended */
  touch(client: Client, session: Session, nowMs: number): boolean {
    return this.parts.sessions.touch(session, client.timeoutMs, nowMs);
  }

  /** At its client's request, which is answered after everything before it. */
  close(client: Client, session: Session, xid: number): void {
    client.ignoresRequests = true;
    if (client.writesIssued !== client.writesDone) {
      this.closing.set(client, xid);
      return;
    }
    this.end(session, 'closed');
    this.host.reply(client, xid);
    client.connection.closeAfterFlush();
  }

  /** A write of the client is over. */
  writeEnded(client: Client): void {
    if (this.closing.size === 0) return;
    const xid = this.closing.get(client);
    if (xid === undefined || client.writesIssued !== client.writesDone) return;
    this.closing.delete(client);
    // It may have expired meanwhile.
    if (!client.isClosed && client.session!.isAlive) this.close(client, client.session!, xid);
  }

  expire(session: Session): void {
    const owner = ownerOf(session);
    this.end(session, 'expired');
    owner?.connection.closeNow();
  }

  private end(session: Session, kind: SessionChange): void {
    session.owner = null;
    this.parts.sessions.remove(session);
    this.parts.onSession?.(kind, session);
  }
}
