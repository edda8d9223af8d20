import type { AuthProviders, Clock, Logger, RandomSource, Scheduler, Storage } from '@zk/contracts';
import type { DecodedSnapshot } from '@zk/data-tree';
import type { ClientPipeline, LatencyStats, PipelineOptions, SessionChange } from '@zk/request-pipeline';
import type { Session, SessionTracker } from '@zk/session';
import type { Database } from './database.js';
import type { ServerOptions } from './options.js';
import type { PersistedSession, Snapshotter } from './snapshotter.js';

/**
 * How a server keeps its state: alone ({@link StandaloneReplica}), or as a member of an ensemble
 * ({@link EnsembleReplica}). It tells its host when clients may come, and which pipeline serves them.
 */
export interface Replica {
  /**
   * Opens the storage and loads what is there. When it resolves, clients may be listened for.
   * @throws CorruptionError, or Error when that is impossible
   */
  start(): Promise<void>;
  /** A turn of the event loop ends: what was written in it goes to the disk. */
  endTurn(): void;
  /** Those of the state as it is, for a snapshot. */
  persistedSessions(): Iterable<PersistedSession>;
  /** Whether the writes that are on their way may still come to an end. */
  readonly canFinish: boolean;
  /**
   * Puts another state in the place of the present one, durably; nothing may be on its way. Absent where that is not for one
   * server to decide.
   * @throws Error when it cannot be written; then everything is as before
   */
  restore?(snapshot: DecodedSnapshot): Promise<void>;
  /** Makes everything durable and closes the storage. Idempotent. */
  stop(): Promise<void>;
}

/** What a replica works with. */
export interface ReplicaParts {
  readonly storage: Storage;
  readonly providers: AuthProviders;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** How long requests took: all of them, and writes. */
export interface Latencies {
  readonly latency: LatencyStats;
  readonly updateLatency: LatencyStats;
}

export interface ServeOptions {
  /** False where only other servers use the pipeline; default true. */
  readonly acceptsClients?: boolean;
}

/** The server around a replica. */
export interface ReplicaHost {
  readonly options: ServerOptions;
  readonly database: Database;
  readonly snapshotter: Snapshotter;
  /** Opens a turn if none is open; monotonic ms, read once per turn. */
  turnNow(): number;
  /** Of requests so far: a new pipeline goes on counting. */
  readonly latencies: Latencies;
  /** From now on clients are served by this pipeline. */
  serve(pipeline: ClientPipeline, sessions: SessionTracker, options?: ServeOptions): void;
  /** No longer: their connections are closed, without replies to what is on its way. */
  suspend(): void;
  /** From now on clients connect there; those who are connected stay. */
  moveClientPort(to: { readonly host: string; readonly port: number }): void;
  /** Writes are refused for a while, or taken again. */
  setDegraded(isDegraded: boolean): void;
  sessionChanged(kind: SessionChange, session: Session): void;
  /** A session's time is over. */
  expireSession(session: Session): void;
  /** The server must not go on. */
  fail(error: Error): void;
}

export function pipelineOptionsOf(options: ServerOptions): PipelineOptions {
  return {
    extendedTypes: options.extendedTypesEnabled,
    enforceQuota: options.enforceQuota,
    maxTxnBytes: options.maxTxnBytes,
    skipAcl: options.skipAcl,
    reconfigEnabled: options.reconfigEnabled,
    digestEnabled: options.digestEnabled,
    closeSessionTxnEnabled: options.closeSessionTxnEnabled,
    minSessionTimeoutMs: options.minSessionTimeoutMs,
    maxSessionTimeoutMs: options.maxSessionTimeoutMs,
    requiredSchemes: options.requiredAuthSchemes,
    maxHeldReplyBytes: options.maxHeldReplyBytes,
  };
}
