import type { AuthProviders, Clock } from '@zk/contracts';
import type { DataTree, WatchTable } from '@zk/data-tree';
import type { Session, SessionTracker } from '@zk/session';
import type { LatencyStats } from './stats.js';

export interface ClientPipelineOptions {
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Disables every permission check. */
  readonly skipAcl: boolean;
  /** Schemes of which a client must have proved one before anything but authentication; empty: none is needed. */
  readonly requiredSchemes: readonly string[];
  /**
   * Bytes that the replies to reads that waited for a write may add up to, of all clients together. Such reads are answered
   * one after the other without a pause, so that none sees a later write of its session; those behind this limit are refused
   * as throttled, unless what their client has asked for is less than a 128th of it.
   */
  readonly maxHeldReplyBytes: number;
  /** Whether writes are refused here for want of a permission, before the leader sees them; default false. */
  readonly checksAclsEarly?: boolean;
  /** Whether new sessions are known to this server only; absent: they are not. */
  readonly localSessions?: LocalSessionOptions;
}

export interface LocalSessionOptions {
  readonly areOn: boolean;
  /** Whether a local session that creates an ephemeral becomes one that all servers know; otherwise it is refused. */
  readonly areUpgraded: boolean;
}

export interface ClientPipelineParts {
  readonly tree: DataTree;
  readonly watches: WatchTable;
  readonly sessions: SessionTracker;
  readonly providers: AuthProviders;
  readonly clock: Clock;
  /** Told when a session begins, comes back on another connection, or has ended: by its client, or because it expired. */
  readonly onSession?: (kind: SessionChange, session: Session) => void;
  /**
   * The state includes everything before this epoch, although no transaction of it may have been applied yet: clients that
   * have seen its first zxid elsewhere are welcome.
   */
  readonly startEpoch?: number;
  /** Of the pipeline before this one, to go on counting. */
  readonly latency?: LatencyStats;
  readonly updateLatency?: LatencyStats;
}

export type SessionChange = 'created' | 'reattached' | 'closed' | 'expired';
