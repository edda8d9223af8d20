import type { Logger, SnapshotInfo, Storage } from '@zk/contracts';
import { CorruptionError, type Zxid, epochOf, hex64, int64 } from '@zk/model';
import type { DiskContents, LogEntry } from '@zk/zab';
import type { ReplicatedState } from './replicated-state.js';

/**
 * Whether something may be missing between two neighbours in the log. Within an epoch zxids tell; where an epoch begins they
 * do not. A hole is what a server leaves in its log when it takes its state over from a leader, and the snapshot that it
 * writes then lies within the hole.
 */
export function mayHideHole(before: Zxid, next: Zxid, snapshots: readonly Zxid[]): boolean {
  return epochOf(before) !== epochOf(next) && snapshots.some((zxid) => before < zxid && zxid < next);
}

/**
 * Loads the state that a disk leads to: the newest snapshot that can be read, and the log behind it. A damaged snapshot is
 * passed over only for an older one from which the log leads beyond it, so that nothing acknowledged is forgotten.
 * @param recentCount how many of the last entries are reported, at most
 * @throws CorruptionError
 */
export async function loadHistory(
  storage: Storage,
  state: ReplicatedState,
  recentCount: number,
  logger: Logger,
): Promise<DiskContents> {
  const { snapshots, log } = storage;
  const { base, passedOver, error } = await loadSnapshot(await snapshots.list(), storage, state, logger);
  let recent: LogEntry[] = [];
  let lastZxid = base;
  await log.replay(base, (hi, lo, bytes, start, end) => {
    const entry = { zxid: int64(hi, lo), txn: bytes.slice(start, end) };
    if (mayHideHole(lastZxid, entry.zxid, passedOver)) throw error;
    state.apply(entry.txn, entry.zxid, 'recovery');
    lastZxid = entry.zxid;
    recent.push(entry);
    if (recent.length > 2 * recentCount) recent = recent.slice(-recentCount);
  });
  if (passedOver.some((zxid) => zxid > lastZxid)) throw error;
  return { lastZxid, recent: recent.slice(-recentCount) };
}

interface LoadedSnapshot {
  readonly base: Zxid;
  /** Zxids of damaged snapshots that are newer. */
  readonly passedOver: readonly Zxid[];
  /** What was wrong with the newest of them. */
  readonly error: unknown;
}

async function loadSnapshot(
  infos: readonly SnapshotInfo[],
  storage: Storage,
  state: ReplicatedState,
  logger: Logger,
): Promise<LoadedSnapshot> {
  const passedOver: Zxid[] = [];
  let firstError: unknown;
  for (const info of infos) {
    try {
      const { name, zxid, sizeBytes } = info;
      const loader = state.load({ form: 'file', name, zxid, sizeBytes });
      for await (const piece of storage.snapshots.read(info)) loader.push(piece);
      loader.finish();
      return { base: zxid, passedOver, error: firstError };
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      firstError ??= error;
      passedOver.push(info.zxid);
      logger.error({ snapshot: info.name, err: error }, 'a snapshot is damaged; trying the one before it');
    }
  }
  if (firstError !== undefined) throw firstError;
  state.clear();
  return { base: 0n, passedOver, error: undefined };
}

/** The log from the last entry at or before `after` on. @throws CorruptionError where something may be missing */
export async function* withoutHoles(
  batches: AsyncIterable<readonly LogEntry[]>,
  snapshots: readonly Zxid[],
): AsyncGenerator<readonly LogEntry[]> {
  let before: Zxid | undefined;
  for await (const batch of batches) {
    for (const { zxid } of batch) {
      if (before !== undefined && mayHideHole(before, zxid, snapshots)) {
        const detail = `transactions may be missing between zxid 0x${hex64(before)} and 0x${hex64(zxid)}`;
        throw new CorruptionError('the log', 0, detail, 'A learner needs a snapshot instead');
      }
      before = zxid;
    }
    yield batch;
  }
}
