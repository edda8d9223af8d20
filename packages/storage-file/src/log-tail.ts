import type { FileHandle } from 'node:fs/promises';
import { adler32, readInt32 } from '@zk/jute';
import { compare64, hexOf } from '@zk/model';
import { END_OF_RECORD, ENTRY_FRAME_BYTES, ENTRY_HEAD_BYTES, TXN_HEADER_BYTES, ZXID_OFFSET } from './file-format.js';

const CHUNK_BYTES = 1024 * 1024;

/** What lies from a place where no entry could be read to the end of the file. */
export type Tail =
  | { readonly kind: 'zeroes' }
  /** The beginning of one entry, and nothing behind it. */
  | { readonly kind: 'torn' }
  | { readonly kind: 'damaged'; readonly behind: string };

/**
 * Decides between a torn write and damage. A write in progress leaves at most the bytes of what was being written, and
 * behind them the end of the file or the zeroes written ahead. So it is damage when an intact entry follows, when there
 * is more than an entry can have, or when the length is one that nobody wrote: the beginning of a true length, followed
 * by zeroes, is never too large.
 */
export async function examineTail(
  file: FileHandle,
  offset: number,
  size: number,
  maxEntryBytes: number,
  last: { readonly hi: number; readonly lo: number },
): Promise<Tail> {
  const dataEnd = await endOfData(file, offset, size);
  if (dataEnd <= offset) return { kind: 'zeroes' };
  const maxBytes = maxEntryBytes + ENTRY_FRAME_BYTES;
  const bytes = new Uint8Array(Math.min(dataEnd - offset, 2 * maxBytes) + ENTRY_HEAD_BYTES);
  await file.read(bytes, 0, bytes.length - ENTRY_HEAD_BYTES, offset);
  const intact = findEntry(bytes, maxEntryBytes, last);
  if (intact !== undefined) {
    return { kind: 'damaged', behind: `an intact entry (zxid 0x${intact.zxid}) follows at byte ${offset + intact.at}` };
  }
  const length = readInt32(bytes, 8);
  if (length < 0 || length > maxEntryBytes) return { kind: 'damaged', behind: 'no torn write leaves such a length' };
  // A length of 0: the head itself is torn, or the page with the head is missing.
  const endBytes = length === 0 ? maxBytes : length + ENTRY_FRAME_BYTES;
  if (dataEnd - offset <= endBytes) return { kind: 'torn' };
  return { kind: 'damaged', behind: `${dataEnd - offset - endBytes} further bytes of something else follow` };
}

/** The place behind the last byte that is not zero, or `from` when there is none. */
async function endOfData(file: FileHandle, from: number, size: number): Promise<number> {
  const zeroes = Buffer.alloc(CHUNK_BYTES);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > from;) {
    const start = Math.max(from, end - CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    if (chunk.compare(zeroes, 0, bytesRead, 0, bytesRead) !== 0) {
      let i = bytesRead;
      while (chunk[i - 1] === 0) i--;
      return start + i;
    }
    end = start;
  }
  return from;
}

/** The first entry behind byte 0 that is whole, has the right checksum and a zxid behind the last one. */
function findEntry(
  bytes: Uint8Array,
  maxEntryBytes: number,
  last: { readonly hi: number; readonly lo: number },
): { readonly at: number; readonly zxid: string } | undefined {
  const end = bytes.length - ENTRY_HEAD_BYTES;
  for (let at = 1; at + ENTRY_FRAME_BYTES + TXN_HEADER_BYTES <= end; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || readInt32(bytes, at) !== 0) continue;
    const length = readInt32(bytes, at + 8);
    if (length < TXN_HEADER_BYTES || length > maxEntryBytes) continue;
    const start = at + ENTRY_HEAD_BYTES;
    const eor = start + length;
    if (eor >= end || bytes[eor] !== END_OF_RECORD) continue;
    const hi = readInt32(bytes, start + ZXID_OFFSET);
    const lo = readInt32(bytes, start + ZXID_OFFSET + 4);
    if (compare64(hi, lo, last.hi, last.lo) <= 0) continue;
    if (adler32(bytes, start, eor) !== readInt32(bytes, at + 4) >>> 0) continue;
    return { at, zxid: hexOf(hi, lo) };
  }
  return undefined;
}
