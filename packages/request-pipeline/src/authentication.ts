import type { AuthProviders, SaslAuthority, SaslExchange } from '@zk/contracts';
import { utf8Text, writeInt32 } from '@zk/jute';
import { ErrorCode, type Id } from '@zk/model';
import type { Client } from './client.js';
import type { FrameReader } from './frame-reader.js';
import { OpKind } from './op-kinds.js';

/**
 * Ids that one connection may have. They are kept as long as it lasts, and are looked at, and sent to the leader, with every
 * request of it; nobody needs as many.
 */
const MAX_IDS = 1024;
/** What they may add up to, in characters, before the last one. */
const MAX_ID_CHARS = 1024 * 1024;

/** Proofs of identity (spec: client protocol, section 13). They live on the connection and are part of no transaction. */
export class Authentication {
  /** Proofs refused so far. */
  failures = 0;
  private readonly exchanges = new WeakMap<Client, SaslExchange>();

  constructor(
    private readonly providers: AuthProviders,
    private readonly reader: FrameReader,
    /** Schemes of which a client must have proved one; empty: none is needed. */
    private readonly requiredSchemes: readonly string[],
  ) {}

  /** Whether the client may go on; otherwise it is told so and closed. */
  suffices(client: Client, xid: number): boolean {
    const { requiredSchemes } = this;
    if (requiredSchemes.length === 0 || client.ids.some(({ scheme }) => requiredSchemes.includes(scheme))) return true;
    client.outbox.beginReply(xid, 0, 0, ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH, 0);
    client.ignoresRequests = true;
    client.connection.closeAfterFlush();
    return false;
  }

  /** Processed when it is read, even while writes are on their way; it does not touch the session. */
  handle(client: Client, xid: number, kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.isDecodable(kind, bytes, start, end)) {
      client.connection.closeNow();
      return;
    }
    if (kind === OpKind.sasl) {
      this.exchange(client, xid, bytes, start, end);
      return;
    }
    const ids = hasTooMany(client.ids) ? undefined : this.prove(client, bytes, start, end);
    if (ids === undefined) {
      client.outbox.beginReply(xid, 0, 0, ErrorCode.AUTHFAILED, 0);
      this.fail(client);
      return;
    }
    addIds(client, ids);
    client.outbox.beginReply(xid, 0, 0, ErrorCode.OK, 0);
  }

  /** One round of SASL. A server without it answers every token with none, and a missing token ends the connection. */
  private exchange(client: Client, xid: number, bytes: Uint8Array, start: number, end: number): void {
    const { reader, providers } = this;
    reader.reset(bytes, start, end);
    reader.range();
    if (reader.isNull) {
      client.connection.closeNow();
      return;
    }
    if (providers.sasl === undefined) {
      replyToken(client, xid, ErrorCode.OK, undefined);
      return;
    }
    const step = this.exchangeOf(client, providers.sasl).step(bytes.slice(reader.start, reader.end));
    if (step.kind !== 'failed') {
      if (step.kind === 'complete') addIds(client, providers.sasl.idsOf(step.authorizationId));
      replyToken(client, xid, ErrorCode.OK, step.token);
      return;
    }
    providers.sasl.failed(client.connection.peer, step.reason);
    const isRequired = this.requiredSchemes.includes('sasl');
    if (providers.sasl.keepsFailed && !isRequired) {
      replyToken(client, xid, ErrorCode.OK, undefined);
      return;
    }
    replyToken(client, xid, isRequired ? ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH : ErrorCode.AUTHFAILED, undefined);
    this.fail(client);
  }

  private exchangeOf(client: Client, sasl: SaslAuthority): SaslExchange {
    const known = this.exchanges.get(client);
    if (known !== undefined) return known;
    const begun = sasl.begin();
    this.exchanges.set(client, begun);
    return begun;
  }

  private isDecodable(kind: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { reader } = this;
    reader.reset(bytes, start, end);
    if (kind === OpKind.auth) {
      reader.int32();
      reader.range();
    }
    reader.range();
    return !reader.failed;
  }

  private prove(client: Client, bytes: Uint8Array, start: number, end: number): readonly Id[] | undefined {
    const { reader } = this;
    reader.reset(bytes, start, end);
    reader.int32();
    reader.range();
    const scheme = reader.isNull ? '' : utf8Text(bytes, reader.start, reader.end);
    reader.range();
    const auth = reader.isNull ? null : bytes.slice(reader.start, reader.end);
    try {
      return this.providers.get(scheme)?.authenticate(client.connection.peer, auth);
    } catch {
      // A provider that throws has proved nothing.
      return undefined;
    }
  }

  private fail(client: Client): void {
    this.failures++;
    client.ignoresRequests = true;
    client.connection.closeAfterFlush();
  }
}

function hasTooMany(ids: readonly Id[]): boolean {
  return ids.length >= MAX_IDS || ids.reduce((sum, { id }) => sum + id.length, 0) > MAX_ID_CHARS;
}

function addIds(client: Client, ids: readonly Id[]): void {
  const fresh = ids.filter((id) => !client.ids.some((known) => known.scheme === id.scheme && known.id === id.id));
  if (fresh.length > 0) client.ids = [...client.ids, ...fresh];
}

/** A SetSASLResponse: the length of the token, -1 for none, and the token. */
function replyToken(client: Client, xid: number, error: number, token: Uint8Array | undefined): void {
  const { outbox } = client;
  const length = token?.length ?? -1;
  const at = outbox.beginReply(xid, 0, 0, error, 4 + Math.max(length, 0));
  writeInt32(outbox.bytes, at, length);
  if (token !== undefined) outbox.bytes.set(token, at + 4);
}
