import type { ReplayReport, SnapshotInfo, Storage } from '@zk/contracts';
import { type Zxid, counterOf, int64 } from '@zk/model';
import type { Agenda, SeededRandom } from '@zk/simulation';
import { MemoryStorage } from '@zk/storage-memory';
import { type DiskBehaviour, DiskView, gone } from './disk-view.js';
import { Life } from './life.js';

/** Hears of everything that is appended to any log. */
export type AppendListener = (zxidHi: number, zxidLo: number, txn: Uint8Array) => void;

/** Longest time a write to the disk takes while the disk is well, in ms. */
const MAX_WRITE_MS = 4;
/** Chance that the first entry which a power failure has taken is there in part. */
const TORN_CHANCE = 0.5;

/** How many times longer than usual things take. */
export interface Slowness {
  /** Syncs of the log, which may have a device of its own. */
  log: number;
  others: number;
}

/**
 * The disk of one machine, which outlives its processes. Syncs and writes take time; a crash keeps any beginning of what
 * was not synced, perhaps with a part of the next entry, and a write that was going on has happened or has not.
 */
export class SimulatedDisk {
  slowness: Slowness = { log: 1, others: 1 };
  /** Nothing is written of snapshots before this time, in ms of the agenda. */
  snapshotsStallUntilMs = 0;
  /** Hears, in an event of its own, of the next snapshot that is written. */
  onNextSnapshot: (() => void) | undefined;
  private life: Life;
  private readonly storage: MemoryStorage;
  private readonly damaged = new Set<string>();
  /** Names of snapshots that this machine has taken of what it had logged. */
  private readonly logged = new Set<string>();
  private lastAppended: Zxid = 0n;
  /** Of the newest snapshot when the log was empty last: no older one leads anywhere. */
  private emptyAt: Zxid = 0n;
  private torn: ReplayReport['torn'];

  constructor(
    private readonly agenda: Agenda,
    private readonly random: SeededRandom,
    private readonly onAppend: AppendListener,
  ) {
    this.life = new Life(agenda);
    this.storage = new MemoryStorage({
      defer: (callback) => this.life.in(this.writeMs(this.slowness.log), callback),
    });
  }

  /** What a process sees of it; the one before must have ended. */
  mount(life: Life): Storage {
    this.life = life;
    return new DiskView(this.storage, life, this.behaviourFor(life));
  }

  /** The process has ended. @param keepsWrites false when the power has failed: what was not synced is lost, or part of it */
  crash(keepsWrites: boolean): void {
    this.onNextSnapshot = undefined;
    this.storage.crash({ keeps: (entries) => (keepsWrites ? entries : this.kept(entries)) });
  }

  /**
   * The newest snapshot cannot be read any more, if the one before it and the log make up for it.
   * @returns whether that is so
   */
  async damageSnapshot(): Promise<boolean> {
    const [newest, before] = (await this.storage.snapshots.list()).filter(({ name }) => !this.damaged.has(name));
    if (newest === undefined || before === undefined) return false;
    if (!this.logged.has(newest.name) || before.zxid < this.emptyAt) return false;
    this.damaged.add(newest.name);
    return true;
  }

  fill(): void {
    this.storage.failWrites(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
  }

  /** There is room, and everything takes its usual time. */
  clean(): void {
    this.slowness = { log: 1, others: 1 };
    this.storage.allowWrites();
  }

  /** How many of the entries that were not synced a power failure leaves. */
  private kept(entries: number): number {
    const kept = this.random.between(0, entries);
    const isTorn = kept < entries && this.random.chance(TORN_CHANCE);
    this.torn = isTorn ? { file: 'the log', offset: kept, reason: 'the power failed' } : undefined;
    return kept;
  }

  private behaviourFor(life: Life): DiskBehaviour {
    return {
      appended: (zxidHi, zxidLo, txn) => {
        this.lastAppended = int64(zxidHi, zxidLo);
        this.onAppend(zxidHi, zxidLo, txn);
      },
      write: (action) => this.write(life, 0, action),
      writeSnapshot: (action) => this.write(life, this.snapshotsStallUntilMs - this.agenda.nowMs, action),
      snapshotWritten: (info) => this.snapshotWritten(info),
      logEnds: (zxid) => this.logEnds(zxid),
      isDamaged: ({ name }) => this.damaged.has(name),
      torn: () => this.takeTorn(),
    };
  }

  private snapshotWritten({ name, zxid }: SnapshotInfo): void {
    this.damaged.delete(name);
    // That of the beginning of an epoch no log has: it may end before it, and says nothing of it then.
    if (counterOf(zxid) > 0 && zxid <= this.lastAppended) this.logged.add(name);
    else this.logged.delete(name);
    const { onNextSnapshot } = this;
    this.onNextSnapshot = undefined;
    if (onNextSnapshot !== undefined) this.life.in(0, onNextSnapshot);
  }

  private async logEnds(zxid: Zxid | undefined): Promise<void> {
    this.lastAppended = zxid ?? 0n;
    if (zxid === undefined) this.emptyAt = (await this.storage.snapshots.list())[0]?.zxid ?? 0n;
  }

  private takeTorn(): ReplayReport['torn'] {
    const { torn } = this;
    this.torn = undefined;
    return torn;
  }

  private writeMs(slowness: number): number {
    return this.random.duration(0.1, MAX_WRITE_MS) * slowness;
  }

  /** Does it at the beginning or at the end of the time it takes; a process that ends in between is not told. */
  private async write<T>(life: Life, minMs: number, action: () => Promise<T>): Promise<T> {
    if (life.isOver) throw gone();
    const isEarly = this.random.chance(0.5);
    const early = isEarly ? await action() : undefined;
    const durationMs = Math.max(minMs, this.writeMs(this.slowness.others));
    await new Promise<void>((resolve) => this.agenda.in(durationMs, resolve));
    if (life.isOver) throw gone();
    return isEarly ? (early as T) : action();
  }
}
