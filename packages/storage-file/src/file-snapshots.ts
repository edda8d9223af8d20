import { open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotInfo, SnapshotStore, SnapshotWriter } from '@zk/contracts';
import { equalBytes } from '@zk/jute';
import type { Zxid } from '@zk/model';
import { fileNamesIn, syncDirectory } from './durable-fs.js';
import { parseSnapshotName } from './file-format.js';
import type { SnapshotSuffix } from './file-format.js';
import type { SnapshotCompression } from './options.js';
import { readSnapshot } from './snapshot-reader.js';
import type { SnapshotWorker } from './snapshot-worker.js';
import { FileSnapshotWriter } from './snapshot-writer.js';

const SEAL_END = Uint8Array.of(0, 0, 0, 1, 0x2f);
const GZIP_MAGIC = Uint8Array.of(0x1f, 0x8b);
const SNAPPY_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);
const SHORTEST_BYTES = 10;

/** Snapshot files. The suffix of a name decides how it is read, whatever is configured for writing. */
export class FileSnapshots implements SnapshotStore {
  readonly #directory: string;
  readonly #compression: SnapshotCompression;
  readonly #worker: SnapshotWorker;
  #writer: FileSnapshotWriter | undefined;

  constructor(directory: string, compression: SnapshotCompression, worker: SnapshotWorker) {
    this.#directory = directory;
    this.#compression = compression;
    this.#worker = worker;
  }

  async list(): Promise<readonly SnapshotInfo[]> {
    const infos: SnapshotInfo[] = [];
    for (const name of await fileNamesIn(this.#directory)) {
      const parsed = parseSnapshotName(name);
      if (parsed === undefined) continue;
      const info = await inspect(this.#directory, name, parsed.zxid, parsed.suffix);
      if (info !== undefined) infos.push(info);
    }
    return infos.sort((a, b) => (a.zxid < b.zxid ? 1 : a.zxid > b.zxid ? -1 : 0));
  }

  read(info: SnapshotInfo): AsyncIterable<Uint8Array> {
    const parsed = parseSnapshotName(info.name);
    if (parsed === undefined) throw new Error(`${info.name} is not the name of a snapshot`);
    return readSnapshot(join(this.#directory, info.name), parsed.suffix);
  }

  create(zxid: Zxid): Promise<SnapshotWriter> {
    if (this.#writer !== undefined) return Promise.reject(new Error('A snapshot is being written already'));
    this.#writer = new FileSnapshotWriter(this.#directory, zxid, this.#compression, this.#worker, () => {
      this.#writer = undefined;
    });
    return Promise.resolve(this.#writer);
  }

  async removeAfter(zxid: Zxid): Promise<readonly string[]> {
    return this.removeWhere((found) => found > zxid);
  }

  /** Removes whole and broken snapshots alike, the newest first. */
  async removeWhere(matches: (zxid: Zxid) => boolean): Promise<readonly string[]> {
    const found: { readonly name: string; readonly zxid: Zxid }[] = [];
    for (const name of await fileNamesIn(this.#directory)) {
      const zxid = parseSnapshotName(name)?.zxid;
      if (zxid !== undefined && matches(zxid)) found.push({ name, zxid });
    }
    found.sort((a, b) => (a.zxid < b.zxid ? 1 : -1));
    for (const { name } of found) await unlink(join(this.#directory, name));
    if (found.length > 0) await syncDirectory(this.#directory);
    return found.map(({ name }) => name);
  }

  /** Aborts what is being written, and ends the thread. */
  async close(): Promise<void> {
    await this.#writer?.abort();
    await this.#worker.close();
  }
}

/** As Apache ZooKeeper checks before it takes a file for a snapshot: magic of the compression, or a seal at the end. */
async function inspect(
  directory: string,
  name: string,
  zxid: Zxid,
  suffix: SnapshotSuffix,
): Promise<SnapshotInfo | undefined> {
  const file = await open(join(directory, name), 'r');
  try {
    const { size, mtimeMs, isFile } = await statOf(file);
    const looksWhole =
      suffix === ''
        ? size >= SHORTEST_BYTES && (await hasBytes(file, size - SEAL_END.length, SEAL_END))
        : await hasBytes(file, 0, suffix === '.gz' ? GZIP_MAGIC : SNAPPY_MAGIC);
    return isFile && looksWhole ? { zxid, name, sizeBytes: size, modifiedMs: Math.trunc(mtimeMs) } : undefined;
  } finally {
    await file.close();
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
