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
  /** How long whoever dials the election port may take to say who it is (`quorumCnxnTimeoutMs`); absent: `syncLimit`. */
  readonly handshakeTimeoutMs?: number;
  /** Election connections are probed by the platform while they are idle (`tcpKeepAlive`). */
  readonly isElectionKeptAlive: boolean;
  /** Attempts to bind the election port, a second apart, before the server gives up; 0: none is the last. */
  readonly electionBindAttempts: number;
  readonly multiAddress: MultiAddressOptions;
  /** Followers serve observers; absent: only the leader does. */
  readonly observerMaster?: ObserverMasterOptions;
  /** Bytes that may wait for a learner that reads too slowly, before it is disconnected. */
  readonly maxQueuedBytes: number;
  /** The longest data of a packet, and the longest text in it: no less than the longest transaction. The same for all. */
  readonly maxPacketBytes: number;
  /**
   * A learner gets transactions from the log, not a snapshot, as long as the log is shorter than this part of the newest
   * snapshot; 0: however long it is, below 0: never. Absent: 1, and in any case up to 256 MiB.
   */
  readonly snapshotSizeFactor?: number;
  /**
   * Whether this server may vote with an empty disk: asked at every start. A server that may not takes part as soon as it has
   * learned what the others have. Absent: it may.
   */
  readonly mayVoteEmpty?: () => Promise<boolean>;
  /**
   * Whether the other voter of an ensemble of two is lost, so that this one may go on alone (`oraclePath`). It is asked while
   * the other one is not heard; what cannot be found out is a no. Absent: an ensemble of two needs both.
   */
  readonly isOtherVoterLost?: () => Promise<boolean>;
  /** Election and quorum ports are bound on all addresses (`quorumListenOnAllIPs`). */
  readonly isListeningOnAllAddresses: boolean;
}

/** Servers with several addresses. */
export interface MultiAddressOptions {
  /** Whether servers may have more than one, and tell each other all of them (`multiAddress.enabled`). */
  readonly isEnabled: boolean;
  /** Whether all addresses are tried at once, and the one in use is looked at now and then; else one after the other. */
  readonly isReachabilityChecked: boolean;
  /** How long the address in use may take to answer. */
  readonly reachabilityTimeoutMs: number;
}

export interface ObserverMasterOptions {
  /** The same for all servers, at the host of the quorum port (`observerMasterPort`). */
  readonly port: number;
  /** Bytes that may wait for an observer that reads too slowly, before it is disconnected (`observerMaster.sizeLimit`). */
  readonly maxQueuedBytes: number;
}

export const defaultEnsembleOptions: Omit<EnsembleOptions, 'id' | 'config'> = {
  peer: {},
  connectTimeoutMs: 5000,
  isElectionKeptAlive: false,
  electionBindAttempts: 3,
  multiAddress: { isEnabled: false, isReachabilityChecked: true, reachabilityTimeoutMs: 1000 },
  maxQueuedBytes: 256 << 20,
  maxPacketBytes: 2 * 0xfffff,
  isListeningOnAllAddresses: false,
};
