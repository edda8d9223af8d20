/** Adler-32 (RFC 1950), continued from `seed`. */
export function adler32(bytes: Uint8Array, seed = 1): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  for (let i = 0; i < bytes.length;) {
    // Within 3,800 bytes neither sum can pass 2^31.
    for (const blockEnd = Math.min(i + 3800, bytes.length); i < blockEnd; i++) {
      a += bytes[i]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}
