import type { SnapshotInfo } from '@zk/contracts';

/** One entry of the log; the bytes are the log's own copy. */
export interface MemoryEntry {
  readonly hi: number;
  readonly lo: number;
  readonly bytes: Uint8Array;
  /** True when a roll came before it: files have this granularity, and so has purging. */
  readonly beginsFile: boolean;
}

/**
 * What a disk would hold: it outlives every open and close of the storage on top of it. `durableCount` divides the
 * entries that a crash keeps from those it takes.
 */
export class MemoryMedium {
  readonly entries: MemoryEntry[] = [];
  durableCount = 0;
  readonly snapshots = new Map<string, { readonly info: SnapshotInfo; readonly pieces: readonly Uint8Array[] }>();
  readonly state = new Map<string, string>();

  /** What every write is refused with, while there is no space. */
  writeError: Error | undefined;

  /** Removes everything behind the first `count` entries. */
  cutTo(count: number): void {
    this.entries.length = count;
    this.durableCount = Math.min(this.durableCount, count);
  }
}
