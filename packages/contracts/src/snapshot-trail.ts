import type { Zxid } from '@zk/model';
import type { SnapshotInfo } from './storage.js';

/**
 * What a storage has seen of its snapshots since it was opened: which one a start can rely on, and which ones could not be
 * used. Purging goes by it, since a snapshot that looks whole may be damaged within.
 *
 * Nobody has to tell it: a loader reads the newest snapshot first, and an older one only because that was of no use.
 */
export class SnapshotTrail {
  /** The snapshot that was read whole, or committed, last: what is newer is damaged, or about to be removed. */
  private reliable: Zxid | undefined;
  private lastRead: SnapshotInfo | undefined;
  /** Names of snapshots after which an older one had to be read. */
  private readonly damaged = new Set<string>();
  /** How often snapshots were committed or removed. */
  private changes = 0;

  /** A new life begins, of which nothing is known. */
  reset(): void {
    this.reliable = this.lastRead = undefined;
    this.damaged.clear();
    this.changes++;
  }

  /** The pieces of a snapshot, while it takes note of how far they are read. */
  async *reading(info: SnapshotInfo, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.begin(info);
    const { changes } = this;
    yield* pieces;
    if (changes !== this.changes) return;
    this.damaged.delete(info.name);
    this.reliable = info.zxid;
  }

  private begin(info: SnapshotInfo): void {
    const before = this.lastRead;
    this.lastRead = info;
    if (before === undefined || before.name === info.name || before.zxid < info.zxid) return;
    this.damaged.add(before.name);
    if (this.reliable === before.zxid) this.reliable = undefined;
  }

  committed({ name, zxid }: Pick<SnapshotInfo, 'name' | 'zxid'>): void {
    this.changes++;
    this.damaged.delete(name);
    this.reliable = zxid;
  }

  /** Snapshots with a greater zxid have been removed. */
  removedAfter(zxid: Zxid): void {
    this.changes++;
    if (this.reliable !== undefined && this.reliable > zxid) this.reliable = undefined;
  }

  /**
   * The oldest of the snapshots that a purge retains.
   * @param infos what there is, newest first
   * @param retain how many, those not counted that are damaged or newer than the one to rely on
   * @returns undefined while there is none to rely on: nothing may be removed then
   * @throws RangeError for fewer than one
   */
  oldestRetained(infos: readonly SnapshotInfo[], retain: number): Zxid | undefined {
    if (!Number.isInteger(retain) || retain < 1) throw new RangeError(`Cannot retain ${retain} snapshots: at least 1`);
    const { reliable } = this;
    if (reliable === undefined) return undefined;
    const counted = infos.filter(({ name, zxid }) => zxid <= reliable && !this.damaged.has(name));
    if (counted[0]?.zxid !== reliable) return undefined;
    return counted[Math.min(retain, counted.length) - 1]?.zxid;
  }
}
