import { createAuthProviders, createSaslAuthority } from '@zk/auth';
import { AUTH_PROVIDERS, LOGGER, STORAGE, TRANSPORT, type AuthProviders, type Logger } from '@zk/contracts';
import { AUDIT_LOG, ENSEMBLE, LISTENERS, createServer, type Registration, type ServerOptions } from '@zk/server';
import { FileStorage, type FileStorageOptions } from '@zk/storage-file';
import { CorruptionError } from '@zk/model';
import type { ServerAudit } from './audit/server-audit.js';
import { DataDirectoryError } from './cli/exit-codes.js';
import { AccompaniedServer, sideEndpoints } from './compose-endpoints.js';
import { ensembleOf } from './compose-ensemble.js';
import { clientPortTransport, furtherListeners } from './compose-listeners.js';
import type { AuthConfig, ServerConfig } from './config/server-config.js';
import type { ComposeServer } from './running-server.js';

/**
 * The one place where configuration meets the packages: which option a setting becomes, and which adapters the
 * standard node is made of.
 */

const HOUR_MS = 3_600_000;

/** Settings of the server proper. */
export function serverOptionsOf(config: ServerConfig): Partial<ServerOptions> {
  return {
    clientHost: config.clientPortAddress,
    clientPort: config.clientPort,
    listenBacklog: config.clientPortListenBacklog,
    tcpKeepAlive: config.clientTcpKeepAlive,
    tickTimeMs: config.tickTimeMs,
    ...(config.ensemble && {
      serverId: Number(config.ensemble.serverId),
      reconfigEnabled: config.ensemble.isReconfigEnabled,
      localSessionsEnabled: config.ensemble.sessions.areLocal,
      localSessionsUpgradingEnabled: config.ensemble.sessions.areUpgraded,
    }),
    minSessionTimeoutMs: config.minSessionTimeoutMs,
    maxSessionTimeoutMs: config.maxSessionTimeoutMs,
    maxFrameBytes: config.juteMaxBufferBytes,
    maxTxnBytes: config.juteMaxBufferBytes + config.juteMaxBufferExtraBytes,
    maxClientConnections: config.maxClientCnxns,
    maxConnections: config.maxCnxns,
    globalOutstandingLimit: config.globalOutstandingLimit,
    sessionlessTimeoutMs: config.sessionlessCnxnTimeoutMs,
    connectionThrottle: config.connectionThrottle,
    requestThrottle: { maxRequests: config.requestThrottleMaxRequests, maxWaitMs: config.throttledOpWaitTimeMs },
    largeRequestThresholdBytes: config.largeRequestThresholdBytes,
    largeRequestMaxBytes: config.largeRequestMaxBytes,
    snapCount: config.snapCount,
    snapSizeLimitBytes: config.snapSizeLimitKb * 1024,
    purgeIntervalHours: config.autopurgeIntervalMs / HOUR_MS,
    snapRetainCount: config.autopurgeSnapRetainCount,
    extendedTypesEnabled: config.extendedTypesEnabled,
    enforceQuota: config.enforceQuota,
    skipAcl: config.skipAcl,
    digestEnabled: config.digestEnabled,
    closeSessionTxnEnabled: config.closeSessionTxnEnabled,
    serializeLastProcessedZxid: config.serializeLastProcessedZxid,
    requiredAuthSchemes: config.auth.enforcedSchemes ?? [],
    containerCheckIntervalMs: config.containers.checkIntervalMs,
    containerMaxPerMinute: config.containers.maxPerMinute,
    containerMaxNeverUsedMs: config.containers.maxNeverUsedIntervalMs,
    fourLetterWords: config.fourLetterWords,
  };
}

/** Settings of the files. */
export function storageOptionsOf(config: ServerConfig, logger: Logger): FileStorageOptions {
  return {
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    preAllocBytes: config.preAllocSizeKb * 1024,
    forceSync: config.forceSync,
    snapshotCompression: config.snapshotCompression === 'none' ? '' : config.snapshotCompression,
    txnLogSizeLimitBytes: config.txnLogSizeLimitKb * 1024,
    fsyncWarningThresholdMs: config.fsyncWarningThresholdMs,
    autocreate: config.datadirAutocreate,
    trustEmptySnapshot: config.snapshotTrustEmpty,
    maxEntryBytes: config.juteMaxBufferBytes + config.juteMaxBufferExtraBytes,
    logger,
  };
}

/** Files, whose refusals to open count as trouble with the data directory: exit code 3, and no stack trace. */
class NodeStorage extends FileStorage {
  override async open(): Promise<void> {
    try {
      await super.open();
    } catch (error) {
      if (error instanceof CorruptionError || !(error instanceof Error)) throw error;
      throw new DataDirectoryError(error.message, { cause: error });
    }
  }
}

/** How clients prove who they are. */
function authProvidersOf({ digest, x509, saslScheme, sasl }: AuthConfig, logger: Logger): AuthProviders {
  const { enabled, algorithm, superDigest } = digest;
  return createAuthProviders({
    digest: enabled && { algorithm, ...(superDigest === undefined ? {} : { superDigest }) },
    x509: x509 !== undefined && (x509.superUser === undefined ? {} : { superUser: x509.superUser }),
    saslScheme:
      saslScheme !== undefined && (saslScheme.letAnyUser === undefined ? {} : { letAnyUser: saslScheme.letAnyUser }),
    ...(sasl === undefined ? {} : { sasl: createSaslAuthority({ ...sasl, users: new Map(sasl.users), logger }) }),
  });
}

async function auditOf({ audit }: ServerConfig, logger: Logger): Promise<ServerAudit | undefined> {
  return audit && new (await import('./audit/server-audit.js')).ServerAudit(audit, logger);
}

/** The standard node: files below, TCP, TLS and WebSocket in front. */
export const composeServer: ComposeServer = async (config, logger) => {
  const audit = await auditOf(config, logger);
  const parts: Registration[] = [
    [LOGGER, logger],
    [STORAGE, new NodeStorage(storageOptionsOf(config, logger))],
    [TRANSPORT, await clientPortTransport(config, logger)],
    [LISTENERS, await furtherListeners(config, logger)],
    [AUTH_PROVIDERS, authProvidersOf(config.auth, logger)],
    [ENSEMBLE, await ensembleOf(config, logger)],
    [AUDIT_LOG, audit],
  ];
  const server = createServer(serverOptionsOf(config), parts);
  return new AccompaniedServer(server, await sideEndpoints(config, server, logger), logger, audit);
};
