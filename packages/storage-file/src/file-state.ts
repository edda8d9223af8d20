import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateStore } from '@zk/contracts';
import { replaceFile, syncDirectory } from './durable-fs.js';
import { WorkQueue } from './work-queue.js';

/** Small files next to the snapshots: `currentEpoch`, `acceptedEpoch`. */
export class FileState implements StateStore {
  readonly #directory: string;
  /** They pass through one temporary file each. */
  readonly #writes = new WorkQueue();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.#pathOf(name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  write(name: string, text: string): Promise<void> {
    const path = this.#pathOf(name);
    return this.#writes.run(() => replaceFile(path, text));
  }

  remove(name: string): Promise<void> {
    const path = this.#pathOf(name);
    return this.#writes.run(async () => {
      await rm(path, { force: true });
      await syncDirectory(this.#directory);
    });
  }

  /** Resolves when every write has ended, well or not. */
  async close(): Promise<void> {
    await this.#writes.run(() => Promise.resolve());
  }

  #pathOf(name: string): string {
    if (!/^[A-Za-z][A-Za-z0-9.]*$/.test(name) || /^(log|snapshot)\./.test(name)) {
      throw new Error(`"${name}" cannot be the name of a state file`);
    }
    return join(this.#directory, name);
  }
}
