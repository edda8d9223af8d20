import type { Logger } from '@zk/contracts';
import type { EnsembleParts } from '@zk/server';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { quorumTransport } from './compose-quorum.js';
import { DirectoryFiles } from './config/ensemble/directory-files.js';
import type { EnsembleSettings, ObserverSettings } from './config/ensemble/ensemble-settings.js';
import { MembershipFiles } from './config/ensemble/membership-files.js';
import { OracleFile } from './config/ensemble/oracle-file.js';
import type { ServerConfig } from './config/server-config.js';

/** What makes the server a member of an ensemble; undefined when the configuration describes one that stands alone. */
export async function ensembleOf(config: ServerConfig, logger: Logger): Promise<EnsembleParts | undefined> {
  const { ensemble } = config;
  if (ensemble === undefined) return undefined;
  const { serverId, election, leader, learner } = ensemble;
  const { snapshotSizeFactor } = leader;
  return {
    id: serverId,
    config: ensemble.config,
    transport: await quorumTransport(ensemble, logger),
    leaderServes: leader.servesClients,
    checksAclsEarly: learner.checksAclsEarly,
    isReadOnlyModeEnabled: ensemble.isReadOnlyModeEnabled,
    isStandaloneEnabled: ensemble.isStandaloneEnabled,
    ...membershipOf(config),
    connectTimeoutMs: election.connectTimeoutMs,
    handshakeTimeoutMs: election.handshakeTimeoutMs,
    electionBindAttempts: election.portBindAttempts,
    isElectionKeptAlive: election.isKeptAlive,
    multiAddress: ensemble.multiAddress,
    ...(snapshotSizeFactor === undefined ? {} : { snapshotSizeFactor }),
    ...observerMasterOf(ensemble.observer),
    isListeningOnAllAddresses: ensemble.isListeningOnAllAddresses,
    mayVoteEmpty: () => mayVoteEmpty(config.dataLogDir, ensemble),
    ...oracleOf(ensemble, logger),
    peer: peerOptionsOf(ensemble, config.tickTimeMs),
  };
}

/** Times and limits of the protocol. */
function peerOptionsOf(ensemble: EnsembleSettings, tickTimeMs: number): NonNullable<EnsembleParts['peer']> {
  const { election, leader, learner, observer } = ensemble;
  const { maxWaitForEpochMs } = leader;
  return {
    tickTimeMs,
    initLimitTicks: ensemble.initLimitTicks,
    syncLimitTicks: ensemble.syncLimitTicks,
    connectLimitTicks: ensemble.connectToLeaderLimitTicks,
    ...(maxWaitForEpochMs === undefined ? {} : { maxEpochWaitMs: maxWaitForEpochMs }),
    commitLogCount: leader.commitLogCount,
    minNotificationMs: election.minNotificationMs,
    maxNotificationMs: election.maxNotificationMs,
    connectRetryMs: Math.min(20, learner.connectRetryMs),
    observerReconnectDelayMs: observer.reconnectDelayMs,
    observerElectionDelayMs: observer.electionDelayMs,
    observersKeepLog: observer.keepsLog,
    maxConcurrentSnapSyncs: leader.maxConcurrentSnapSyncs,
    maxConcurrentDiffSyncs: leader.maxConcurrentDiffSyncs,
    isSnapshotForced: leader.isSnapshotForced,
    isReconfigEnabled: ensemble.isReconfigEnabled,
  };
}

/** The file `initialize` says that a data directory is empty because it is new. It is good for one start. */
async function mayVoteEmpty(dataLogDir: string, { canVoteEmpty }: EnsembleSettings): Promise<boolean> {
  const file = path.join(dataLogDir, 'initialize');
  const isThere = existsSync(file);
  await rm(file, { force: true });
  return canVoteEmpty || isThere;
}

function oracleOf({ oracleFile }: EnsembleSettings, logger: Logger): Pick<EnsembleParts, 'isOtherVoterLost'> {
  if (oracleFile === undefined) return {};
  const oracle = new OracleFile(oracleFile, logger);
  return { isOtherVoterLost: () => oracle.isOtherVoterLost() };
}

function observerMasterOf({
  masterPort,
  masterMaxQueuedBytes,
}: ObserverSettings): Pick<EnsembleParts, 'observerMaster'> {
  return masterPort === undefined ? {} : { observerMaster: { port: masterPort, maxQueuedBytes: masterMaxQueuedBytes } };
}

/** Where changes of the members are kept: beside the configuration file, which then points to them. */
function membershipOf({ configFile, ensemble }: ServerConfig): Pick<EnsembleParts, 'membership'> {
  if (configFile === undefined || ensemble?.isReconfigEnabled !== true) return {};
  const { serverId, config, lastSeen, isStatic } = ensemble;
  const directory = path.dirname(path.resolve(configFile));
  const name = path.basename(configFile);
  const files = new MembershipFiles(new DirectoryFiles(directory), { name, directory, serverId, config, lastSeen });
  let isBackedUp = !isStatic;
  return {
    membership: {
      seen: (seen) => files.seen(seen),
      committed: async (committed) => {
        if (!isBackedUp) await files.backUp();
        isBackedUp = true;
        await files.committed(committed);
      },
    },
  };
}
