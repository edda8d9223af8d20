import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotInfo, SnapshotStore, SnapshotTrail, SnapshotWriter } from '@zk/contracts';
import { equalBytes } from '@zk/jute';
import type { Zxid } from '@zk/model';
import { fileNamesIn, syncDirectory } from './durable-fs.js';
import { SNAPPY_MAGIC, parseSnapshotName } from './file-format.js';
import type { SnapshotSuffix } from './file-format.js';
import type { ResolvedOptions } from './options.js';
import { readSnapshot } from './snapshot-reader.js';
import type { SnapshotWorker } from './snapshot-worker.js';
import { FileSnapshotWriter } from './snapshot-writer.js';
import type { WorkQueue } from './work-queue.js';

const SEAL_END = Uint8Array.of(0, 0, 0, 1, 0x2f);
const GZIP_MAGIC = Uint8Array.of(0x1f, 0x8b);
const SHORTEST_BYTES = 10;

export interface FileSnapshotsParts {
  readonly worker: SnapshotWorker;
  readonly trail: SnapshotTrail;
  /** What commits snapshots and what removes files, one after the other. */
  readonly removals: WorkQueue;
}

/** Snapshot files. The suffix of a name decides how it is read, whatever is configured for writing. */
export class FileSnapshots implements SnapshotStore {
  readonly #directory: string;
  readonly #options: Pick<ResolvedOptions, 'snapshotCompression' | 'logger'>;
  readonly #parts: FileSnapshotsParts;
  /** Names that were reported already. */
  readonly #reported = new Set<string>();
  #writer: FileSnapshotWriter | undefined;

  constructor(
    directory: string,
    options: Pick<ResolvedOptions, 'snapshotCompression' | 'logger'>,
    parts: FileSnapshotsParts,
  ) {
    this.#directory = directory;
    this.#options = options;
    this.#parts = parts;
  }

  /** A new life begins. */
  open(): void {
    this.#reported.clear();
    this.#parts.trail.reset();
  }

  async list(): Promise<readonly SnapshotInfo[]> {
    const infos: SnapshotInfo[] = [];
    for (const name of await fileNamesIn(this.#directory)) {
      const parsed = parseSnapshotName(name);
      if (parsed === undefined) continue;
      const found = await inspect(this.#directory, name, parsed.zxid, parsed.suffix);
      if (typeof found === 'string') this.#report(name, found);
      else if (found !== undefined) infos.push(found);
    }
    return infos.sort((a, b) => (a.zxid < b.zxid ? 1 : a.zxid > b.zxid ? -1 : 0));
  }

  #report(name: string, reason: string): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    this.#options.logger.warn(
      { file: join(this.#directory, name), reason },
      'a snapshot is not whole, and is passed over: its writing was interrupted, or the disk is damaged',
    );
  }

  read(info: SnapshotInfo): AsyncIterable<Uint8Array> {
    const parsed = parseSnapshotName(info.name);
    if (parsed === undefined) throw new Error(`${info.name} is not the name of a snapshot`);
    return this.#parts.trail.reading(info, readSnapshot(join(this.#directory, info.name), parsed.suffix));
  }

  create(zxid: Zxid): Promise<SnapshotWriter> {
    if (this.#writer !== undefined) return Promise.reject(new Error('A snapshot is being written already'));
    const { worker, trail, removals } = this.#parts;
    this.#writer = new FileSnapshotWriter(this.#directory, zxid, this.#options.snapshotCompression, worker, {
      commit: (perform) =>
        removals.run(async () => {
          const info = await perform();
          trail.committed(info);
          return info;
        }),
      ended: () => {
        this.#writer = undefined;
      },
    });
    return Promise.resolve(this.#writer);
  }

  removeAfter(zxid: Zxid): Promise<readonly string[]> {
    const { trail, removals } = this.#parts;
    return removals.run(async () => {
      const removed = await this.removeWhere((found) => found > zxid);
      trail.removedAfter(zxid);
      return removed;
    });
  }

  /** For one that is at its turn among the removals. Removes whole and broken snapshots alike, the newest first. */
  async removeWhere(matches: (zxid: Zxid) => boolean): Promise<readonly string[]> {
    const found: { readonly name: string; readonly zxid: Zxid }[] = [];
    for (const name of await fileNamesIn(this.#directory)) {
      const zxid = parseSnapshotName(name)?.zxid;
      if (zxid !== undefined && matches(zxid)) found.push({ name, zxid });
    }
    found.sort((a, b) => (a.zxid < b.zxid ? 1 : -1));
    for (const { name } of found) await rm(join(this.#directory, name), { force: true });
    if (found.length > 0) await syncDirectory(this.#directory);
    return found.map(({ name }) => name);
  }

  /** Aborts what is being written, and ends the thread. */
  async close(): Promise<void> {
    await this.#writer?.abort();
    await this.#parts.worker.close();
  }
}

/**
 * As Apache ZooKeeper checks before it takes a file for a snapshot: magic of the compression, or a seal at the end.
 * @returns why it is none; undefined when there is nothing to say, since it is no file, or gone
 */
async function inspect(
  directory: string,
  name: string,
  zxid: Zxid,
  suffix: SnapshotSuffix,
): Promise<SnapshotInfo | string | undefined> {
  const file = await openIfThere(join(directory, name));
  if (file === undefined) return undefined;
  try {
    const { size, mtimeMs, isFile } = await statOf(file);
    if (!isFile) return undefined;
    if (suffix !== '') {
      const hasMagic = await hasBytes(file, 0, suffix === '.gz' ? GZIP_MAGIC : SNAPPY_MAGIC);
      if (!hasMagic) return `it does not begin as a file of ${suffix.slice(1)} does`;
    } else if (size < SHORTEST_BYTES || !(await hasBytes(file, size - SEAL_END.length, SEAL_END))) {
      return `it has ${size} bytes, and no seal at their end`;
    }
    return { zxid, name, sizeBytes: size, modifiedMs: Math.trunc(mtimeMs) };
  } finally {
    await file.close();
  }
}

/** A file may be purged after its name was read. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function statOf(file: FileHandle): Promise<{ size: number; mtimeMs: number; isFile: boolean }> {
  const stat = await file.stat();
  return { size: stat.size, mtimeMs: stat.mtimeMs, isFile: stat.isFile() };
}

async function hasBytes(file: FileHandle, at: number, expected: Uint8Array): Promise<boolean> {
  const bytes = new Uint8Array(expected.length);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
  return bytesRead === bytes.length && equalBytes(bytes, 0, bytes.length, expected, 0, expected.length);
}
