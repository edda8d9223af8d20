import { resolve } from 'node:path';
import type { Member } from './members.js';
import { authConfig, tlsConfig, webSocketConfig } from './security.js';
import type { ConnectionThrottleConfig, ServerConfig } from './server-config.js';
import type { SettingReader } from './setting-reader.js';

/** What surrounds the settings. */
export interface BuildContext {
  readonly configFile: string | undefined;
  readonly configText: string;
  readonly workingDirectory: string;
  /** The only member line, when there is exactly one. */
  readonly member: Member | undefined;
}

/** Turns settings into the typed object. Problems end up in the reader; the result is usable only without any. */
export function buildConfig(reader: SettingReader, context: BuildContext): ServerConfig {
  const client = clientAddress(reader, context.member);
  const tickTimeMs = reader.whole('tickTime');
  const directories = dataDirectories(reader, context.workingDirectory);
  const juteMaxBufferBytes = reader.whole('jute.maxbuffer');
  const tls = tlsConfig(reader, context.workingDirectory);
  const compression = reader.choice('snapshot.compression.method');
  return deepFreeze<ServerConfig>({
    configFile: context.configFile,
    configText: context.configText,

    ...client,
    secureClientPort: reader.isSet('secureClientPort') ? reader.port('secureClientPort') : undefined,
    secureClientPortAddress: bareAddress(reader.text('secureClientPortAddress')),
    isClientPortUnified: reader.boolean('client.portUnification'),
    webSocket: webSocketConfig(reader),
    clientPortListenBacklog: positive(reader.whole('clientPortListenBacklog')),
    maxClientCnxns: reader.whole('maxClientCnxns'),
    maxCnxns: reader.whole('maxCnxns'),
    clientTcpKeepAlive: reader.boolean('clientTcpKeepAlive'),
    sessionlessCnxnTimeoutMs: reader.whole('nio.sessionlessCnxnTimeout'),
    tickTimeMs,
    ...sessionTimeouts(reader, tickTimeMs),

    ...directories,
    datadirAutocreate: reader.boolean('datadir.autocreate'),
    snapCount: reader.whole('snapCount'),
    snapSizeLimitKb: reader.whole('snapSizeLimitInKb'),
    preAllocSizeKb: reader.whole('preAllocSize'),
    txnLogSizeLimitKb: reader.whole('txnLogSizeLimitInKb'),
    forceSync: reader.yesNo('forceSync'),
    fsyncWarningThresholdMs: reader.whole('fsync.warningthresholdms'),
    snapshotCompression: compression === 'gz' || compression === 'snappy' ? compression : 'none',
    snapshotTrustEmpty: reader.boolean('snapshot.trust.empty'),
    autopurgeSnapRetainCount: reader.whole('autopurge.snapRetainCount'),
    autopurgeIntervalMs: reader.durationMs('autopurge.purgeInterval'),
    digestEnabled: reader.boolean('digest.enabled'),
    closeSessionTxnEnabled: reader.boolean('closeSessionTxn.enabled'),
    serializeLastProcessedZxid: reader.boolean('serializeLastProcessedZxid.enabled'),

    juteMaxBufferBytes,
    juteMaxBufferExtraBytes: reader.optionalWhole('jute.maxbuffer.extrasize') ?? Math.max(juteMaxBufferBytes, 1024),
    globalOutstandingLimit: reader.whole('globalOutstandingLimit'),
    requestThrottleMaxRequests: reader.whole('request_throttle_max_requests'),
    throttledOpWaitTimeMs: reader.whole('throttled_op_wait_time'),
    connectionThrottle: connectionThrottle(reader),
    largeRequestMaxBytes: reader.whole('largeRequestMaxBytes'),
    largeRequestThresholdBytes: largeRequestThreshold(reader),
    enforceQuota: reader.boolean('enforceQuota'),
    extendedTypesEnabled: reader.boolean('extendedTypesEnabled'),
    containers: {
      checkIntervalMs: reader.whole('znode.container.checkIntervalMs'),
      maxPerMinute: reader.whole('znode.container.maxPerMinute'),
      maxNeverUsedIntervalMs: reader.whole('znode.container.maxNeverUsedIntervalMs'),
    },

    skipAcl: reader.yesNo('skipACL'),
    tls,
    auth: authConfig(reader, context.workingDirectory, tls !== undefined),

    fourLetterWords: reader.list('4lw.commands.whitelist').map((word) => word.toLowerCase()),
  });
}

/** Without the brackets of an IPv6 address. */
function bareAddress(text: string | undefined): string | undefined {
  return text?.replace(/^\[(.*)\]$/, '$1');
}

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}

/** clientPort and clientPortAddress, reconciled with the client part of the only member line (spec: operations, 4.1). */
function clientAddress(
  reader: SettingReader,
  member: Member | undefined,
): Pick<ServerConfig, 'clientPort' | 'clientPortAddress'> {
  const clientPort = reader.port('clientPort');
  const clientPortAddress = bareAddress(reader.text('clientPortAddress'));
  const listed = member?.clientAddress;
  if (listed === undefined || member === undefined) {
    // A server of which only the TLS port is set has no other, as in Apache ZooKeeper.
    if (!reader.isSet('clientPort') && reader.isSet('secureClientPort'))
      return { clientPort: false, clientPortAddress };
    return { clientPort, clientPortAddress };
  }
  if (reader.isSet('clientPort') && clientPort !== listed.port) {
    reader.problems.push(
      `${member.where}: server.${member.serverId} names client port ${listed.port}, but clientPort is ${clientPort} ` +
        `(${reader.where('clientPort')})`,
    );
  }
  const isWildcard = clientPortAddress === undefined || clientPortAddress === '0.0.0.0' || clientPortAddress === '::';
  if (!isWildcard && listed.host !== undefined && listed.host !== clientPortAddress) {
    reader.problems.push(
      `${member.where}: server.${member.serverId} names client address ${listed.host}, but clientPortAddress is ` +
        `${clientPortAddress} (${reader.where('clientPortAddress')})`,
    );
  }
  const host = listed.host === '0.0.0.0' ? undefined : listed.host;
  return { clientPort: listed.port, clientPortAddress: isWildcard ? host : clientPortAddress };
}

/** spec: operations, section 2.1: derived from tickTime when unset. */
function sessionTimeouts(reader: SettingReader, tickTimeMs: number) {
  const min = reader.whole('minSessionTimeout');
  const max = reader.whole('maxSessionTimeout');
  const minSessionTimeoutMs = min === -1 ? tickTimeMs * 2 : min;
  const maxSessionTimeoutMs = max === -1 ? tickTimeMs * 20 : max;
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    const where = reader.isSet('minSessionTimeout') ? 'minSessionTimeout' : 'maxSessionTimeout';
    reader.problems.push(
      `${reader.where(where)}: minSessionTimeout (${minSessionTimeoutMs} ms) is greater than maxSessionTimeout ` +
        `(${maxSessionTimeoutMs} ms)`,
    );
  }
  return { minSessionTimeoutMs, maxSessionTimeoutMs };
}

function dataDirectories(reader: SettingReader, workingDirectory: string) {
  const dataDir = reader.text('dataDir');
  if (dataDir === undefined) {
    reader.problems.push('dataDir is not set: say where to keep the data, with dataDir=… in the file or --data-dir');
  }
  const dataLogDir = reader.text('dataLogDir') ?? dataDir;
  for (const name of ['dataDir', 'dataLogDir']) {
    const path = reader.text(name);
    if (path !== undefined && reader.isFromFile(name) && !/^(\/|\.\.?(\/|$)|[A-Za-z]:[\\/]|\\\\)/.test(path)) {
      reader.warnings.push(
        `${reader.where(name)}: ${name} "${path}" is relative to ${workingDirectory}; begin it with "./" if that is meant`,
      );
    }
  }
  return {
    dataDir: resolve(workingDirectory, dataDir ?? '.'),
    dataLogDir: resolve(workingDirectory, dataLogDir ?? '.'),
  };
}

function connectionThrottle(reader: SettingReader): ConnectionThrottleConfig {
  return {
    tokens: reader.whole('connection_throttle_tokens'),
    fillTimeMs: reader.whole('connection_throttle_fill_time'),
    fillCount: reader.whole('connection_throttle_fill_count'),
    freezeTimeMs: reader.whole('connection_throttle_freeze_time'),
    dropIncrease: reader.ratio('connection_throttle_drop_increase'),
    dropDecrease: reader.ratio('connection_throttle_drop_decrease'),
    decreaseRatio: reader.ratio('connection_throttle_decrease_ratio'),
    weightEnabled: reader.boolean('connection_throttle_weight_enabled'),
    globalSessionWeight: reader.whole('connection_throttle_global_session_weight'),
    renewSessionWeight: reader.whole('connection_throttle_renew_session_weight'),
    localSessionWeight: reader.whole('connection_throttle_local_session_weight'),
  };
}

/** As in Apache ZooKeeper, a threshold of 0 or above the budget is a mistake. */
function largeRequestThreshold(reader: SettingReader): number {
  const threshold = reader.whole('largeRequestThreshold');
  if (threshold > reader.whole('largeRequestMaxBytes')) {
    reader.problems.push(
      `${reader.where('largeRequestThreshold')}: largeRequestThreshold (${threshold} bytes) is greater than ` +
        `largeRequestMaxBytes (${reader.whole('largeRequestMaxBytes')} bytes)`,
    );
  }
  return threshold === 0 ? -1 : threshold;
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  }
  return Object.freeze(value);
}
