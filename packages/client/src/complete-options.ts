import { durationMs, isBytes, kindOf, requireOptions } from '@zk/client-api';
import { silentLogger } from '@zk/contracts';
import { type Acl, OPEN_ACL_UNSAFE, type SessionId } from '@zk/model';
import { utf8Bytes } from '@zk/jute';
import type { RequestLimits } from './machine/request-queue.js';
import type { BackOffOptions } from './machine/servers.js';
import { backOffRules, limitRules, runtimeRules } from './option-rules.js';
import type { ClientLogger, CommonOptions, Limits } from './options.js';
import { type RequestTracer, noTracer } from './tracing.js';

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
  readonly logger: ClientLogger;
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
  const { initialDelay = 100, maxDelay = '5s' } = requireOptions('the backOff', options.backOff ?? {}, backOffRules);
  requireOptions('the runtime', options.runtime ?? {}, runtimeRules);
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
      initialDelayMs: durationMs(initialDelay),
      maxDelayMs: durationMs(maxDelay),
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

/** A limit that is undefined is the default, and not none. */
function limitsWith(given: Limits): typeof defaultLimits {
  requireOptions('the limits', given, limitRules);
  const limits = { ...defaultLimits };
  for (const name of Object.keys(limits) as (keyof typeof limits)[]) limits[name] = given[name] ?? limits[name];
  return limits;
}

function checkSession({ id, password }: NonNullable<CommonOptions['session']>): void {
  if (typeof id === 'bigint' && isBytes(password)) return;
  throw new TypeError(`a session is { id: bigint, password: Uint8Array }, not { ${kindOf(id)}, ${kindOf(password)} }`);
}
