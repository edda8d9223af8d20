import type { Logger } from '@zk/contracts';
import type { EnsembleParts } from '@zk/server';
import { TcpTransport } from '@zk/transport-tcp';
import type { ServerConfig } from './config/server-config.js';

/** What makes the server a member of an ensemble; undefined when the configuration describes one that stands alone. */
export function ensembleOf(config: ServerConfig, logger: Logger): EnsembleParts | undefined {
  const { ensemble } = config;
  if (ensemble === undefined) return undefined;
  const { serverId, election, leader, learner } = ensemble;
  return {
    id: serverId,
    config: ensemble.config,
    transport: new TcpTransport({ logger }),
    leaderServes: leader.servesClients,
    connectTimeoutMs: election.connectTimeoutMs,
    isListeningOnAllAddresses: ensemble.isListeningOnAllAddresses,
    peer: {
      tickTimeMs: config.tickTimeMs,
      initLimitTicks: ensemble.initLimitTicks,
      syncLimitTicks: ensemble.syncLimitTicks,
      commitLogCount: leader.commitLogCount,
      minNotificationMs: election.minNotificationMs,
      maxNotificationMs: election.maxNotificationMs,
      connectRetryMs: learner.connectRetryMs,
      isSnapshotForced: leader.isSnapshotForced,
      isReconfigEnabled: ensemble.isReconfigEnabled,
    },
  };
}
