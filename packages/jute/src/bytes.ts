/**
 * Reading and writing of Jute's primitive types, straight on bytes: big-endian integers, length-prefixed strings and
 * buffers (-1 is null). Nothing here allocates unless it says so. Bounds are the caller's business: on the hot path
 * one check covers a whole record.
 */

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/**
 * Below this many bytes a loop is faster than a call of `set`. Measured on ranges of 30 and 100 bytes: a loop unrolled by
 * 8 takes half the time of a plain one; a view and `set` cost the same whatever the length, and pay from about 40 on.
 */
const LOOP_BYTES = 40;

/** Copies `source[start, end)` to `target` at `at`; returns the position behind it. The ranges must not overlap. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  const length = end - start;
  if (length > LOOP_BYTES) {
    target.set(length === source.length ? source : source.subarray(start, end), at);
    return at + length;
  }
  let from = start;
  let to = at;
  for (; from + 8 <= end; from += 8, to += 8) {
    target[to] = source[from]!;
    target[to + 1] = source[from + 1]!;
    target[to + 2] = source[from + 2]!;
    target[to + 3] = source[from + 3]!;
    target[to + 4] = source[from + 4]!;
    target[to + 5] = source[from + 5]!;
    target[to + 6] = source[from + 6]!;
    target[to + 7] = source[from + 7]!;
  }
  for (; from < end; from++, to++) target[to] = source[from]!;
  return to;
}

export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (length !== bEnd - bStart) return false;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 bytes of a string. Allocates. */
export function utf8Bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The string of UTF-8 bytes; what is not UTF-8 becomes U+FFFD, as in Apache's reader. Allocates. */
export function utf8Text(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return decoder.decode(bytes.subarray(start, end));
}
