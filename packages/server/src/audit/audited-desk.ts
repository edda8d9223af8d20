import type { AuthProviders } from '@zk/contracts';
import { readInt32 } from '@zk/jute';
import { ErrorCode, type Id, OpCode, Xid, hexOf } from '@zk/model';
import type { Client, Outbox } from '@zk/request-pipeline';
import type { ClientConnection } from '../client-connection.js';
import { ConnectionDesk } from '../connection-desk.js';
import type { AuditLog, AuditResult } from './audit-log.js';
import { type AuditedChange, type AuditedRequest, auditedRequest, wholeReader } from './audited-request.js';

/** A change that a client has asked for, and whose reply has not left yet. */
interface Asked {
  readonly xid: number;
  readonly request: AuditedRequest;
  readonly session: string;
  readonly user: string;
}

/** What the next reply is to: a change that is audited or, of anything else, its xid. */
type Expected = Asked | number;

const REPLY_HEADER_BYTES = 16;
/** What a ConnectResponse begins with, where replies have their xid. */
const PROTOCOL_VERSION = 0;

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
  /**
   * The replies on their way to each connection, in their order. Clients choose the xids, and may give two requests the same:
   * a change must not be told by the reply to something else.
   */
  private readonly expected = new Map<ClientConnection, Expected[]>();
  /** Where replies begin in an outbox that came before their turn: those to proofs of identity. */
  private readonly overtaking = new Map<ClientConnection, Set<number>>();
  private readonly providers: AuthProviders;

  constructor(
    private readonly audit: AuditLog,
    ...parts: ConstructorParameters<typeof ConnectionDesk>
  ) {
    super(...parts);
    this.providers = parts[1].providers;
  }

  override connect(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    this.expect(connection, PROTOCOL_VERSION);
    super.connect(connection, bytes, start, end);
  }

  override submit(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    const type = end - start < 8 ? undefined : readInt32(bytes, start + 4);
    const isProof = type === OpCode.auth || type === OpCode.sasl;
    if (type !== undefined && !isProof) this.note(connection, type, bytes, start, end);
    const { outbox } = connection.client;
    const replyAt = outbox.length;
    super.submit(connection, bytes, start, end);
    if (isProof && outbox.length > replyAt) this.overtakes(connection, replyAt);
  }

  override throttle(
    connection: ClientConnection,
    bytes: Uint8Array,
    start: number,
    waitedMs: number,
  ): 'pass' | 'wait' | 'refused' {
    const verdict = super.throttle(connection, bytes, start, waitedMs);
    if (verdict === 'refused') this.expect(connection, readInt32(bytes, start));
    return verdict;
  }

  private note(connection: ClientConnection, type: number, bytes: Uint8Array, start: number, end: number): void {
    const { client } = connection;
    if (client.ignoresRequests) return;
    const xid = type === OpCode.ping ? Xid.ping : readInt32(bytes, start);
    const request = auditedRequest(type, bytes, start + 8, end);
    if (request === undefined) {
      // Nobody answers in the name of a session that is gone.
      if (client.session?.isAlive === true) this.expect(connection, xid);
      return;
    }
    const asked = { xid, request, session: sessionText(client), user: this.userText(client.ids) };
    // Its reply will look like an event.
    if (xid === Xid.notification) this.tell(connection, asked, request.asked, 'invoked');
    else this.expect(connection, asked);
  }

  private expect(connection: ClientConnection, next: Expected): void {
    if (next === Xid.notification) return;
    const earlier = this.expected.get(connection);
    if (earlier === undefined) this.expected.set(connection, [next]);
    else earlier.push(next);
  }

  private overtakes(connection: ClientConnection, at: number): void {
    const earlier = this.overtaking.get(connection);
    if (earlier === undefined) this.overtaking.set(connection, new Set([at]));
    else earlier.add(at);
  }

  override sending(outbox: Outbox): void {
    super.sending(outbox);
    const connection = outbox.owner as ClientConnection;
    const expected = this.expected.get(connection);
    if (expected !== undefined) this.matchReplies(connection, expected, outbox);
    this.overtaking.delete(connection);
  }

  /** Only whole frames are sent. */
  private matchReplies(connection: ClientConnection, expected: Expected[], { bytes, length }: Outbox): void {
    const overtaking = this.overtaking.get(connection);
    let next = 0;
    for (let at = 0; at + 4 < length && next < expected.length; at += 4 + readInt32(bytes, at)) {
      const start = at + 4;
      const end = start + readInt32(bytes, at);
      const first = expected[next]!;
      const xid = typeof first === 'number' ? first : first.xid;
      if (end - start < REPLY_HEADER_BYTES || readInt32(bytes, start) !== xid || overtaking?.has(at) === true) continue;
      next++;
      if (typeof first !== 'number') this.replied(connection, first, bytes, start, end);
    }
    if (next === expected.length) this.expected.delete(connection);
    else expected.splice(0, next);
  }

  private replied(connection: ClientConnection, asked: Asked, bytes: Uint8Array, start: number, end: number): void {
    const { request } = asked;
    const isRefused = readInt32(bytes, start + 12) !== ErrorCode.OK;
    const changes = isRefused ? undefined : request.done(wholeReader(bytes, start + REPLY_HEADER_BYTES, end));
    if (changes === undefined) this.tell(connection, asked, request.asked, 'failure');
    else for (const change of changes) this.tell(connection, asked, change, 'success');
  }

  /** What its client was not told may have happened all the same, or happen yet. */
  override closed(connection: ClientConnection, error?: Error): void {
    super.closed(connection, error);
    for (const asked of this.expected.get(connection) ?? []) {
      if (typeof asked !== 'number') this.tell(connection, asked, asked.request.asked, 'invoked');
    }
    this.expected.delete(connection);
    this.overtaking.delete(connection);
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
