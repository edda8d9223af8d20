import type { AuthProviders } from '@zk/contracts';
import { RecordReader, readInt32 } from '@zk/jute';
import { ErrorCode, type Id, hexOf } from '@zk/model';
import type { Client, Outbox } from '@zk/request-pipeline';
import type { ClientConnection } from '../client-connection.js';
import { ConnectionDesk } from '../connection-desk.js';
import type { AuditLog, AuditResult } from './audit-log.js';
import { type AuditedChange, type AuditedRequest, auditedRequest } from './audited-request.js';

/** A change that a client has asked for, and whose reply has not left yet. */
interface Asked {
  readonly xid: number;
  readonly request: AuditedRequest;
  readonly session: string;
  readonly user: string;
}

const REPLY_HEADER_BYTES = 16;

/** A desk, with an audit log if there is somebody to keep it. */
export function createDesk(
  audit: AuditLog | undefined,
  ...parts: ConstructorParameters<typeof ConnectionDesk>
): ConnectionDesk {
  return audit === undefined ? new ConnectionDesk(...parts) : new AuditedDesk(audit, ...parts);
}

/**
 * A desk that keeps an audit log: it reads what clients ask and what they are told. A change is told by the server that
 * its client is connected to, when the reply leaves; the log and the pipelines know nothing of it.
 */
class AuditedDesk extends ConnectionDesk {
  /** The changes on their way of each connection, in the order of their replies. */
  private readonly asked = new Map<ClientConnection, Asked[]>();
  private readonly providers: AuthProviders;

  constructor(
    private readonly audit: AuditLog,
    ...parts: ConstructorParameters<typeof ConnectionDesk>
  ) {
    super(...parts);
    this.providers = parts[1].providers;
  }

  override submit(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    if (end - start >= 8) this.note(connection, bytes, start, end);
    super.submit(connection, bytes, start, end);
  }

  private note(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    const { client } = connection;
    const request = auditedRequest(readInt32(bytes, start + 4), bytes, start + 8, end);
    if (request === undefined || client.ignoresRequests) return;
    const noted = {
      xid: readInt32(bytes, start),
      request,
      session: sessionText(client),
      user: this.userText(client.ids),
    };
    const earlier = this.asked.get(connection);
    if (earlier === undefined) this.asked.set(connection, [noted]);
    else earlier.push(noted);
  }

  override sending(outbox: Outbox): void {
    super.sending(outbox);
    const connection = outbox.owner as ClientConnection;
    const asked = this.asked.get(connection);
    if (asked !== undefined) this.matchReplies(connection, asked, outbox);
  }

  /** Only whole frames are sent. */
  private matchReplies(connection: ClientConnection, asked: Asked[], { bytes, length }: Outbox): void {
    for (let at = 0; at + 4 < length; at += 4 + readInt32(bytes, at)) {
      const start = at + 4;
      const end = start + readInt32(bytes, at);
      const [first] = asked;
      if (first === undefined) break;
      if (end - start < REPLY_HEADER_BYTES || readInt32(bytes, start) !== first.xid) continue;
      asked.shift();
      const isRefused = readInt32(bytes, start + 12) !== ErrorCode.OK;
      const reply = new RecordReader(bytes, start + REPLY_HEADER_BYTES, end);
      const changes = isRefused ? undefined : first.request.done(reply);
      if (changes === undefined) this.tell(connection, first, first.request.asked, 'failure');
      else for (const change of changes) this.tell(connection, first, change, 'success');
    }
    if (asked.length === 0) this.asked.delete(connection);
  }

  /** What its client was not told may have happened all the same, or happen yet. */
  override closed(connection: ClientConnection, error?: Error): void {
    super.closed(connection, error);
    for (const asked of this.asked.get(connection) ?? []) {
      this.tell(connection, asked, asked.request.asked, 'invoked');
    }
    this.asked.delete(connection);
  }

  private tell(
    { peer }: ClientConnection,
    { session, user }: Asked,
    { operation, ...change }: AuditedChange,
    result: AuditResult,
  ): void {
    this.audit.record({ session, user, ip: peer.remoteAddress, operation, ...change, result });
  }

  private userText(ids: readonly Id[]): string {
    return ids.map(({ scheme, id }) => this.providers.get(scheme)?.userName(id) ?? id).join(',');
  }
}

function sessionText({ session }: Client): string {
  return `0x${session === null ? '0' : hexOf(session.idHi, session.idLo)}`;
}
