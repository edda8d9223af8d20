import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { adler32, readInt32 } from '@zk/jute';
import { CorruptionError, hexOf } from '@zk/model';
import {
  END_OF_RECORD,
  ENTRY_HEAD_BYTES,
  FILE_HEADER_BYTES,
  TXN_HEADER_BYTES,
  ZXID_OFFSET,
  assertLogHeader,
} from './file-format.js';
import { examineTail } from './log-tail.js';

const CHUNK_BYTES = 1024 * 1024;

/** How the entries of a file end. */
export type LogEnd =
  /** At the end of the file, or in padding. */
  | { readonly kind: 'clean'; readonly offset: number }
  /** In the middle of a write that never ended: nothing lies behind it. */
  | { readonly kind: 'torn'; readonly offset: number; readonly reason: string };

/** As EntryVisitor, with the offset of the entry in its file. Returns false to stop there. */
export type LogVisitor = (
  zxidHi: number,
  zxidLo: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
) => boolean;

export interface LogFileOptions {
  readonly maxEntryBytes: number;
  /** How many bytes of the file may be read by now; asked before every access. Default: all there are. */
  readonly limitBytes?: () => number;
  /** Read at a time. Default: the file, up to 1 MiB. */
  readonly chunkBytes?: number;
}

/**
 * Reads one log file from its first entry to its end.
 *
 * Where an entry does not make sense, Apache ZooKeeper has two answers: some kinds of nonsense end the file in silence,
 * others refuse the start. Here the answer depends on what lies behind. Nothing, or zeroes: a write was torn, and since
 * its sync never ended, nobody was told of it. Anything that is still an entry: the file is damaged, and going on would
 * lose transactions that were acknowledged.
 *
 * @throws CorruptionError
 */
export async function readLog(path: string, maxEntryBytes: number, visit: LogVisitor): Promise<LogEnd> {
  const reader = await LogFileReader.open(path, { maxEntryBytes });
  try {
    for (;;) {
      const end = await reader.readChunk(visit);
      if (end !== undefined) return end;
    }
  } finally {
    await reader.close();
  }
}

/** One log file, read in large chunks and without an allocation per entry: a million entries in about a second. */
export class LogFileReader {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #maxEntryBytes: number;
  readonly #limitBytes: () => number;
  /** Read at a time. */
  readonly #chunkBytes: number;
  /** Larger than that while, or once, an entry is. */
  #chunk: Uint8Array;
  /** `#chunk[#at, #filled)` has been read and not visited; `#offset` is the place of `#chunk[0]` in the file. */
  #at = 0;
  #filled = 0;
  #offset = 0;
  #hasHeader = false;
  #lastHi = -0x80000000;
  #lastLo = 0;

  private constructor(file: FileHandle, path: string, sizeBytes: number, options: LogFileOptions) {
    this.#file = file;
    this.#path = path;
    this.#maxEntryBytes = options.maxEntryBytes;
    this.#limitBytes = options.limitBytes ?? (() => Infinity);
    this.#chunkBytes = options.chunkBytes ?? Math.min(CHUNK_BYTES, Math.max(sizeBytes, FILE_HEADER_BYTES));
    this.#chunk = new Uint8Array(this.#chunkBytes);
  }

  static async open(path: string, options: LogFileOptions): Promise<LogFileReader> {
    const file = await open(path, 'r');
    try {
      return new LogFileReader(file, path, (await file.stat()).size, options);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Where the next entry to be visited lies. */
  get offset(): number {
    return this.#offset + this.#at;
  }

  /** Goes on at the beginning of an entry, found in an earlier reading. Before the first chunk only. */
  startAt(offset: number): void {
    this.#offset = offset;
    this.#hasHeader = true;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /**
   * Reads a chunk on and visits what lies whole in it. An end that comes of the limit is none for good: there may be more
   * to read later.
   * @returns how the entries end, once they do, or where the visitor has stopped
   */
  async readChunk(visit: LogVisitor): Promise<LogEnd | undefined> {
    const hasMore = await this.#fill();
    if (!this.#hasHeader) this.#checkHeader();
    if (!hasMore) return this.#end('the file ends within an entry');
    const reason = this.#visitChunk(visit);
    if (reason === 'more') return undefined;
    if (reason === 'stopped') return { kind: 'clean', offset: this.offset };
    return this.#end(reason);
  }

  /** Visits every entry that lies whole in the chunk. */
  #visitChunk(visit: LogVisitor): string {
    const chunk = this.#chunk;
    const filled = this.#filled;
    for (let at = this.#at; ;) {
      this.#at = at;
      if (filled - at < ENTRY_HEAD_BYTES) return 'more';
      const length = readInt32(chunk, at + 8);
      if (length < TXN_HEADER_BYTES || length > this.#maxEntryBytes) return this.#lengthReason(length);
      const start = at + ENTRY_HEAD_BYTES;
      const end = start + length;
      if (end + 1 > filled) return 'more';
      if (chunk[end] !== END_OF_RECORD) return `an entry ends with 0x${chunk[end]!.toString(16)} instead of 0x42`;
      const checksum = adler32(chunk, start, end);
      if (readInt32(chunk, at) !== 0 || readInt32(chunk, at + 4) !== (checksum | 0)) {
        const found = hexOf(readInt32(chunk, at), readInt32(chunk, at + 4));
        return `the checksum of an entry is 0x${found}, its bytes have 0x${checksum.toString(16)}`;
      }
      const hi = readInt32(chunk, start + ZXID_OFFSET);
      const lo = readInt32(chunk, start + ZXID_OFFSET + 4);
      at = end + 1;
      this.#lastHi = hi;
      this.#lastLo = lo;
      if (!visit(hi, lo, chunk, start, end, this.#offset + start - ENTRY_HEAD_BYTES)) {
        this.#at = at;
        return 'stopped';
      }
    }
  }

  #lengthReason(length: number): string {
    if (length === 0) return 'an entry has no length';
    return `an entry has a length of ${length}, between ${TXN_HEADER_BYTES} and ${this.#maxEntryBytes} are possible`;
  }

  /** Moves what has not been visited to the front and reads on behind it; false at the end of the file. */
  async #fill(): Promise<boolean> {
    const rest = this.#filled - this.#at;
    if (rest > this.#chunk.length / 2) {
      const larger = new Uint8Array(this.#chunk.length * 2);
      larger.set(this.#chunk.subarray(this.#at, this.#filled));
      this.#chunk = larger;
    } else {
      this.#chunk.copyWithin(0, this.#at, this.#filled);
    }
    this.#offset += this.#at;
    this.#at = 0;
    this.#filled = rest;
    const from = this.#offset + rest;
    const length = Math.min(this.#chunk.length - rest, this.#chunkBytes, this.#limitBytes() - from);
    if (length <= 0) return false;
    const { bytesRead } = await this.#file.read(this.#chunk, rest, length, from);
    this.#filled = rest + bytesRead;
    return bytesRead > 0;
  }

  #checkHeader(): void {
    assertLogHeader(this.#path, this.#chunk, this.#filled);
    this.#hasHeader = true;
    this.#at = FILE_HEADER_BYTES;
  }

  /** Judges the place where entries end by what lies behind it. */
  async #end(reason: string): Promise<LogEnd> {
    const { offset } = this;
    const size = Math.min(this.#limitBytes(), (await this.#file.stat()).size);
    if (offset >= size) return { kind: 'clean', offset };
    const last = { hi: this.#lastHi, lo: this.#lastLo };
    const tail = await examineTail(this.#file, offset, size, this.#maxEntryBytes, last);
    if (tail.kind === 'zeroes') return { kind: 'clean', offset };
    if (tail.kind === 'torn') return { kind: 'torn', offset, reason };
    throw new CorruptionError(
      this.#path,
      offset,
      `${reason}, and ${tail.behind}`,
      'Transactions that were acknowledged may lie behind it, so nothing was changed. Restore the file from a copy, or, ' +
        'in an ensemble, empty the data directories of this server and let it fetch a snapshot. Only if power failed ' +
        `while the server was writing can it be right to cut the file: truncate -s ${offset} ${this.#path}`,
    );
  }
}
