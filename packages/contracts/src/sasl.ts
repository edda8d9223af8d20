import type { Id } from '@zk/model';
import type { PeerInfo } from './peer-info.js';

/** What one end of a SASL exchange does next. */
export type SaslStep =
  /** Send the token, and step again with what comes back. */
  | { readonly kind: 'continue'; readonly token: Uint8Array }
  /** Proved. A server sends the token with its success; a client has nothing left to send. */
  | { readonly kind: 'complete'; readonly token?: Uint8Array; readonly authorizationId: string }
  /** Refused. The reason is for a log: it holds no secret, and the other end need not be told. */
  | { readonly kind: 'failed'; readonly reason: string };

/** One end of one SASL exchange: tokens in, steps out. Steps after the last one fail. */
export interface SaslExchange {
  /** The other end's token; a client begins with an empty one. */
  step(token: Uint8Array): SaslStep;
}

/** What a server needs to let clients in by SASL. */
export interface SaslAuthority {
  /** Whether a client stays connected, with nothing proved, when its exchange has failed. */
  readonly keepsFailed: boolean;
  /** The server's end of a new exchange, for one connection. */
  begin(): SaslExchange;
  /** The ids that an exchange has proved. */
  idsOf(authorizationId: string): readonly Id[];
  /** Hears of every exchange that failed. */
  failed(peer: PeerInfo, reason: string): void;
}
