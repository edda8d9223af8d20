import type { ClientRuntime, Duration } from '@zk/client-api';
import { durationMs } from '@zk/client-api';
import type { Logger, Transport } from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import { type Acl, OPEN_ACL_UNSAFE, type SessionId } from '@zk/model';
import { utf8Bytes } from '@zk/jute';
import { isBytes, kindOf } from './arguments.js';
import type { RequestLimits } from './machine/request-queue.js';
import type { BackOffOptions } from './machine/servers.js';
import { type RequestTracer, noTracer } from './tracing.js';

/** The addresses of a name. @throws when there are none at the moment */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** Credentials that are shown on every connection. */
export interface AuthInfo {
  readonly scheme: string;
  readonly auth: Uint8Array | string;
}

/** What a client can be told on every platform. */
export interface CommonOptions {
  /** What connections are made of; default: TCP, or TLS when `tls` is given (in a browser: WebSocket). */
  readonly transport?: Transport;
  /** Time and chance; default: the machine's. */
  readonly runtime?: Partial<ClientRuntime>;
  /** How names become addresses, asked anew at each attempt; default: the system's, or none for a `transport` of yours. */
  readonly resolve?: Resolver;
  /** Asked for; the server has the last word. Default 30 s. */
  readonly sessionTimeout?: Duration;
  /** For each call that has no `timeout` of its own; default 30 s. */
  readonly requestTimeout?: Duration;
  /**
   * For one attempt, from the look-up of the name to the granted session; default: 2/3 of the session timeout divided by
   * the number of servers, 1 to 10 s.
   */
  readonly connectTimeout?: Duration;
  /** How long `close` waits for what is on its way; default 5 s. */
  readonly closeTimeout?: Duration;
  /** Be content with a server that has no quorum, while looking for one that has; default false. */
  readonly readOnly?: boolean;
  /** A session to attach to, exported from `client.session`. */
  readonly session?: { readonly id: SessionId; readonly password: Uint8Array };
  /** Whether to begin a new session when one is lost; default true. Otherwise the client is closed then. */
  readonly renewSession?: boolean;
  readonly auth?: readonly AuthInfo[];
  /** SASL DIGEST-MD5. */
  readonly sasl?: { readonly username: string; readonly password: string };
  /** Of znodes created without one; default: open to the world. */
  readonly acl?: readonly Acl[];
  readonly logger?: Logger;
  /** Try the servers in random order; default true. */
  readonly shuffle?: boolean;
  readonly backOff?: { readonly initialDelay?: Duration; readonly maxDelay?: Duration };
  readonly limits?: Partial<RequestLimits> & {
    /** Longest reply that is read; default 64 MiB. A longer one is skipped, and its call rejects. */
    readonly maxReplyBytes?: number;
  };
}

/** Options with every default filled in, and durations in milliseconds. */
export interface CompleteOptions {
  readonly sessionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly isReadOnlyAllowed: boolean;
  readonly session: { readonly id: SessionId; readonly password: Uint8Array } | undefined;
  readonly renewsSession: boolean;
  readonly auth: readonly { readonly scheme: string; readonly auth: Uint8Array }[];
  readonly sasl: { readonly username: string; readonly password: string } | undefined;
  readonly acl: readonly Acl[];
  readonly logger: Logger;
  readonly shouldShuffle: boolean;
  readonly backOff: BackOffOptions;
  readonly limits: RequestLimits;
  readonly maxReplyBytes: number;
  readonly tracer: RequestTracer;
  readonly firstXid: number;
}

/** What the entry points add, and tests. */
export interface InternalOptions {
  readonly tracer?: RequestTracer;
  readonly firstXid?: number;
}

const MIB = 1024 * 1024;

export const defaultLimits: RequestLimits & { readonly maxReplyBytes: number } = {
  maxOutstanding: 1_000,
  maxOutstandingBytes: 8 * MIB,
  maxQueued: 100_000,
  maxQueuedBytes: 64 * MIB,
  maxRequestBytes: 0xfffff,
  maxReplyBytes: 64 * MIB,
};

/** @throws RangeError, TypeError for what makes no sense */
export function completeOptions(
  options: CommonOptions,
  serverCount: number,
  internal: InternalOptions = {},
): CompleteOptions {
  const sessionTimeoutMs = durationMs(options.sessionTimeout ?? '30s');
  if (!(sessionTimeoutMs > 0 && sessionTimeoutMs <= 0x7fff_ffff)) {
    throw new RangeError(`a session timeout is 1 ms to 2^31 - 1 ms, but this one is ${sessionTimeoutMs} ms`);
  }
  if (options.session !== undefined) checkSession(options.session);
  const { maxReplyBytes, ...limits } = limitsWith(options.limits ?? {});
  const perServerMs = Math.min(10_000, Math.max(1_000, (sessionTimeoutMs * 2) / 3 / serverCount));
  return {
    sessionTimeoutMs,
    requestTimeoutMs: durationMs(options.requestTimeout ?? '30s'),
    connectTimeoutMs: options.connectTimeout === undefined ? perServerMs : durationMs(options.connectTimeout),
    closeTimeoutMs: durationMs(options.closeTimeout ?? '5s'),
    isReadOnlyAllowed: options.readOnly ?? false,
    session: options.session,
    renewsSession: options.renewSession ?? true,
    auth: (options.auth ?? []).map(({ scheme, auth }) => ({ scheme, auth: authBytes(scheme, auth) })),
    sasl: options.sasl,
    acl: options.acl ?? OPEN_ACL_UNSAFE,
    logger: options.logger ?? silentLogger,
    shouldShuffle: options.shuffle ?? true,
    backOff: {
      initialDelayMs: durationMs(options.backOff?.initialDelay ?? 100),
      maxDelayMs: durationMs(options.backOff?.maxDelay ?? '5s'),
    },
    limits,
    maxReplyBytes,
    tracer: internal.tracer ?? noTracer,
    firstXid: internal.firstXid ?? 1,
  };
}

/** @throws TypeError for what are no credentials */
export function authBytes(scheme: string, auth: Uint8Array | string): Uint8Array {
  if (typeof scheme !== 'string') throw new TypeError(`the scheme of credentials is a string, not ${kindOf(scheme)}`);
  if (typeof auth === 'string') return utf8Bytes(auth);
  if (!isBytes(auth)) throw new TypeError(`credentials are a string or a Uint8Array, not ${kindOf(auth)}`);
  return auth;
}

/** A limit that is undefined is the default, and not none. @throws RangeError */
function limitsWith(given: NonNullable<CommonOptions['limits']>): typeof defaultLimits {
  const limits = { ...defaultLimits };
  for (const name of Object.keys(limits) as (keyof typeof limits)[]) {
    const limit = given[name];
    if (limit === undefined) continue;
    if (!(limit >= 1)) throw new RangeError(`${name} is a number from 1 on, not ${String(limit)}`);
    limits[name] = limit;
  }
  return limits;
}

function checkSession({ id, password }: NonNullable<CommonOptions['session']>): void {
  if (typeof id === 'bigint' && isBytes(password)) return;
  throw new TypeError(`a session is { id: bigint, password: Uint8Array }, not { ${kindOf(id)}, ${kindOf(password)} }`);
}
