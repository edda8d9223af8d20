import { SnapshotTrail } from '@zk/contracts';
import type { Clock, SnapshotStore, StateStore, Storage, StorageLocation, StorageUsage, TxnLog } from '@zk/contracts';
import { int64 } from '@zk/model';
import { MemoryLog } from './memory-log.js';
import { MemoryMedium } from './memory-medium.js';
import { MemorySnapshots } from './memory-snapshots.js';

export interface MemoryStorageOptions {
  /**
   * How a sync waits for its end: calls back later, never at once. The default is `setImmediate`; a simulator hands in
   * its scheduler, a test of slow disks a timer.
   */
  readonly defer?: (callback: () => void) => void;
  /** Dates the snapshots. The default is the machine's. */
  readonly clock?: Pick<Clock, 'wallMs'>;
}

/**
 * A storage without a medium. What it holds survives {@link close}: opening the same object again is a restart, and
 * after {@link crash} it is a restart that has lost whatever was not synced. Faults are injected with the methods that
 * are not part of the contract.
 */
export class MemoryStorage implements Storage {
  readonly log: TxnLog;
  readonly snapshots: SnapshotStore;
  readonly state: StateStore;
  readonly location: StorageLocation = { dataDir: '', dataLogDir: '' };
  readonly #medium = new MemoryMedium();
  readonly #log: MemoryLog;
  readonly #snapshots: MemorySnapshots;
  readonly #trail = new SnapshotTrail();
  #isOpen = false;
  #closing: Promise<void> | undefined;

  constructor(options: MemoryStorageOptions = {}) {
    this.#log = new MemoryLog(this.#medium, options.defer ?? ((callback) => void setImmediate(callback)));
    this.log = this.#log;
    this.snapshots = this.#snapshots = new MemorySnapshots(
      this.#medium,
      this.#trail,
      options.clock ?? { wallMs: Date.now },
    );
    this.state = new MemoryState(this.#medium);
  }

  open(): Promise<void> {
    if (this.#isOpen) return Promise.reject(new Error('The storage is open already, perhaps in another server'));
    this.#isOpen = true;
    this.#closing = undefined;
    this.#log.open();
    this.#snapshots.open();
    return Promise.resolve();
  }

  usage(): Promise<StorageUsage> {
    let logBytes = 0;
    for (const { bytes } of this.#medium.entries) logBytes += bytes.length;
    let snapshotBytes = 0;
    for (const { info } of this.#medium.snapshots.values()) snapshotBytes += info.sizeBytes;
    return Promise.resolve({ logBytes, snapshotBytes });
  }

  async purge(retain: number): Promise<readonly string[]> {
    const infos = await this.snapshots.list();
    // From here on nothing waits: nobody else comes in between.
    const oldestKept = this.#trail.oldestRetained(infos, retain);
    if (oldestKept === undefined) return [];
    const removed = infos.filter(({ zxid }) => zxid < oldestKept).map(({ name }) => name);
    for (const name of removed) this.#medium.snapshots.delete(name);
    // As with files: the last one that begins at or before the kept snapshot stays, it may go on behind it.
    const { entries } = this.#medium;
    const keepFrom = entries.findLastIndex((e) => e.beginsFile && int64(e.hi, e.lo) <= oldestKept);
    if (keepFrom > 0) {
      this.#medium.durableCount -= entries.splice(0, keepFrom).length;
      removed.push(`${keepFrom} log entries`);
    }
    return removed;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#log.drain();
    this.#log.stop();
    this.#isOpen = false;
  }

  /**
   * Ends this life as a crash does; the object can be opened again. Entries that no sync has covered are gone, but for the
   * first ones that `keeps` leaves: it is told how many there are, and says how many were written all the same.
   */
  crash({ keeps = () => 0 }: { readonly keeps?: (entries: number) => number } = {}): void {
    this.#log.crash(keeps);
    this.#isOpen = false;
    this.#closing = Promise.resolve();
  }

  /** Syncs begun from now on do not end, until {@link releaseSyncs}. */
  holdSyncs(): void {
    this.#log.holdSyncs();
  }

  /** Resolves when a sync is being held. */
  heldSync(): Promise<void> {
    return this.#log.heldSync();
  }

  releaseSyncs(): void {
    this.#log.releaseSyncs();
  }

  /** Writes are refused, as on a full disk, until {@link allowWrites}. */
  failWrites(error: Error): void {
    this.#medium.writeError = error;
  }

  /** The log's probe succeeds again. */
  allowWrites(): void {
    this.#medium.writeError = undefined;
    this.#log.probe();
  }

  /** The next sync to end fails, which no storage survives. */
  failNextSync(error: Error): void {
    this.#log.failNextSync(error);
  }
}

class MemoryState implements StateStore {
  readonly #medium: MemoryMedium;

  constructor(medium: MemoryMedium) {
    this.#medium = medium;
  }

  read(name: string): Promise<string | undefined> {
    return Promise.resolve(this.#medium.state.get(name));
  }

  write(name: string, text: string): Promise<void> {
    if (this.#medium.writeError !== undefined) return Promise.reject(this.#medium.writeError);
    this.#medium.state.set(name, text);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.#medium.state.delete(name);
    return Promise.resolve();
  }
}
