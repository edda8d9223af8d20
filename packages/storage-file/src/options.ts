import { silentLogger } from '@zk/contracts';
import type { Logger } from '@zk/contracts';
import type { LogDevice } from './log-device.js';
import { type StorageClock, type StorageScheduler, machineTime } from './machine-time.js';

export type SnapshotCompression = '' | 'gz' | 'snappy';

export interface FileStorageOptions {
  /** Snapshots and state files go to `version-2` in here. */
  readonly dataDir: string;
  /** Txn logs go to `version-2` in here; the default is `dataDir`. */
  readonly dataLogDir?: string;
  /**
   * How far ahead of the log's end zeroes are written, at most 4 MiB; 0 or less: not at all. Apache's default of 64 MiB
   * is accepted and means 4 MiB, since these zeroes are allocated and not a hole. Default 64 MiB.
   */
  readonly preAllocBytes?: number;
  /** False: entries count as durable once the operating system has them. A power failure then loses them. Default true. */
  readonly forceSync?: boolean;
  /** For snapshots to be written; all are read. Default ''. */
  readonly snapshotCompression?: SnapshotCompression;
  /** A log file larger than this is followed by a new one; 0 or less: no limit. Default -1. */
  readonly txnLogSizeLimitBytes?: number;
  /** Syncs that take longer are reported. Default 1000. */
  readonly fsyncWarningThresholdMs?: number;
  /** Creates missing directories. Default true. */
  readonly autocreate?: boolean;
  /** Accepts log entries without any snapshot: they are replayed into an empty tree. Default false. */
  readonly trustEmptySnapshot?: boolean;
  /** No payload of an entry is longer, read or written. Default 2,097,150, as Apache's `jute.maxbuffer` plus extra. */
  readonly maxEntryBytes?: number;
  readonly logger?: Logger;
  /** For deadlines. Default: the clock of this machine. */
  readonly clock?: StorageClock;
  /** For pauses. Default: the timers of this process, which do not keep it alive. */
  readonly scheduler?: StorageScheduler;
  /** The operating system as the log sees it, for tests of failures. Default: {@link ThreadLogDevice}. */
  readonly createLogDevice?: () => LogDevice;
  /** Pause before the first probe of a failed medium; it doubles up to 5 s. Default 100. */
  readonly firstProbeDelayMs?: number;
}

export type ResolvedOptions = Required<Omit<FileStorageOptions, 'createLogDevice'>> &
  Pick<FileStorageOptions, 'createLogDevice'>;

export function resolveOptions(options: FileStorageOptions): ResolvedOptions {
  return {
    dataLogDir: options.dataDir,
    preAllocBytes: 64 * 1024 * 1024,
    forceSync: true,
    snapshotCompression: '',
    txnLogSizeLimitBytes: -1,
    fsyncWarningThresholdMs: 1000,
    autocreate: true,
    trustEmptySnapshot: false,
    maxEntryBytes: 2 * 0xfffff,
    logger: silentLogger,
    clock: machineTime,
    scheduler: machineTime,
    firstProbeDelayMs: 100,
    ...definedOf(options),
  };
}

/** Without the keys whose value is undefined, which would hide a default. */
function definedOf(options: FileStorageOptions): FileStorageOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as FileStorageOptions;
}
