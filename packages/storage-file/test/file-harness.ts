import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageHarness } from '@zk/compliance';
import type { Storage } from '@zk/contracts';
import { FileStorage } from '../src/index.js';
import type { FileStorageOptions } from '../src/index.js';
import { FaultyLogDevice } from './faulty-log-device.js';

/** Storages over directories of their own, with a device that can be broken. */
export class FileHarness implements StorageHarness {
  readonly #root = mkdtempSync(join(tmpdir(), 'zk-storage-'));
  readonly #options: Partial<FileStorageOptions>;
  readonly #storages: Storage[] = [];
  #copies = 0;
  dataDir: string;
  dataLogDir: string;
  device = new FaultyLogDevice();
  storage: Storage;
  #isDeviceUsed = false;

  constructor(options: Partial<FileStorageOptions> = {}, hasLogDir = false) {
    this.#options = options;
    this.dataDir = join(this.#root, 'data');
    this.dataLogDir = hasLogDir ? join(this.#root, 'log') : this.dataDir;
    this.storage = this.#create();
  }

  #create(): Storage {
    const storage = new FileStorage({
      trustEmptySnapshot: true,
      firstProbeDelayMs: 1,
      ...this.#options,
      dataDir: this.dataDir,
      dataLogDir: this.dataLogDir,
      createLogDevice: () => this.#nextDevice(),
    });
    this.#storages.push(storage);
    return storage;
  }

  /** One for each open; faults that have been set up before the first one apply to it. */
  #nextDevice(): FaultyLogDevice {
    if (this.#isDeviceUsed) this.device = new FaultyLogDevice();
    this.#isDeviceUsed = true;
    return this.device;
  }

  async restart(): Promise<Storage> {
    await this.storage.close();
    this.storage = this.#create();
    return this.storage;
  }

  /** The old storage keeps its directory and its lock; the new one gets a copy from which unsynced bytes are gone. */
  async crash(): Promise<Storage> {
    const copy = join(this.#root, `copy${++this.#copies}`);
    const dataDir = join(copy, 'data');
    cpSync(this.dataDir, dataDir, { recursive: true });
    const dataLogDir = this.dataLogDir === this.dataDir ? dataDir : join(copy, 'log');
    if (dataLogDir !== dataDir) cpSync(this.dataLogDir, dataLogDir, { recursive: true });
    await this.device.forgetUnsynced(join(dataLogDir, 'version-2'));
    this.dataDir = dataDir;
    this.dataLogDir = dataLogDir;
    this.storage = this.#create();
    return this.storage;
  }

  holdSyncs(): void {
    this.device.hold();
  }

  heldSync(): Promise<void> {
    return this.device.held();
  }

  releaseSyncs(): void {
    this.device.release();
  }

  failWrites(error: Error): void {
    this.device.writeError = error;
  }

  allowWrites(): void {
    this.device.writeError = undefined;
  }

  failNextSync(error: Error): void {
    this.device.syncError = error;
  }

  async dispose(): Promise<void> {
    this.device.release();
    for (const storage of this.#storages) await storage.close();
    if (!this.#isDeviceUsed) await this.device.dispose();
    rmSync(this.#root, { recursive: true, force: true });
  }
}
