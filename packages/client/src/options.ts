import type { ClientRuntime, Duration } from '@zk/client-api';
import type { Logger, Transport } from '@zk/contracts';
import type { Acl, SessionId } from '@zk/model';
import type { RequestLimits } from './machine/request-queue.js';

/** The addresses of a name. @throws when there are none at the moment */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** Credentials that are shown on every connection. */
export interface AuthInfo {
  readonly scheme: string;
  readonly auth: Uint8Array | string;
}

/** What a client says of its connections, in the shape of pino; `console` will do. */
export type ClientLogger = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** The pause after all servers have failed. While a session lives, none is longer than a tenth of its timeout. */
export interface BackOff {
  /** Of the first one; it doubles from pause to pause. Default 100 ms. */
  readonly initialDelay?: Duration | undefined;
  /** Default 5 s. */
  readonly maxDelay?: Duration | undefined;
}

/** Any part of it; what is undefined counts as not given. */
export type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Limits of one client; those that are not given are those of {@link defaultLimits}. */
export interface Limits extends Given<RequestLimits> {
  /** Longest reply that is read; default 64 MiB. A longer one is skipped, and its call rejects. */
  readonly maxReplyBytes?: number | undefined;
}

/** What a client can be told on every platform. */
export interface CommonOptions {
  /** What connections are made of; default: TCP, or TLS when `tls` is given (in a browser: WebSocket). */
  readonly transport?: Transport | undefined;
  /** Time and chance; default: the machine's. */
  readonly runtime?: Given<ClientRuntime> | undefined;
  /** How names become addresses, asked anew at each attempt; default: the system's, or none for a `transport` of yours. */
  readonly resolve?: Resolver | undefined;
  /** Asked for; the server has the last word. Default 30 s. */
  readonly sessionTimeout?: Duration | undefined;
  /** For each call that has no `timeout` of its own; default 30 s. */
  readonly requestTimeout?: Duration | undefined;
  /**
   * For one attempt, from the look-up of the name to the granted session; default: 2/3 of the session timeout divided by
   * the number of servers, 1 to 10 s.
   */
  readonly connectTimeout?: Duration | undefined;
  /** How long `close` waits for what is on its way; default 5 s. */
  readonly closeTimeout?: Duration | undefined;
  /** Be content with a server that has no quorum, while looking for one that has; default false. */
  readonly readOnly?: boolean | undefined;
  /** A session to attach to, exported from `client.session`. */
  readonly session?: { readonly id: SessionId; readonly password: Uint8Array } | undefined;
  /**
   * Whether to begin a new session when one is lost; default true. Otherwise the client is closed then, and calls reject
   * with a SessionExpiredError whose `isFinal` is true.
   */
  readonly renewSession?: boolean | undefined;
  readonly auth?: readonly AuthInfo[] | undefined;
  /** SASL DIGEST-MD5. */
  readonly sasl?: { readonly username: string; readonly password: string } | undefined;
  /** Of znodes created without one; default: open to the world. */
  readonly acl?: readonly Acl[] | undefined;
  /** Default: says nothing. */
  readonly logger?: ClientLogger | undefined;
  /** Try the servers in random order; default true. */
  readonly shuffle?: boolean | undefined;
  readonly backOff?: BackOff | undefined;
  readonly limits?: Limits | undefined;
}
