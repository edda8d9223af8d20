import type { EnsembleConfig, ServerId } from '@zk/quorum';
import type { PeerOptions } from '@zk/zab';

export interface EnsembleOptions {
  readonly id: ServerId;
  /** Who belongs to the ensemble, this server included. */
  readonly config: EnsembleConfig;
  /** Times and limits of the protocol: `tickTimeMs`, `initLimitTicks`, `syncLimitTicks` and the others of `@zk/zab`. */
  readonly peer: Partial<PeerOptions>;
  /** How long a connection to another server may take to come about (`zookeeper.cnxTimeout`). */
  readonly connectTimeoutMs: number;
  /** Bytes that may wait for a learner that reads too slowly, before it is disconnected. */
  readonly maxQueuedBytes: number;
  /** Election and quorum ports are bound on all addresses (`quorumListenOnAllIPs`). */
  readonly isListeningOnAllAddresses: boolean;
}

export const defaultEnsembleOptions: Omit<EnsembleOptions, 'id' | 'config'> = {
  peer: {},
  connectTimeoutMs: 5000,
  maxQueuedBytes: 256 << 20,
  isListeningOnAllAddresses: false,
};
