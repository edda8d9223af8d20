import { resolve } from 'node:path';
import { type EnsembleConfig, type ServerSpec, hostText } from '@zk/quorum';
import { buildEnsemble } from './ensemble/build-ensemble.js';
import type { EnsembleSettings } from './ensemble/ensemble-settings.js';
import { judgeMembership } from './ensemble/judge.js';
import { type Membership, sharedAddresses } from './ensemble/membership.js';
import { readServerId } from './ensemble/server-id.js';
import { adminConfig } from './admin.js';
import { auditConfig } from './audit.js';
import { metricsConfig } from './metrics.js';
import { authConfig, webSocketConfig } from './security.js';
import type { ConnectionThrottleConfig, ServerConfig } from './server-config.js';
import type { SettingReader } from './setting-reader.js';
import { tlsConfig } from './tls.js';

/** What surrounds the settings. */
export interface BuildContext {
  readonly configFile: string | undefined;
  readonly configText: string;
  readonly workingDirectory: string;
  /** undefined when the member lines cannot be used. */
  readonly membership: Membership | undefined;
  readonly lastSeen: EnsembleConfig | undefined;
}

/** Turns settings into the typed object. Problems end up in the reader; the result is usable only without any. */
export function buildConfig(reader: SettingReader, context: BuildContext): ServerConfig {
  const tickTimeMs = reader.whole('tickTime');
  const directories = dataDirectories(reader, context.workingDirectory);
  const ensemble = ensembleSettings(reader, context, directories.dataDir);
  const client = clientAddress(reader, ownMember(context, ensemble));
  const juteMaxBufferBytes = reader.whole('jute.maxbuffer');
  const tls = tlsConfig(reader, context.workingDirectory);
  const compression = reader.choice('snapshot.compression.method');
  return deepFreeze<ServerConfig>({
    configFile: context.configFile,
    configText: context.configText,
    ensemble,

    ...client,
    secureClientPort: reader.isSet('secureClientPort') ? reader.port('secureClientPort') : undefined,
    secureClientPortAddress: listenAddress(reader, 'secureClientPortAddress'),
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
    extendedTypesEnabled: allowsTtl(reader, ensemble),
    containers: {
      checkIntervalMs: reader.whole('znode.container.checkIntervalMs'),
      maxPerMinute: reader.whole('znode.container.maxPerMinute'),
      maxNeverUsedIntervalMs: reader.whole('znode.container.maxNeverUsedIntervalMs'),
    },

    skipAcl: reader.yesNo('skipACL'),
    tls,
    auth: authConfig(reader, context.workingDirectory, tls !== undefined),

    fourLetterWords: reader.list('4lw.commands.whitelist').map((word) => word.toLowerCase()),
    metrics: metricsConfig(reader),
    audit: auditConfig(reader, context.workingDirectory),
    admin: adminConfig(reader, context.workingDirectory),
  });
}

/** Without the brackets of an IPv6 address. */
function bareAddress(text: string | undefined): string | undefined {
  return text?.replace(/^\[(.*)\]$/, '$1');
}

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}

/** undefined for a server that runs alone. */
function ensembleSettings(
  reader: SettingReader,
  { membership, lastSeen, workingDirectory }: BuildContext,
  dataDir: string,
): EnsembleSettings | undefined {
  if (membership === undefined) return undefined;
  const standalone = { isEnabled: reader.boolean('standaloneEnabled'), where: reader.where('standaloneEnabled') };
  const hasOracle = reader.text('oraclePath') !== undefined;
  const { verdict, problem, warning } = judgeMembership(membership, standalone, hasOracle);
  if (problem !== undefined) reader.problems.push(problem);
  if (verdict === 'standalone' || problem !== undefined) return undefined;
  if (warning !== undefined) reader.warnings.push(warning);
  reader.warnings.push(...sharedAddresses(membership));
  const serverId = readServerId(dataDir, reader.boolean('extendedTypesEnabled'), reader.problems);
  if (serverId !== undefined && !membership.config.servers.has(serverId)) {
    reader.problems.push(`${membership.where()}: there is no line server.${serverId}, which myid in ${dataDir} names`);
  }
  const tickTimeMs = reader.whole('tickTime');
  return buildEnsemble(reader, { membership, lastSeen, serverId: serverId ?? 0n, tickTimeMs, workingDirectory });
}

/** All members must agree, and Apache's have TTL znodes off: in an ensemble they are on only where that is said. */
function allowsTtl(reader: SettingReader, ensemble: EnsembleSettings | undefined): boolean {
  const isSaid = ensemble === undefined || reader.isSet('extendedTypesEnabled');
  return isSaid && reader.boolean('extendedTypesEnabled');
}

interface OwnMember {
  readonly spec: ServerSpec;
  readonly where: string;
}

/** The member line of this server; for a server that runs alone, the only one. */
function ownMember({ membership }: BuildContext, ensemble: EnsembleSettings | undefined): OwnMember | undefined {
  const servers = membership?.config.servers;
  const spec = ensemble === undefined ? servers?.values().next().value : servers?.get(ensemble.serverId);
  return spec === undefined || membership === undefined ? undefined : { spec, where: membership.where(spec.id) };
}

/** clientPort and clientPortAddress, reconciled with the client part of the member line (spec: operations, 4.1). */
function clientAddress(
  reader: SettingReader,
  member: OwnMember | undefined,
): Pick<ServerConfig, 'clientPort' | 'clientPortAddress'> {
  const clientPort = reader.port('clientPort');
  const clientPortAddress = listenAddress(reader, 'clientPortAddress');
  const listed = member?.spec.client;
  if (listed === undefined || member === undefined) {
    // A server of which only the TLS port is set has no other, as in Apache ZooKeeper.
    if (!reader.isSet('clientPort') && reader.isSet('secureClientPort'))
      return { clientPort: false, clientPortAddress };
    return { clientPort, clientPortAddress };
  }
  const line = `${member.where}: server.${member.spec.id}`;
  if (reader.isSet('clientPort') && clientPort !== listed.port) {
    const where = reader.where('clientPort');
    reader.problems.push(`${line} names client port ${listed.port}, but clientPort is ${clientPort} (${where})`);
  }
  if (
    clientPortAddress !== undefined &&
    !isWildcard(clientPortAddress) &&
    listed.host !== hostText(clientPortAddress)
  ) {
    reader.problems.push(
      `${line} names client address ${listed.host}, but clientPortAddress is ${clientPortAddress} ` +
        `(${reader.where('clientPortAddress')})`,
    );
  }
  return { clientPort: listed.port, clientPortAddress: isWildcard(listed.host) ? undefined : listed.host };
}

const THIS_MACHINE = '127.0.0.1';

/** undefined: all addresses. Java takes an empty name for this machine's own address; more must not be opened here. */
function listenAddress(reader: SettingReader, key: string): string | undefined {
  const address = bareAddress(reader.text(key));
  if (address !== undefined || !reader.isSet(key)) return address;
  reader.warnings.push(
    `${reader.where(key)}: ${key} is empty: listening on ${THIS_MACHINE} alone, as Apache ZooKeeper does; ` +
      'without the line it is all addresses',
  );
  return THIS_MACHINE;
}

function isWildcard(address: string): boolean {
  return ['0.0.0.0', hostText('::')].includes(hostText(address));
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
    const what = reader.isSet('dataDir') ? `${reader.where('dataDir')}: dataDir is empty` : 'dataDir is not set';
    reader.problems.push(`${what}: say where to keep the data, with dataDir=… in the file or --data-dir`);
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

/** Plain objects and lists; what has a class of its own looks after itself. */
function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value)) {
    if (Array.isArray(part) || Object.getPrototypeOf(part ?? 0) === Object.prototype) deepFreeze(part as object);
  }
  return Object.freeze(value);
}
