const SLAB_BYTES = 8 * 1024;
const SHARED_UP_TO_BYTES = 1024;

/**
 * Copies of small values share slabs of memory: an array of its own for each costs more than everything else about a
 * read. A value that is kept keeps at most 8 KiB alive, as with Node's Buffers.
 */
let slab = new ArrayBuffer(SLAB_BYTES);
let used = 0;

export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length === 0) return new Uint8Array(0);
  if (length > SHARED_UP_TO_BYTES) return bytes.slice();
  if (used + length > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    used = 0;
  }
  const copy = new Uint8Array(slab, used, length);
  copy.set(bytes);
  used = (used + length + 7) & ~7;
  return copy;
}
