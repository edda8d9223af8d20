import { ErrorCode } from '@zk/model';
import { type Session, passwordMatches } from '@zk/session';
import { ClientPipeline, type ClientPipelineOptions, type ClientPipelineParts } from './client-pipeline.js';
import type { Client } from './client.js';
import type { ConnectRequest } from './connect.js';

/**
 * The pipeline of a server that has no quorum and is allowed to say what it knows (spec: client protocol, section 15): it
 * takes clients that are content with that, and refuses every change. Its sessions are its own and end with it.
 */
export class ReadOnlyPipeline extends ClientPipeline {
  override acceptsWrites = false;
  protected override readonly isReadOnly = true;

  constructor(parts: ClientPipelineParts, options: ClientPipelineOptions) {
    super(parts, options);
  }

  override get inFlight(): number {
    return 0;
  }

  protected override admit(client: Client, request: ConnectRequest): void {
    if (!request.isReadOnlyOk) client.connection.closeNow();
    else if (request.sessionHi !== 0 || request.sessionLo !== 0) this.reattach(client, request);
    else this.createSession(client);
  }

  protected override createSession(client: Client): void {
    const { sessions, onSession } = this.parts;
    const { idHi, idLo } = sessions.allocate();
    const session = sessions.track(idHi, idLo, client.timeoutMs, this.nowMs);
    this.attach(client, session);
    onSession?.('created', session);
  }

  /** Sessions of the ensemble cannot be looked after here: without a word, so that the client keeps looking for others. */
  protected override reattach(client: Client, { sessionHi, sessionLo, password }: ConnectRequest): void {
    const { sessions, onSession } = this.parts;
    const session = sessions.get(sessionHi, sessionLo);
    const isKnown =
      session !== undefined &&
      passwordMatches(sessionHi, sessionLo, password, 0, password.length) &&
      sessions.touch(session, client.timeoutMs, this.nowMs);
    if (!isKnown) {
      client.connection.closeNow();
      return;
    }
    const previous = session.owner as Client | null;
    if (previous !== client) previous?.connection.closeNow();
    this.attach(client, session);
    onSession?.('reattached', session);
  }

  private attach(client: Client, session: Session): void {
    session.owner = client;
    client.session = session;
    this.establish(client, session);
  }

  protected override touch(client: Client, session: Session): boolean {
    return this.parts.sessions.touch(session, client.timeoutMs, this.nowMs);
  }

  protected override write(client: Client, _session: Session, xid: number): void {
    this.reads.refuse(client, xid, ErrorCode.NOTREADONLY);
  }

  protected override sync(client: Client, xid: number): void {
    this.reads.refuse(client, xid, ErrorCode.NOTREADONLY);
  }

  protected override endSession(client: Client, session: Session, xid: number): void {
    client.ignoresRequests = true;
    this.forget(session, 'closed');
    this.reads.refuse(client, xid, ErrorCode.OK);
    client.connection.closeAfterFlush();
  }

  override expireSession(session: Session, nowMs: number): void {
    this.nowMs = nowMs;
    const owner = session.owner as Client | null;
    this.forget(session, 'expired');
    owner?.connection.closeNow();
  }

  private forget(session: Session, kind: 'closed' | 'expired'): void {
    session.owner = null;
    this.parts.sessions.remove(session);
    this.parts.onSession?.(kind, session);
  }

  protected override forgetWrites(): void {
    // There are none.
  }
}
