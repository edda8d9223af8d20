import { statSync, truncateSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ThreadLogDevice } from '../src/index.js';
import type { LogDevice } from '../src/index.js';

/** The real device with faults in between, and a memory of what has been synced. */
export class FaultyLogDevice implements LogDevice {
  readonly #inner = new ThreadLogDevice();
  readonly #pathOf = new Map<number, string>();
  readonly #writtenBytes = new Map<string, number>();
  readonly #syncedBytes = new Map<string, number>();
  /** The calls that matter for the order of things, e.g. `fill 262144`. */
  readonly calls: string[] = [];
  writeError: Error | undefined;
  syncError: Error | undefined;
  #isHeld = false;
  #release: (() => void)[] = [];
  #onHeld: (() => void)[] = [];

  hold(): void {
    this.#isHeld = true;
  }

  held(): Promise<void> {
    if (this.#release.length > 0) return Promise.resolve();
    return new Promise((resolve) => this.#onHeld.push(resolve));
  }

  release(): void {
    this.#isHeld = false;
    for (const release of this.#release.splice(0)) release();
  }

  create(path: string): number {
    return this.#opened(this.#inner.create(path), path);
  }

  reopenEmpty(path: string): number {
    return this.#opened(this.#inner.reopenEmpty(path), path);
  }

  #opened(fd: number, path: string): number {
    this.calls.push(`create ${basename(path)}`);
    this.#pathOf.set(fd, path);
    this.#writtenBytes.set(path, 0);
    this.#syncedBytes.set(path, 0);
    return fd;
  }

  write(fd: number, bytes: Uint8Array, length: number, position: number): void {
    if (this.writeError !== undefined) {
      // A full disk takes what it has space for.
      this.#inner.write(fd, bytes, length >> 1, position);
      throw this.writeError;
    }
    this.#inner.write(fd, bytes, length, position);
    this.#writtenBytes.set(this.#pathOf.get(fd)!, position + length);
  }

  async sync(fd: number): Promise<number> {
    const path = this.#pathOf.get(fd)!;
    const writtenBytes = this.#writtenBytes.get(path)!;
    if (this.#isHeld) {
      for (const wake of this.#onHeld.splice(0)) wake();
      await new Promise<void>((resolve) => this.#release.push(resolve));
    }
    const error = this.syncError;
    this.syncError = undefined;
    if (error !== undefined) throw error;
    this.calls.push('sync');
    const durationMs = await this.#inner.sync(fd);
    this.#syncedBytes.set(path, writtenBytes);
    return durationMs;
  }

  syncDirectory(path: string): Promise<void> {
    this.calls.push('sync directory');
    return this.#inner.syncDirectory(path);
  }

  fill(fd: number, position: number, length: number): Promise<void> {
    if (this.writeError !== undefined) return Promise.reject(this.writeError);
    this.calls.push(`fill ${length}`);
    return this.#inner.fill(fd, position, length);
  }

  truncate(fd: number, length: number): Promise<void> {
    this.calls.push('truncate');
    return this.#inner.truncate(fd, length);
  }

  close(fd: number): Promise<void> {
    this.calls.push('close');
    return this.#inner.close(fd);
  }

  remove(path: string): Promise<void> {
    this.calls.push('remove');
    return this.#inner.remove(path);
  }

  probe(path: string, length: number): Promise<void> {
    this.calls.push('probe');
    if (this.writeError !== undefined) return Promise.reject(this.writeError);
    return this.#inner.probe(path, length);
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }

  /** Makes a copy of the log directory look as if power had failed now: what no sync has covered is gone. */
  async forgetUnsynced(directory: string): Promise<void> {
    for (const [path, bytes] of this.#syncedBytes) {
      const copy = join(directory, basename(path));
      if (bytes === 0) await rm(copy, { force: true });
      else if (statSync(copy, { throwIfNoEntry: false }) !== undefined) truncateSync(copy, bytes);
    }
  }
}
