import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SnapshotTrail } from '@zk/contracts';
import type { SnapshotStore, StateStore, Storage, StorageLocation, StorageUsage, TxnLog } from '@zk/contracts';
import type { Zxid } from '@zk/model';
import { cutEndZxidOf } from './cut-end.js';
import { fileNamesIn, syncDirectory } from './durable-fs.js';
import { VERSION_DIR, logZxidOf, parseSnapshotName } from './file-format.js';
import { FileSnapshots } from './file-snapshots.js';
import { FileState } from './file-state.js';
import { FileTxnLog } from './file-txn-log.js';
import { DirectoryLock } from './lock-file.js';
import type { LogDevice } from './log-device.js';
import { listLogs } from './log-recovery.js';
import { checkLogHeaders, checkNotMixed, checkSnapshots, prepareDirectory, removeLeftovers } from './open-checks.js';
import { resolveOptions } from './options.js';
import type { FileStorageOptions, ResolvedOptions } from './options.js';
import { SnapshotWorker } from './snapshot-worker.js';
import { ThreadLogDevice } from './thread-log-device.js';
import { WorkQueue } from './work-queue.js';

/**
 * Txn logs, snapshots and state files in the format and under the names of Apache ZooKeeper (spec: disk format): either
 * server starts on what the other has left. The object can be opened again after it was closed.
 */
export class FileStorage implements Storage {
  readonly log: TxnLog;
  readonly snapshots: SnapshotStore;
  readonly state: StateStore;
  readonly location: StorageLocation;
  readonly #options: ResolvedOptions;
  readonly #snapDirectory: string;
  readonly #logDirectory: string;
  readonly #log: FileTxnLog;
  readonly #snapshots: FileSnapshots;
  readonly #state: FileState;
  readonly #trail = new SnapshotTrail();
  /** Whatever removes snapshots or logs, and whatever commits a snapshot: what is to stay is decided in peace. */
  readonly #removals = new WorkQueue();
  #isOpen = false;
  #locks: DirectoryLock[] = [];
  #device: LogDevice | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: FileStorageOptions) {
    this.#options = resolveOptions(options);
    const { dataDir, dataLogDir, scheduler } = this.#options;
    this.location = { dataDir: resolve(dataDir), dataLogDir: resolve(dataLogDir) };
    this.#snapDirectory = join(this.location.dataDir, VERSION_DIR);
    this.#logDirectory = join(this.location.dataLogDir, VERSION_DIR);
    this.log = this.#log = new FileTxnLog(this.#logDirectory, this.#options, this.#removals);
    this.snapshots = this.#snapshots = new FileSnapshots(this.#snapDirectory, this.#options, {
      worker: new SnapshotWorker(scheduler),
      trail: this.#trail,
      removals: this.#removals,
    });
    this.state = this.#state = new FileState(this.#snapDirectory);
  }

  async open(): Promise<void> {
    if (this.#isOpen) throw new Error(`The storage in ${this.location.dataDir} is open already`);
    this.#isOpen = true;
    this.#closing = undefined;
    this.#snapshots.open();
    try {
      await this.#checkAndLock();
    } catch (error) {
      await this.#unlock();
      this.#isOpen = false;
      throw error;
    }
    if (!this.#options.forceSync) {
      this.#options.logger.warn({}, 'forceSync=no: acknowledged writes are lost when the machine loses power');
    }
    this.#device = (this.#options.createLogDevice ?? (() => new ThreadLogDevice()))();
    this.#log.open(this.#device);
  }

  async #checkAndLock(): Promise<void> {
    const { autocreate, trustEmptySnapshot, logger } = this.#options;
    const directories = [...new Set([this.#snapDirectory, this.#logDirectory])];
    for (const directory of directories) {
      await prepareDirectory(directory, autocreate);
      this.#locks.push(await DirectoryLock.take(directory, this.#options));
      await removeLeftovers(directory, logger);
    }
    if (directories.length > 1) await checkNotMixed(this.#snapDirectory, this.#logDirectory);
    await checkLogHeaders(this.#logDirectory);
    await checkSnapshots(this.#snapDirectory, this.#logDirectory, await this.#snapshots.list(), trustEmptySnapshot);
  }

  async usage(): Promise<StorageUsage> {
    return {
      logBytes: await sizeOf(this.#logDirectory, (name) => logZxidOf(name) !== undefined),
      snapshotBytes: await sizeOf(this.#snapDirectory, (name) => parseSnapshotName(name) !== undefined),
    };
  }

  /**
   * As Apache ZooKeeper's purge, save for {@link SnapshotTrail}: whole snapshots count, broken ones before the oldest kept go
   * too.
   */
  purge(retain: number): Promise<readonly string[]> {
    return this.#removals.run(() => this.#purge(retain));
  }

  async #purge(retain: number): Promise<readonly string[]> {
    const oldestKept = this.#trail.oldestRetained(await this.#snapshots.list(), retain);
    if (oldestKept === undefined || !this.#isOpen) return [];
    const removed = [...(await this.#snapshots.removeWhere((zxid) => zxid < oldestKept))];
    for (const name of await this.#logsNotNeededFrom(oldestKept)) {
      await rm(join(this.#logDirectory, name), { force: true });
      removed.push(name);
    }
    if (removed.length > 0) {
      await syncDirectory(this.#logDirectory);
      this.#options.logger.info({ removed, retain }, 'purged snapshots and logs');
    }
    return removed;
  }

  /** Logs without an entry that the snapshot of `zxid` needs, and what was cut from such logs. */
  async #logsNotNeededFrom(zxid: Zxid): Promise<readonly string[]> {
    const logs = await listLogs(this.#logDirectory);
    // The last one that begins at or before the snapshot may go on behind it.
    const firstKept = logs.findLast((log) => log.zxid <= zxid)?.zxid;
    if (firstKept === undefined) return [];
    const cutEnds = (await fileNamesIn(this.#logDirectory)).filter(
      (name) => (cutEndZxidOf(name) ?? firstKept) < firstKept,
    );
    return [...logs.filter((log) => log.zxid < firstKept).map(({ name }) => name), ...cutEnds];
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    try {
      await this.#log.close();
      await this.#snapshots.close();
      await this.#state.close();
      // A purge under way still has the directory to itself.
      await this.#removals.run(() => Promise.resolve());
      this.#trail.reset();
    } finally {
      await this.#device?.dispose();
      this.#device = undefined;
      await this.#unlock();
      this.#isOpen = false;
    }
  }

  async #unlock(): Promise<void> {
    for (const lock of this.#locks.splice(0)) await lock.release();
  }
}

async function sizeOf(directory: string, accepts: (name: string) => boolean): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) {
    // A file may be purged in between.
    if (accepts(name))
      bytes += await stat(join(directory, name)).then(
        (found) => found.size,
        () => 0,
      );
  }
  return bytes;
}
