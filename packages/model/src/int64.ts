/**
 * 64-bit numbers, in the two shapes this product uses.
 *
 * A zxid or a session id uses all 64 bits, and a double does not have them. Hot paths (codec, tree, log) carry two
 * signed 32-bit words, `hi` and `lo`; everything else (public API, status, configuration) carries a `bigint`. This is
 * the only file that converts between the two.
 */

/** A transaction id: the epoch in the upper 32 bits, a counter in the lower 32. */
export type Zxid = bigint & { readonly __brand?: 'Zxid' };

/** A session id: server id in the top byte, then 40 bits of start time, then a counter. May be negative. */
export type SessionId = bigint & { readonly __brand?: 'SessionId' };

// One number seen as both: several times as fast as shifting, which makes a number at every step.
const whole = new BigInt64Array(1);
const words = new Int32Array(whole.buffer);
whole[0] = 1n;
const LO = words[0] === 1 ? 0 : 1;
const HI = 1 - LO;

/** The upper word, signed. */
export function hiOf(value: bigint): number {
  whole[0] = value;
  return words[HI]!;
}

/** The lower word, signed. */
export function loOf(value: bigint): number {
  whole[0] = value;
  return words[LO]!;
}

/** The signed 64-bit value of two words. */
export function int64(hi: number, lo: number): bigint {
  words[HI] = hi;
  words[LO] = lo;
  return whole[0]!;
}

/** Lower-case hexadecimal of the unsigned value, without leading zeros or `0x`, as in file names. */
export function hexOf(hi: number, lo: number): string {
  return hi === 0 ? (lo >>> 0).toString(16) : (hi >>> 0).toString(16) + (lo >>> 0).toString(16).padStart(8, '0');
}

/** As {@link hexOf}, from a bigint. */
export function hex64(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16);
}

/** Parses what {@link hexOf} printed; undefined for anything that is not 1 to 16 hexadecimal digits. */
export function parseHex64(text: string): bigint | undefined {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) return undefined;
  return BigInt.asIntN(64, BigInt(`0x${text}`));
}

/** Signed comparison: negative, zero or positive, as `Array.prototype.sort` wants it. */
export function compare64(aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (aHi !== bHi) return aHi < bHi ? -1 : 1;
  if (aLo === bLo) return 0;
  return aLo >>> 0 < bLo >>> 0 ? -1 : 1;
}

/** The epoch of a zxid, as an unsigned number. Epochs of 2^31 and above are legal. */
export function epochOf(zxid: Zxid): number {
  return hiOf(zxid) >>> 0;
}

/** The counter of a zxid, as an unsigned number. */
export function counterOf(zxid: Zxid): number {
  return loOf(zxid) >>> 0;
}

/** A zxid from epoch and counter, each taken modulo 2^32. */
export function makeZxid(epoch: number, counter: number): Zxid {
  return int64(epoch, counter);
}
