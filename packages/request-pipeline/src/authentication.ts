import type { AuthProviders } from '@zk/contracts';
import { utf8Text } from '@zk/jute';
import { ErrorCode, type Id } from '@zk/model';
import type { Client } from './client.js';
import type { FrameReader } from './frame-reader.js';
import { OpKind } from './op-kinds.js';

/** Proofs of identity (spec: client protocol, section 13). They live on the connection and are part of no transaction. */
export class Authentication {
  /** Proofs refused so far. */
  failures = 0;

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
      const at = client.outbox.beginReply(xid, 0, 0, ErrorCode.AUTHFAILED, 4);
      client.outbox.bytes.fill(0xff, at, at + 4);
      this.fail(client);
      return;
    }
    const ids = this.prove(client, bytes, start, end);
    if (ids === undefined) {
      client.outbox.beginReply(xid, 0, 0, ErrorCode.AUTHFAILED, 0);
      this.fail(client);
      return;
    }
    const fresh = ids.filter((id) => !client.ids.some((known) => known.scheme === id.scheme && known.id === id.id));
    if (fresh.length > 0) client.ids = [...client.ids, ...fresh];
    client.outbox.beginReply(xid, 0, 0, ErrorCode.OK, 0);
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
