import { resolve } from 'node:path';
import type { EnsembleConfig, ServerId } from '@zk/quorum';
import { openJaas, usersOf } from '../login-sections.js';
import type { SettingReader } from '../setting-reader.js';
import { quorumTls } from '../tls.js';
import type { EnsembleSettings, LeaderSettings, ObserverSettings, QuorumSaslSettings } from './ensemble-settings.js';
import type { Membership } from './membership.js';

/** What is known of the ensemble before its other settings are read. */
export interface EnsembleContext {
  readonly membership: Membership;
  readonly lastSeen: EnsembleConfig | undefined;
  readonly serverId: ServerId;
  readonly tickTimeMs: number;
  readonly workingDirectory: string;
}

/** Turns settings into the typed object. Problems end up in the reader; the result is usable only without any. */
export function buildEnsemble(reader: SettingReader, context: EnsembleContext): EnsembleSettings {
  const { membership, serverId, tickTimeMs, workingDirectory } = context;
  const initLimitTicks = requiredTicks(reader, 'initLimit', 10);
  const syncLimitTicks = requiredTicks(reader, 'syncLimit', 5);
  const handshakeTimeoutMs = reader.whole('quorumCnxnTimeoutMs');
  const oracleFile = reader.text('oraclePath');
  reader.whole('electionAlg');
  return {
    serverId,
    config: membership.config,
    lastSeen: context.lastSeen,
    role: roleOf(reader, membership, serverId),
    isReconfigEnabled: reader.boolean('reconfigEnabled'),
    isStandaloneEnabled: reader.boolean('standaloneEnabled'),
    isStatic: reader.text('dynamicConfigFile') === undefined,

    initLimitTicks,
    syncLimitTicks,
    connectToLeaderLimitTicks: reader.whole('connectToLearnerMasterLimit') || initLimitTicks,
    isListeningOnAllAddresses: reader.boolean('quorumListenOnAllIPs'),
    election: {
      connectTimeoutMs: reader.whole('cnxTimeout'),
      handshakeTimeoutMs: handshakeTimeoutMs > 0 ? handshakeTimeoutMs : syncLimitTicks * tickTimeMs,
      portBindAttempts: reader.whole('electionPortBindRetry'),
      minNotificationMs: reader.whole('fastleader.minNotificationInterval'),
      maxNotificationMs: reader.whole('fastleader.maxNotificationInterval'),
      isKeptAlive: reader.boolean('tcpKeepAlive'),
    },
    leader: leaderSettings(reader),
    learner: {
      connectRetryMs: reader.whole('leaderConnectDelayDuringRetryMs'),
      checksAclsEarly: reader.boolean('enableEagerACLCheck'),
    },
    observer: observerSettings(reader),
    multiAddress: {
      isEnabled: reader.boolean('multiAddress.enabled'),
      isReachabilityChecked: reader.boolean('multiAddress.reachabilityCheckEnabled'),
      reachabilityTimeoutMs: reader.whole('multiAddress.reachabilityCheckTimeoutMs'),
    },
    sessions: {
      areLocal: reader.boolean('localSessionsEnabled'),
      areUpgraded: reader.boolean('localSessionsUpgradingEnabled'),
    },
    isReadOnlyModeEnabled: reader.boolean('readonlymode.enabled'),
    canVoteEmpty: reader.boolean('db.autocreate'),
    oracleFile: oracleFile === undefined ? undefined : resolve(workingDirectory, oracleFile),
    tls: quorumTls(reader, workingDirectory),
    sasl: quorumSasl(reader, workingDirectory),
  };
}

/** Both limits have no default: Apache ZooKeeper refuses an ensemble without them. */
function requiredTicks(reader: SettingReader, name: string, usual: number): number {
  const ticks = reader.optionalWhole(name);
  if (ticks === undefined && !reader.isSet(name)) {
    reader.problems.push(`${name} is not set: an ensemble needs it, in ticks of tickTime, such as ${name}=${usual}`);
  } else if (ticks === 0) {
    reader.problems.push(`${reader.where(name)}: ${name} must be at least one tick in an ensemble`);
  }
  return ticks ?? usual;
}

/** The list decides; `peerType` is only compared with it. */
function roleOf(reader: SettingReader, membership: Membership, serverId: ServerId): EnsembleSettings['role'] {
  const role = membership.config.servers.get(serverId)?.role ?? 'participant';
  const peerType = reader.choice('peerType');
  if (reader.isSet('peerType') && peerType !== role) {
    reader.warnings.push(
      `${reader.where('peerType')}: peerType is ${peerType}, but server.${serverId} is listed as ${role} ` +
        `(${membership.where(serverId)}); the list counts`,
    );
  }
  return role;
}

function leaderSettings(reader: SettingReader): LeaderSettings {
  const maxWaitForEpochMs = reader.whole('leader.maxTimeToWaitForEpoch');
  return {
    servesClients: reader.yesNo('leaderServes'),
    maxWaitForEpochMs: maxWaitForEpochMs < 0 ? undefined : maxWaitForEpochMs,
    maxConcurrentSnapSyncs: reader.whole('leader.maxConcurrentSnapSyncs'),
    maxConcurrentDiffSyncs: reader.whole('leader.maxConcurrentDiffSyncs'),
    isSnapshotForced: reader.boolean('forceSnapshotSync'),
    commitLogCount: reader.whole('commitLogCount'),
    snapshotSizeFactor: reader.isSet('snapshotSizeFactor') ? reader.ratio('snapshotSizeFactor') : undefined,
  };
}

function observerSettings(reader: SettingReader): ObserverSettings {
  const masterPort = reader.port('observerMasterPort');
  return {
    keepsLog: reader.boolean('syncEnabled'),
    reconnectDelayMs: reader.whole('observer.reconnectDelayMs'),
    electionDelayMs: reader.whole('observer.election.DelayMs'),
    masterPort: masterPort === 0 ? undefined : masterPort,
    masterMaxQueuedBytes: reader.whole('observerMaster.sizeLimit'),
  };
}

/** spec: election, section 6. What servers ask for, learners must be able to give, and both need SASL on at all. */
function quorumSasl(reader: SettingReader, workingDirectory: string): QuorumSaslSettings | undefined {
  const [enabled, learner, server] = ['enableSasl', 'learnerRequireSasl', 'serverRequireSasl'].map(
    (name) => `quorum.auth.${name}`,
  ) as [string, string, string];
  for (const [name, needed] of [
    [learner, enabled],
    [server, enabled],
    [server, learner],
  ] as const) {
    if (!reader.boolean(name) || reader.boolean(needed)) continue;
    reader.problems.push(`${reader.where(name)}: ${name}=true needs ${needed}=true`);
  }
  if (!reader.boolean(enabled)) return undefined;
  return {
    isRequiredOfServers: reader.boolean(learner),
    isRequiredOfLearners: reader.boolean(server),
    ...quorumLogins(reader, workingDirectory, enabled),
  };
}

function quorumLogins(
  reader: SettingReader,
  workingDirectory: string,
  enabled: string,
): Pick<QuorumSaslSettings, 'users' | 'login'> {
  const file = openJaas(reader, workingDirectory);
  if (file === undefined && !reader.isSet('java.security.auth.login.config')) {
    reader.problems.push(
      `${reader.where(enabled)}: ${enabled}=true needs java.security.auth.login.config: a file with the logins of members`,
    );
  }
  const modulesOf = (key: string) => {
    const name = reader.text(key) ?? '';
    const modules = file?.section(name);
    if (file !== undefined && modules === undefined) {
      reader.problems.push(`${file.where}: ${file.location} has no section "${name}", which ${key} names`);
    }
    return { name, modules: modules ?? [] };
  };
  const servers = modulesOf('quorum.auth.server.saslLoginContext');
  const learners = modulesOf('quorum.auth.learner.saslLoginContext');
  const options = learners.modules[0]?.options;
  const [name, password] = [options?.get('username'), options?.get('password')];
  if (file !== undefined && options !== undefined && (name === undefined || password === undefined)) {
    reader.problems.push(
      `${file.where}: section "${learners.name}" of ${file.location} needs a username and a password`,
    );
  }
  return { users: usersOf(servers.modules), login: { name: name ?? '', password: password ?? '' } };
}
