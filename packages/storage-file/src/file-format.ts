import { readInt32, writeInt32 } from '@zk/jute';
import { CorruptionError, parseHex64 } from '@zk/model';
import type { Zxid } from '@zk/model';

/** Names and fixed bytes of the disk format (spec: disk format, sections 1 to 3). */

export const VERSION_DIR = 'version-2';

/** FileHeader: magic, version 2, dbid. Only the magic is checked on reading, as in Apache ZooKeeper. */
export const FILE_HEADER_BYTES = 16;
const LOG_MAGIC = 0x5a4b4c47;

/** Of snapshots that snappy-java has compressed. */
export const SNAPPY_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);

/** Checksum (int64), length (int32). */
export const ENTRY_HEAD_BYTES = 12;
/** Head and the byte `B` behind the payload. */
export const ENTRY_FRAME_BYTES = 13;
export const END_OF_RECORD = 0x42;

/** A payload begins with a TxnHeader of this size; its zxid lies at {@link ZXID_OFFSET}. */
export const TXN_HEADER_BYTES = 32;
export const ZXID_OFFSET = 12;

export function writeLogHeader(bytes: Uint8Array, at: number): number {
  writeInt32(bytes, at, LOG_MAGIC);
  writeInt32(bytes, at + 4, 2);
  writeInt32(bytes, at + 8, 0);
  writeInt32(bytes, at + 12, 0);
  return at + FILE_HEADER_BYTES;
}

/** @throws CorruptionError unless the first `filled` bytes of a file begin with the header of a log */
export function assertLogHeader(path: string, head: Uint8Array, filled: number): void {
  if (filled < FILE_HEADER_BYTES) {
    const detail = `expected a header of ${FILE_HEADER_BYTES} bytes, found ${filled}`;
    throw new CorruptionError(path, filled, detail, 'It can hold no transaction: move it away and start again');
  }
  if (readInt32(head, 0) === LOG_MAGIC) return;
  const detail = `expected 0x5a4b4c47 "ZKLG", found ${magicText(head)}`;
  throw new CorruptionError(path, 0, detail, 'It is not a txn log: move it away, or restore it from a copy');
}

/** The magic as an operator reads it: its letters where it has some, hexadecimal otherwise. */
function magicText(bytes: Uint8Array): string {
  const hex = (readInt32(bytes, 0) >>> 0).toString(16).padStart(8, '0');
  const letters = String.fromCharCode(...bytes.subarray(0, 4));
  return /^[ -~]{4}$/.test(letters) ? `0x${hex} "${letters}"` : `0x${hex}`;
}

/** `log.<hex>` exactly: the zxid of its first entry; undefined for any other name. */
export function logZxidOf(name: string): Zxid | undefined {
  return name.startsWith('log.') ? parseHex64(name.slice('log.'.length)) : undefined;
}

export type SnapshotSuffix = '' | '.gz' | '.snappy';

/** `snapshot.<hex>` with a known suffix; undefined for any other name. */
export function parseSnapshotName(name: string): { readonly zxid: Zxid; readonly suffix: SnapshotSuffix } | undefined {
  const match = /^snapshot\.([0-9a-fA-F]{1,16})(\.gz|\.snappy)?$/.exec(name);
  const zxid = match === null ? undefined : parseHex64(match[1]!);
  return zxid === undefined ? undefined : { zxid, suffix: (match![2] ?? '') as SnapshotSuffix };
}
