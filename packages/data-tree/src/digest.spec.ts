import { crc32, utf8Bytes } from '@zk/jute';
import fc from 'fast-check';
import { DigestSum, crcOfNewStat, crcOfPathAndData, crcOfPathDataChange, crcOfStat, crcOfWord } from './digest.js';
import { Field, RECORD_WORDS } from './znodes/fields.js';

const ORDER = [
  ['czxidHi', 'czxidLo', 'mzxidHi', 'mzxidLo', 'pzxidHi', 'pzxidLo', 'ctimeHi', 'ctimeLo', 'mtimeHi', 'mtimeLo'],
  ['version', 'cversion', 'aversion', 'ownerHi', 'ownerLo'],
].flat() as (keyof typeof Field)[];

/** The plain way: the 60 bytes of the Stat through the register. */
function plainCrc(crcPathData: number, words: Int32Array): number {
  const stat = Buffer.alloc(60);
  ORDER.forEach((field, i) => stat.writeInt32BE(words[Field[field]]!, i * 4));
  return crc32(new Uint8Array(stat), 0, 60, crcPathData);
}

const words = fc
  .array(fc.oneof(fc.integer(), fc.nat(300), fc.constant(0)), { minLength: RECORD_WORDS, maxLength: RECORD_WORDS })
  .map((values) => Int32Array.from(values));

describe('the CRC of a znode', () => {
  it('is that of path, data and 60 bytes of Stat, computed word by word', () => {
    fc.assert(
      fc.property(fc.integer(), words, (crc, record) => {
        expect(crcOfStat(crc, record, 0)).toBe(plainCrc(crc, record));
      }),
    );
  });

  it('changes with a word of the Stat by what that word tells alone', () => {
    fc.assert(
      fc.property(fc.integer(), words, fc.constantFrom(...ORDER), fc.integer(), (crc, record, field, value) => {
        const word = Field[field];
        const before = crcOfStat(crc, record, 0);
        const change = crcOfWord(word, record[word]! ^ value);
        record[word] = value;
        expect(before ^ change).toBe(crcOfStat(crc, record, 0));
      }),
    );
  });

  it('changes with path and data by what they tell alone', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), words, (before, after, record) => {
        expect(crcOfStat(before, record, 0) ^ crcOfPathDataChange(before ^ after)).toBe(crcOfStat(after, record, 0));
      }),
    );
  });

  it('of a new znode follows from one zxid, one time and an owner', () => {
    const int = fc.integer();
    fc.assert(
      fc.property(int, int, int, int, int, int, int, (crc, zxidHi, zxidLo, timeHi, timeLo, ownerHi, ownerLo) => {
        const record = new Int32Array(RECORD_WORDS);
        for (const field of ['czxidHi', 'mzxidHi', 'pzxidHi'] as const) record[Field[field]] = zxidHi;
        for (const field of ['czxidLo', 'mzxidLo', 'pzxidLo'] as const) record[Field[field]] = zxidLo;
        for (const field of ['ctimeHi', 'mtimeHi'] as const) record[Field[field]] = timeHi;
        for (const field of ['ctimeLo', 'mtimeLo'] as const) record[Field[field]] = timeLo;
        record[Field.ownerHi] = ownerHi;
        record[Field.ownerLo] = ownerLo;
        expect(crcOfNewStat(crc, zxidHi, zxidLo, timeHi, timeLo, ownerHi, ownerLo)).toBe(plainCrc(crc, record));
      }),
    );
  });

  it.each([
    ['/a', 'data', '/adata'],
    ['/', 'data', 'data'],
    ['', 'data', 'data'],
    ['/a', null, '/a'],
    ['/a', '', '/a'],
  ])('of path %j with data %j begins with the CRC of %j', (path, data, joined) => {
    const p = utf8Bytes(path);
    const d = utf8Bytes(data ?? '');
    expect(crcOfPathAndData(p, 0, p.length, d, 0, data === null ? -1 : d.length)).toBe(crc32(utf8Bytes(joined)));
  });
});

it('DigestSum adds and subtracts modulo 2^64', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer())), (steps) => {
      const sum = new DigestSum();
      let wanted = 0n;
      for (const [isAdded, crc] of steps) {
        if (isAdded) sum.add(crc);
        else sum.subtract(crc);
        wanted += isAdded ? BigInt(crc >>> 0) : -BigInt(crc >>> 0);
      }
      expect((BigInt(sum.hi >>> 0) << 32n) | BigInt(sum.lo >>> 0)).toBe(BigInt.asUintN(64, wanted));
    }),
  );
});
