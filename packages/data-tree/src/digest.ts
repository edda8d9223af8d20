/**
 * What a znode adds to the digest of the tree: CRC-32 over its path, its data and 60 bytes of Stat (spec: disk format,
 * section 5). The sum over all znodes, modulo 2^64, is the digest.
 *
 * A CRC is linear: a byte of the Stat has the same effect on the result wherever the register came from, and that
 * effect depends on the byte and its distance from the end alone. So the Stat is never run through the register. One
 * table per byte position gives the effect of each byte; zero bytes (most of a Stat) have none; and when a word
 * changes, the effect of the difference is all that has to be added. A parent whose cversion and pzxid move costs a
 * handful of lookups.
 */
import { crc32 } from '@zk/jute';
import { Field } from './znodes/fields.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const F = Field;

/** Bytes of the Stat that are hashed. */
const STAT_BYTES = 60;

/** Words of a record in the order in which they are hashed: pzxid comes third. */
const HASHED_WORDS: readonly number[] = [
  F.czxidHi,
  F.czxidLo,
  F.mzxidHi,
  F.mzxidLo,
  F.pzxidHi,
  F.pzxidLo,
  F.ctimeHi,
  F.ctimeLo,
  F.mtimeHi,
  F.mtimeLo,
  F.version,
  F.cversion,
  F.aversion,
  F.ownerHi,
  F.ownerLo,
];

/** A word that stands for all three zxids of a new znode, or for both of its times: see {@link crcOfNewStat}. */
const NEW_ZXID_HI = Math.max(...HASHED_WORDS) + 1;
const NEW_ZXID_LO = NEW_ZXID_HI + 1;
const NEW_TIME_HI = NEW_ZXID_HI + 2;
const NEW_TIME_LO = NEW_ZXID_HI + 3;
const TABLE_WORDS = NEW_ZXID_HI + 4;

const EQUAL_WORDS: readonly (readonly [sum: number, words: readonly number[]])[] = [
  [NEW_ZXID_HI, [F.czxidHi, F.mzxidHi, F.pzxidHi]],
  [NEW_ZXID_LO, [F.czxidLo, F.mzxidLo, F.pzxidLo]],
  [NEW_TIME_HI, [F.ctimeHi, F.mtimeHi]],
  [NEW_TIME_LO, [F.ctimeLo, F.mtimeLo]],
];

/** The register after one zero byte, for each value of its lowest byte: the elementary table of CRC-32. */
const step = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb8_8320 : c >>> 1;
  return c;
});

function afterZeros(register: number, count: number): number {
  let c = register;
  for (let i = 0; i < count; i++) c = (c >>> 8) ^ step[c & 0xff]!;
  return c;
}

/** Effect of byte b (0 the lowest) of word w having value v: at `(w * 4 + b) * 256 + v`. 0 for words not hashed. */
const wordTable = makeWordTable();

function makeWordTable(): Int32Array {
  const table = new Int32Array(TABLE_WORDS * 4 * 256);
  HASHED_WORDS.forEach((word, i) => {
    for (let byte = 0; byte < 4; byte++) {
      const bytesBehind = STAT_BYTES - 1 - (i * 4 + 3 - byte);
      for (let value = 1; value < 256; value++) {
        table[(word * 4 + byte) * 256 + value] = afterZeros(step[value]!, bytesBehind);
      }
    }
  });
  for (const [sum, words] of EQUAL_WORDS) {
    for (const word of words) {
      for (let i = 0; i < 1024; i++) table[sum * 1024 + i]! ^= table[word * 1024 + i]!;
    }
  }
  return table;
}

/** Effect on the result of byte b of the register having value v, when 60 bytes follow: at `b * 256 + v`. */
const registerTable = Int32Array.from({ length: 4 * 256 }, (_, i) =>
  afterZeros((i & 0xff) << ((i >>> 8) * 8), STAT_BYTES),
);

/** The constant part: a register of all ones before, an inversion after. */
const ONES = throughStat(-1) ^ -1;

function throughStat(register: number): number {
  return (
    registerTable[register & 0xff]! ^
    registerTable[256 + ((register >>> 8) & 0xff)]! ^
    registerTable[512 + ((register >>> 16) & 0xff)]! ^
    registerTable[768 + (register >>> 24)]!
  );
}

/** The effect of one word of the Stat; of a change when given the old value XOR the new. */
export function crcOfWord(word: number, value: number): number {
  if (value === 0) return 0;
  const at = word * 1024;
  let effect = wordTable[at + (value & 0xff)]!;
  if ((value & ~0xff) !== 0) {
    effect ^=
      wordTable[at + 256 + ((value >>> 8) & 0xff)]! ^
      wordTable[at + 512 + ((value >>> 16) & 0xff)]! ^
      wordTable[at + 768 + (value >>> 24)]!;
  }
  return effect;
}

/** The effect of a change of path or data: of `crcPathData` before XOR after. */
export function crcOfPathDataChange(difference: number): number {
  return difference === 0 ? 0 : throughStat(difference);
}

/**
 * CRC-32 of path and data, to be continued with {@link crcOfStat} or kept in a record. The path of the root is empty,
 * however it was named. `dataEnd < dataStart` means null data.
 */
export function crcOfPathAndData(
  path: Uint8Array,
  pathStart: number,
  pathEnd: number,
  data: Uint8Array,
  dataStart: number,
  dataEnd: number,
): number {
  const isRoot = pathEnd - pathStart === 1;
  const crc = isRoot ? 0 : crc32(path, pathStart, pathEnd);
  return dataEnd > dataStart ? crc32(data, dataStart, dataEnd, crc) : crc;
}

/**
 * The CRC-32 of a znode: of path and data as given, then of the Stat in `words` at `at` (a record, or one built
 * likewise).
 */
export function crcOfStat(crcPathData: number, words: Int32Array, at: number): number {
  let crc = throughStat(crcPathData) ^ ONES;
  for (let i = 0; i < HASHED_WORDS.length; i++) {
    const word = HASHED_WORDS[i]!;
    const value = words[at + word]!;
    if (value !== 0) crc ^= crcOfWord(word, value);
  }
  return crc;
}

/**
 * The CRC-32 of a znode that has just been created: three equal zxids, two equal times, versions 0.
 */
export function crcOfNewStat(
  crcPathData: number,
  zxidHi: number,
  zxidLo: number,
  timeHi: number,
  timeLo: number,
  ownerHi: number,
  ownerLo: number,
): number {
  let crc = throughStat(crcPathData) ^ ONES;
  crc ^= crcOfWord(NEW_ZXID_HI, zxidHi) ^ crcOfWord(NEW_ZXID_LO, zxidLo);
  crc ^= crcOfWord(NEW_TIME_HI, timeHi) ^ crcOfWord(NEW_TIME_LO, timeLo);
  if ((ownerHi | ownerLo) === 0) return crc;
  return crc ^ crcOfWord(F.ownerHi, ownerHi) ^ crcOfWord(F.ownerLo, ownerLo);
}

/** A sum of CRCs, modulo 2^64, as two words. */
export class DigestSum {
  hi = 0;
  lo = 0;

  add(crc: number): void {
    this.lo = (this.lo + crc) | 0;
    if (this.lo >>> 0 < crc >>> 0) this.hi = (this.hi + 1) | 0;
  }

  subtract(crc: number): void {
    if (this.lo >>> 0 < crc >>> 0) this.hi = (this.hi - 1) | 0;
    this.lo = (this.lo - crc) | 0;
  }
}
