import type { EnsembleSettings } from './ensemble/ensemble-settings.js';
import type { AdminConfig } from './admin.js';
import type { AuditConfig } from './audit.js';
import type { MetricsConfig } from './metrics.js';
import type { TlsConfig } from './tls-config.js';

/**
 * Everything the server can be told, typed, with units, after defaults and checks. Built once at the start
 * ({@link loadConfig}), frozen, and passed down: nothing else reads files, flags or the environment.
 */
export interface ServerConfig {
  // ---- where it came from
  /** Path of the configuration file; undefined when there was none. */
  readonly configFile: string | undefined;
  /** Its text as read; empty without one. */
  readonly configText: string;

  /** undefined: the server runs alone. */
  readonly ensemble: EnsembleSettings | undefined;

  // ---- clients
  /** 0: any free port; false: no port for plain text. */
  readonly clientPort: number | false;
  /** undefined: all addresses. */
  readonly clientPortAddress: string | undefined;
  /** For TLS; undefined: no such port. */
  readonly secureClientPort: number | undefined;
  readonly secureClientPortAddress: string | undefined;
  /** Whether clientPort takes TLS, too. */
  readonly isClientPortUnified: boolean;
  /** undefined: no such port. */
  readonly webSocket: WebSocketConfig | undefined;
  /** undefined: the platform's default. */
  readonly clientPortListenBacklog: number | undefined;
  /** 0: no limit. */
  readonly maxClientCnxns: number;
  /** 0: no limit. */
  readonly maxCnxns: number;
  readonly clientTcpKeepAlive: boolean;
  readonly sessionlessCnxnTimeoutMs: number;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;

  // ---- storage
  readonly dataDir: string;
  readonly dataLogDir: string;
  readonly datadirAutocreate: boolean;
  readonly snapCount: number;
  /** 0 or less: off. */
  readonly snapSizeLimitKb: number;
  readonly preAllocSizeKb: number;
  /** 0 or less: off. */
  readonly txnLogSizeLimitKb: number;
  readonly forceSync: boolean;
  readonly fsyncWarningThresholdMs: number;
  readonly snapshotCompression: 'none' | 'gz' | 'snappy';
  readonly snapshotTrustEmpty: boolean;
  readonly autopurgeSnapRetainCount: number;
  /** 0: never. */
  readonly autopurgeIntervalMs: number;
  readonly digestEnabled: boolean;
  readonly closeSessionTxnEnabled: boolean;
  readonly serializeLastProcessedZxid: boolean;

  // ---- requests
  readonly juteMaxBufferBytes: number;
  readonly juteMaxBufferExtraBytes: number;
  readonly globalOutstandingLimit: number;
  /** 0: off. */
  readonly requestThrottleMaxRequests: number;
  /** 0: off. */
  readonly throttledOpWaitTimeMs: number;
  readonly connectionThrottle: ConnectionThrottleConfig;
  readonly largeRequestMaxBytes: number;
  /** -1: off. */
  readonly largeRequestThresholdBytes: number;
  readonly enforceQuota: boolean;
  readonly extendedTypesEnabled: boolean;
  readonly containers: ContainerConfig;

  // ---- security
  readonly skipAcl: boolean;
  /** undefined: no port has TLS. */
  readonly tls: TlsConfig | undefined;
  readonly auth: AuthConfig;

  // ---- administration
  /** Lower case; `*` for all. */
  readonly fourLetterWords: readonly string[];
  /** undefined: no endpoint for Prometheus. */
  readonly metrics: MetricsConfig | undefined;
  /** undefined: no audit log. */
  readonly audit: AuditConfig | undefined;
  /** undefined: no HTTP admin server. */
  readonly admin: AdminConfig | undefined;
}

export interface ConnectionThrottleConfig {
  /** 0: off. */
  readonly tokens: number;
  readonly fillTimeMs: number;
  readonly fillCount: number;
  /** -1: never drop. */
  readonly freezeTimeMs: number;
  readonly dropIncrease: number;
  readonly dropDecrease: number;
  readonly decreaseRatio: number;
  readonly weightEnabled: boolean;
  readonly globalSessionWeight: number;
  readonly renewSessionWeight: number;
  readonly localSessionWeight: number;
}

export interface ContainerConfig {
  readonly checkIntervalMs: number;
  readonly maxPerMinute: number;
  /** 0: never. */
  readonly maxNeverUsedIntervalMs: number;
}

export interface DigestAuthConfig {
  readonly enabled: boolean;
  /** Java's name of the hash, such as `SHA1` or `SHA-256`. */
  readonly algorithm: string;
  /** `super:<hash>`; a secret. */
  readonly superDigest: string | undefined;
}

export interface WebSocketConfig {
  readonly port: number;
  /** undefined: all addresses. */
  readonly address: string | undefined;
  readonly path: string;
  readonly allowedOrigins: readonly string[];
  readonly allowsMissingOrigin: boolean;
  readonly isTls: boolean;
}

export interface AuthConfig {
  readonly digest: DigestAuthConfig;
  /** undefined: the scheme is off. */
  readonly x509: { readonly superUser: string | undefined } | undefined;
  /** Whether ACLs may name sasl ids; undefined: they may not. */
  readonly saslScheme: { readonly letAnyUser: string | undefined } | undefined;
  /** undefined: nobody logs in by SASL. */
  readonly sasl: SaslConfig | undefined;
  /** undefined: not enforced. */
  readonly enforcedSchemes: readonly string[] | undefined;
}

export interface SaslConfig {
  /** Names with passwords; secrets. */
  readonly users: readonly (readonly [name: string, password: string])[];
  readonly superUsers: readonly string[];
  readonly keepsFailed: boolean;
}
