/**
 * Session passwords. A password is not stored anywhere: every server computes the same 16 bytes from the session id, and
 * that is what lets a session move between servers. It keeps strangers from guessing, not from knowing
 * (spec: client protocol, section 3.4).
 *
 * The bytes are four steps of a 48-bit linear congruential generator, seeded with the id. A step multiplies 48 bits by
 * 35, so the state is held in two halves of 24 bits, whose partial products stay below 2^53.
 */

/** Bytes of a session password. */
export const SESSION_PASSWORD_BYTES = 16;

/** Low word of the constant that every server mixes into the id; its high word is 0. */
const SECRET_LO = 0xb3415c00 | 0;
/** Multiplier 0x5DEECE66D, as words for the scrambling of the seed and as 24-bit halves for the product. */
const MULTIPLIER_WORD_HI = 0x5;
const MULTIPLIER_WORD_LO = 0xdeece66d | 0;
const MULTIPLIER_HI = 0x5de;
const MULTIPLIER_LO = 0xece66d;
const INCREMENT = 0xb;
const TWO_24 = 0x1000000;

/** Writes the password of a session id, 16 bytes, at `out[at]`. */
export function sessionPassword(idHi: number, idLo: number, out: Uint8Array, at: number): void {
  walk(idHi, idLo, (word, index) => {
    const to = at + index * 4;
    out[to] = word;
    out[to + 1] = word >>> 8;
    out[to + 2] = word >>> 16;
    out[to + 3] = word >>> 24;
  });
}

/**
 * Whether `bytes[start, end)` is the password of a session id. Session 0 has none. The time taken does not depend on
 * how many bytes are right.
 */
export function passwordMatches(idHi: number, idLo: number, bytes: Uint8Array, start: number, end: number): boolean {
  if ((idHi | idLo) === 0 || end - start !== SESSION_PASSWORD_BYTES) return false;
  let difference = 0;
  walk(idHi, idLo, (word, index) => {
    const from = start + index * 4;
    const given = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
    difference |= word ^ given;
  });
  return difference === 0;
}

/** The four 32-bit words of a password; in the bytes the low one of each comes first. */
function walk(idHi: number, idLo: number, visit: (word: number, index: number) => void): void {
  const seedHi = (idHi ^ MULTIPLIER_WORD_HI) & 0xffff;
  const seedLo = idLo ^ SECRET_LO ^ MULTIPLIER_WORD_LO;
  let high = (seedHi << 8) | (seedLo >>> 24);
  let low = seedLo & 0xffffff;
  for (let index = 0; index < 4; index++) {
    const lowProduct = low * MULTIPLIER_LO + INCREMENT;
    high = (high * MULTIPLIER_LO + low * MULTIPLIER_HI + Math.floor(lowProduct / TWO_24)) % TWO_24;
    low = lowProduct % TWO_24;
    visit((high << 8) | (low >>> 16), index);
  }
}
