/**
 * The hash of a path, over its bytes from left to right: the state after `/a` continues to the hash of `/a/b`, so a
 * znode's stored hash is where its children's begin. Both the start and the multiplier depend on the seed; a server
 * that draws its seed at random cannot be sent paths that were made to collide.
 */
const SLASH = 0x2f;

/** The seed of a tree that was given none. */
export const DEFAULT_HASH_SEED = 0x5eed_2181;

/** The state before the first byte: the hash of the root. */
export function rootHash(seed: number): number {
  return mix(seed ^ 0x2545_f491);
}

/** The odd multiplier of each step. */
export function hashMultiplier(seed: number): number {
  return (mix(seed ^ 0x9e37_79b9) & ~6) | 5;
}

/** Finalizer of MurmurHash3's kind: every bit of the seed reaches every bit of the result. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}

const defaultRoot = rootHash(DEFAULT_HASH_SEED);
const defaultMultiplier = hashMultiplier(DEFAULT_HASH_SEED);

/** Continues a hash over `bytes[start, end)`. */
export function hashMore(hash: number, multiplier: number, bytes: Uint8Array, start: number, end: number): number {
  let h = hash;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, multiplier);
  return h;
}

/**
 * The hash of a path under the default seed; `/` and the empty path, both names of the root, hash alike. A tree with a
 * seed of its own has `tree.hashPath`.
 */
export function hashPath(path: Uint8Array, start: number, end: number): number {
  if (end - start === 1 && path[start] === SLASH) return defaultRoot;
  return hashMore(defaultRoot, defaultMultiplier, path, start, end);
}
