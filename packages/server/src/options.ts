import type { ConnectionThrottleOptions, RequestThrottleOptions } from './limits/index.js';

/** What a server may be told. Every field has a default; units are in the names. */
export interface ServerOptions {
  /** Address clients connect to; absent: all addresses. */
  readonly clientHost: string | undefined;
  /** 0 picks a free port; false: no such port, only other listeners. */
  readonly clientPort: number | false;
  /** Connections the platform may hold before they are accepted; absent: its default. */
  readonly listenBacklog: number | undefined;
  readonly tcpKeepAlive: boolean;
  /** Base unit of session expiry. */
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Leads the ids of new sessions; 1 for a standalone server. */
  readonly serverId: number;

  /** Longest frame a client may send, in bytes. */
  readonly maxFrameBytes: number;
  /** Longest transaction in the log, in bytes; Apache ZooKeeper reads none that is longer. */
  readonly maxTxnBytes: number;
  /** Connections per client address; 0: no limit. */
  readonly maxClientConnections: number;
  /** Connections in all; 0: no limit. */
  readonly maxConnections: number;
  /** Transactions on their way above which connections that have some are not read; 0: each has one at a time. */
  readonly globalOutstandingLimit: number;
  /** Bytes that may wait for a client that does not read before its connection is closed. */
  readonly maxOutputBytes: number;
  /**
   * Bytes that replies may take in all before reads that waited for a write of their session, and are answered at once, are
   * refused as throttled; a client whose replies take less than a 128th of it is not.
   */
  readonly maxHeldReplyBytes: number;
  /** A connection without a session is closed after this time. */
  readonly sessionlessTimeoutMs: number;
  /** Token bucket for new sessions. */
  readonly connectionThrottle: Partial<ConnectionThrottleOptions>;
  /** Bounds on requests in the server as a whole. */
  readonly requestThrottle: Partial<RequestThrottleOptions>;
  /** Requests longer than this count as large; -1: none does. */
  readonly largeRequestThresholdBytes: number;
  /** Large requests that may be on their way at a time, in bytes. */
  readonly largeRequestMaxBytes: number;

  /**
   * Transactions after which a snapshot is taken (between half of it and all of it, at random). Where that would take
   * more than a tenth of the event loop, snapshots are spaced out, up to ten times as many transactions.
   */
  readonly snapCount: number;
  /** Log bytes after which a snapshot is taken; 0 or less: no limit. */
  readonly snapSizeLimitBytes: number;
  /** Hours between purges of old snapshots and logs; 0: none. */
  readonly purgeIntervalHours: number;
  readonly snapRetainCount: number;

  readonly reconfigEnabled: boolean;
  /** Whether new sessions are known to one server of the ensemble only, until they create an ephemeral (3.5 and later). */
  readonly localSessionsEnabled: boolean;
  /** Whether such a session then becomes one that all know; otherwise the ephemeral is refused. */
  readonly localSessionsUpgradingEnabled: boolean;
  /** Whether TTL nodes may be created. */
  readonly extendedTypesEnabled: boolean;
  readonly enforceQuota: boolean;
  readonly skipAcl: boolean;
  readonly digestEnabled: boolean;
  readonly closeSessionTxnEnabled: boolean;
  readonly serializeLastProcessedZxid: boolean;
  /** Schemes of which a client must have proved one; empty: none is needed. */
  readonly requiredAuthSchemes: readonly string[];

  readonly containerCheckIntervalMs: number;
  readonly containerMaxPerMinute: number;
  readonly containerMaxNeverUsedMs: number;

  /** Four-letter words that are answered; `*` is all of them. */
  readonly fourLetterWords: readonly string[];
}

const TICK_TIME_MS = 3000;

export const defaultServerOptions: ServerOptions = {
  clientHost: undefined,
  clientPort: 2181,
  listenBacklog: undefined,
  tcpKeepAlive: false,
  tickTimeMs: TICK_TIME_MS,
  minSessionTimeoutMs: 2 * TICK_TIME_MS,
  maxSessionTimeoutMs: 20 * TICK_TIME_MS,
  serverId: 1,
  maxFrameBytes: 0xfffff,
  maxTxnBytes: 2 * 0xfffff,
  maxClientConnections: 60,
  maxConnections: 0,
  globalOutstandingLimit: 1000,
  maxOutputBytes: 64 * 1024 * 1024,
  // As many reads as may wait, each of the longest znode that the default limit of a frame lets in.
  maxHeldReplyBytes: 130 * 1024 * 1024,
  sessionlessTimeoutMs: 10_000,
  connectionThrottle: {},
  requestThrottle: {},
  largeRequestThresholdBytes: -1,
  largeRequestMaxBytes: 100 * 1024 * 1024,
  snapCount: 100_000,
  snapSizeLimitBytes: 4 * 1024 * 1024 * 1024,
  purgeIntervalHours: 1,
  snapRetainCount: 3,
  reconfigEnabled: false,
  localSessionsEnabled: false,
  localSessionsUpgradingEnabled: false,
  extendedTypesEnabled: true,
  enforceQuota: false,
  skipAcl: false,
  digestEnabled: true,
  closeSessionTxnEnabled: true,
  serializeLastProcessedZxid: true,
  requiredAuthSchemes: [],
  containerCheckIntervalMs: 60_000,
  containerMaxPerMinute: 10_000,
  containerMaxNeverUsedMs: 0,
  fourLetterWords: ['ruok', 'srvr', 'stat', 'mntr', 'conf', 'isro', 'envi', 'dirs', 'hash', 'wchs'],
};

/**
 * Fills in the defaults. Session limits that are not given follow the tick time, as in Apache ZooKeeper.
 * @throws RangeError when the limits contradict each other
 */
export function completeOptions(given: Partial<ServerOptions>): ServerOptions {
  const tickTimeMs = given.tickTimeMs ?? defaultServerOptions.tickTimeMs;
  const options: ServerOptions = {
    ...defaultServerOptions,
    minSessionTimeoutMs: 2 * tickTimeMs,
    maxSessionTimeoutMs: 20 * tickTimeMs,
    ...withoutUndefined(given),
  };
  if (options.minSessionTimeoutMs > options.maxSessionTimeoutMs) {
    throw new RangeError(
      `minSessionTimeout (${options.minSessionTimeoutMs} ms) is above maxSessionTimeout (${options.maxSessionTimeoutMs} ms)`,
    );
  }
  return options;
}

function withoutUndefined(given: Partial<ServerOptions>): Partial<ServerOptions> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
