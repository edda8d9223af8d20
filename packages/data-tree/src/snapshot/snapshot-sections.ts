import { int64, parseHex64 } from '@zk/model';
import { readInt32, utf8Text } from '@zk/jute';
import { DIGEST_VERSION, LAST_ZXID_BYTES, SEAL_BYTES } from './snapshot-format.js';
import type { SnapshotPosition } from './snapshot-position.js';

export interface SnapshotDigest {
  /** The last transaction applied when the snapshot was complete. */
  readonly zxid: bigint;
  readonly version: number;
  readonly value: bigint;
}

/** What lies behind the first seal: the digest (since 3.6), then the last zxid (since 3.9); either may be missing. */
export interface SnapshotSections {
  readonly digest: SnapshotDigest | undefined;
  readonly lastProcessedZxid: bigint | undefined;
}

/**
 * Lenient where versions differ: the sections are told by what is left, not by configuration.
 * @param position at the beginning of the bytes
 * @throws CorruptionError when the bytes are not such sections, or a seal is broken
 */
export function readSections(bytes: Uint8Array, position: SnapshotPosition): SnapshotSections {
  const end = bytes.length;
  let at = 0;
  let digest: SnapshotDigest | undefined;
  let lastProcessedZxid: bigint | undefined;
  if (end > LAST_ZXID_BYTES + SEAL_BYTES) {
    const read = readDigest(bytes, position);
    digest = read.digest;
    at = readSeal(bytes, read.behind, position);
  }
  if (at < end) {
    if (end - at !== LAST_ZXID_BYTES + SEAL_BYTES) throw position.damage(at, `${end - at} bytes too many`);
    lastProcessedZxid = int64(readInt32(bytes, at), readInt32(bytes, at + 4));
    readSeal(bytes, at + LAST_ZXID_BYTES, position);
  }
  return { digest, lastProcessedZxid };
}

/** A digest of the first version is a string. */
function readDigest(bytes: Uint8Array, position: SnapshotPosition): { digest: SnapshotDigest; behind: number } {
  const end = bytes.length;
  if (end < 16) throw position.damage(0, 'a digest that is cut off');
  const zxid = int64(readInt32(bytes, 0), readInt32(bytes, 4));
  const version = readInt32(bytes, 8);
  const at = 12;
  if (version < DIGEST_VERSION) {
    const behind = at + 4 + Math.max(0, position.lengthAt(bytes, at, 'digest'));
    if (behind > end) throw position.damage(at, 'a digest that is cut off');
    return { digest: { zxid, version, value: parseHex64(utf8Text(bytes, at + 4, behind)) ?? 0n }, behind };
  }
  if (at + 8 > end) throw position.damage(at, 'a digest that is cut off');
  return { digest: { zxid, version, value: int64(readInt32(bytes, at), readInt32(bytes, at + 4)) }, behind: at + 8 };
}

/** @returns the position behind it */
function readSeal(bytes: Uint8Array, at: number, position: SnapshotPosition): number {
  if (at + SEAL_BYTES > bytes.length) throw position.damage(at, 'a seal that is cut off');
  position.settle(bytes, at);
  position.checkSeal(bytes, at);
  position.settle(bytes, at + SEAL_BYTES);
  return at + SEAL_BYTES;
}
