import type { EnsembleConfig, Role, ServerId } from '@zk/quorum';
import type { TlsConfig } from '../tls-config.js';

/** What a server of an ensemble is told beyond what a standalone one is. Ticks are of `tickTime`. */
export interface EnsembleSettings {
  /** The number in the file `myid`. */
  readonly serverId: ServerId;
  /** Who belongs to the ensemble, this server included, with the version of the file that says so. */
  readonly config: EnsembleConfig;
  /** What the last reconfiguration proposed (`<file>.dynamic.next`); undefined: nothing but {@link config}. */
  readonly lastSeen: EnsembleConfig | undefined;
  /** Role of this server by the member list. */
  readonly role: Role;
  readonly isReconfigEnabled: boolean;
  /** Whether an ensemble of one participant may become a standalone server. */
  readonly isStandaloneEnabled: boolean;
  /** Whether the members stand in the configuration file itself, not in a dynamic file. */
  readonly isStatic: boolean;

  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  readonly connectToLeaderLimitTicks: number;
  readonly isListeningOnAllAddresses: boolean;
  readonly election: ElectionSettings;
  readonly leader: LeaderSettings;
  readonly learner: LearnerSettings;
  readonly observer: ObserverSettings;
  readonly multiAddress: MultiAddressSettings;
  readonly sessions: LocalSessionSettings;
  /** Whether read-only clients are served without a quorum. */
  readonly isReadOnlyModeEnabled: boolean;
  /** Whether a server without data may vote, even without the file `initialize`. */
  readonly canVoteEmpty: boolean;
  /** File that says to one server of two whether the other one is lost; undefined: none. */
  readonly oracleFile: string | undefined;
  /** undefined: quorum connections are plain text. */
  readonly tls: QuorumTlsSettings | undefined;
  /** undefined: members do not authenticate. */
  readonly sasl: QuorumSaslSettings | undefined;
}

export interface ElectionSettings {
  readonly connectTimeoutMs: number;
  /** How long a server that dialled may take to say who it is. */
  readonly handshakeTimeoutMs: number;
  /** 0: for ever. */
  readonly portBindAttempts: number;
  readonly minNotificationMs: number;
  readonly maxNotificationMs: number;
  readonly isKeptAlive: boolean;
}

export interface LeaderSettings {
  readonly servesClients: boolean;
  /** How long a leader waits for voters that look for another one; undefined: as long as it takes. */
  readonly maxWaitForEpochMs: number | undefined;
  readonly maxConcurrentSnapSyncs: number;
  readonly maxConcurrentDiffSyncs: number;
  /** Learners get snapshots only. */
  readonly isSnapshotForced: boolean;
  /** Transactions kept in memory for learners that missed a few. */
  readonly commitLogCount: number;
  /** A learner gets transactions from the log as long as they are shorter than this part of a snapshot; undefined: not said. */
  readonly snapshotSizeFactor: number | undefined;
}

export interface LearnerSettings {
  /** Between attempts to connect to the leader. */
  readonly connectRetryMs: number;
  /** Whether it refuses writes without permission itself, instead of asking the leader. */
  readonly checksAclsEarly: boolean;
}

export interface ObserverSettings {
  readonly keepsLog: boolean;
  readonly reconnectDelayMs: number;
  readonly electionDelayMs: number;
  /** Where a follower serves observers; undefined: it does not. */
  readonly masterPort: number | undefined;
  readonly masterMaxQueuedBytes: number;
}

export interface MultiAddressSettings {
  readonly isEnabled: boolean;
  readonly isReachabilityChecked: boolean;
  readonly reachabilityTimeoutMs: number;
}

export interface LocalSessionSettings {
  readonly areLocal: boolean;
  readonly areUpgraded: boolean;
}

export interface QuorumTlsSettings extends TlsConfig {
  /** Whether connections to others are TLS. */
  readonly isUsed: boolean;
  /** Whether the certificate of a server that is dialled must be for its name. */
  readonly verifiesServerNames: boolean;
  /** Whether quorum ports take plain text, too. */
  readonly allowsPlainText: boolean;
}

export interface QuorumSaslSettings {
  readonly isRequiredOfServers: boolean;
  readonly isRequiredOfLearners: boolean;
  /** Names with passwords of those who may connect here; secrets. */
  readonly users: readonly (readonly [name: string, password: string])[];
  /** What this server says when it connects to others; secrets. */
  readonly login: { readonly name: string; readonly password: string };
}
