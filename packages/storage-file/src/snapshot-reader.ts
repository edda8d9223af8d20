import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { equalBytes, readInt32 } from '@zk/jute';
import { CorruptionError } from '@zk/model';
import { SNAPPY_MAGIC, type SnapshotSuffix } from './file-format.js';

const PIECE_BYTES = 1024 * 1024;
const SNAPPY_HEADER_BYTES = 16;
/** snappy-java writes blocks of 32 KiB, other writers of that framing up to this. */
const MAX_SNAPPY_BLOCK_BYTES = 64 * 1024 * 1024;

const ADVICE = 'Move the file away: the server then starts from the snapshot before it';

/** The uncompressed bytes of a snapshot file. @throws CorruptionError when the compression is damaged */
export function readSnapshot(path: string, suffix: SnapshotSuffix): AsyncIterable<Uint8Array> {
  if (suffix === '.gz') return readGzip(path);
  return suffix === '.snappy' ? readSnappy(path) : readPlain(path);
}

/** Two buffers: while the reader works on one piece, the next is read. */
async function* readPlain(path: string): AsyncIterable<Uint8Array> {
  const file = await open(path, 'r');
  let [current, next] = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)];
  let reading = readSome(file, current);
  try {
    for (;;) {
      const length = await reading;
      if (length === 0) return;
      const piece = current.subarray(0, length);
      [current, next] = [next, current];
      reading = readSome(file, current);
      yield piece;
    }
  } finally {
    // A reader that stops early leaves a read in progress, of whose failure nobody needs to know.
    await reading.catch(() => 0);
    await file.close();
  }
}

async function readSome(file: FileHandle, bytes: Uint8Array): Promise<number> {
  return (await file.read(bytes, 0, bytes.length, null)).bytesRead;
}

async function* readGzip(path: string): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const source = createReadStream(path, { highWaterMark: PIECE_BYTES });
  // Errors reach the reader through the end of the pipeline.
  pipeline(source, gunzip, () => undefined);
  let offset = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Uint8Array>) {
      offset += piece.length;
      yield piece;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') !== true) throw error;
    throw new CorruptionError(path, offset, `the gzip stream breaks off: ${message}`, ADVICE);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/** The framing of snappy-java's SnappyOutputStream: a header, then blocks with their compressed lengths in front. */
async function* readSnappy(path: string): AsyncIterable<Uint8Array> {
  // Few servers ever need it: not loaded at every start.
  const { uncompress } = await import('snappyjs');
  const file = await open(path, 'r');
  let offset = 0;
  try {
    const header = await readExactly(file, SNAPPY_HEADER_BYTES);
    if (header === undefined || !equalBytes(header, 0, SNAPPY_MAGIC.length, SNAPPY_MAGIC, 0, SNAPPY_MAGIC.length)) {
      throw new CorruptionError(path, 0, 'expected the magic 82 "SNAPPY" 00', ADVICE);
    }
    for (;;) {
      const head = await readExactly(file, 4);
      if (head?.length === 0) return;
      const length = head === undefined ? 0 : readInt32(head, 0);
      const block = length <= 0 || length > MAX_SNAPPY_BLOCK_BYTES ? undefined : await readExactly(file, length);
      if (block === undefined || block.length === 0) {
        throw new CorruptionError(path, offset, `a Snappy block of ${length} bytes is cut off or impossible`, ADVICE);
      }
      const piece = uncompressed(uncompress, block, path, offset);
      offset += piece.length;
      yield piece;
    }
  } finally {
    await file.close();
  }
}

function uncompressed(
  uncompress: (block: Uint8Array, maxLength: number) => Uint8Array,
  block: Uint8Array,
  path: string,
  offset: number,
): Uint8Array {
  try {
    return uncompress(block, MAX_SNAPPY_BLOCK_BYTES);
  } catch (error) {
    throw new CorruptionError(path, offset, `a Snappy block is damaged: ${(error as Error).message}`, ADVICE);
  }
}

/** Empty at the end of the file; undefined when the file ends in between. */
async function readExactly(file: FileHandle, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, null);
    if (bytesRead === 0) return filled === 0 ? bytes.subarray(0, 0) : undefined;
    filled += bytesRead;
  }
  return bytes;
}
