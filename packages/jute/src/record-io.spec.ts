import * as fc from 'fast-check';
import { MarshallingError } from './marshalling-error.js';
import { RecordReader } from './record-reader.js';
import { RecordWriter } from './record-writer.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('RecordWriter', () => {
  const WRITES: [string, (writer: RecordWriter) => unknown, string][] = [
    ['true', (w) => w.boolean(true), '01'],
    ['false', (w) => w.boolean(false), '00'],
    ['a negative byte', (w) => w.byte(-2), 'fe'],
    ['an int32', (w) => w.int32(-2), 'fffffffe'],
    ['an int64 beyond the doubles', (w) => w.int64(0x0020_0000_0000_0001n), '0020000000000001'],
    ['an int64 with the top bit set', (w) => w.int64(-1n), 'ffffffffffffffff'],
    ['an unsigned int64', (w) => w.int64(0xff00_0000_0000_0001n), 'ff00000000000001'],
    ['two words', (w) => w.words64(1, -1), '00000001ffffffff'],
    ['a float64', (w) => w.float64(1.5), '3ff8000000000000'],
    ['a float32', (w) => w.float32(-2), 'c0000000'],
    ['a null string', (w) => w.ustring(null), 'ffffffff'],
    ['an empty string', (w) => w.ustring(''), '00000000'],
    ['a string', (w) => w.ustring('/ü'), '00000003 2fc3bc'],
    ['a character outside the basic plane', (w) => w.ustring('😀'), '00000004 f09f9880'],
    ['a null buffer', (w) => w.buffer(null), 'ffffffff'],
    ['an empty buffer', (w) => w.buffer(new Uint8Array()), '00000000'],
    ['a buffer', (w) => w.buffer(Uint8Array.of(1, 2)), '00000002 0102'],
    ['raw bytes', (w) => w.raw(Uint8Array.of(1, 2, 3, 4), 1, 3), '0203'],
    ['a null vector', (w) => w.vector(null, () => undefined), 'ffffffff'],
    ['a vector', (w) => w.vector([1, 2], (x, n) => x.int32(n)), '00000002 00000001 00000002'],
  ];

  it.each(WRITES)('writes %s', (_, write, expected) => {
    const writer = new RecordWriter();
    write(writer);
    expect(hex(writer.bytes())).toBe(expected.replaceAll(' ', ''));
    expect(hex(writer.view())).toBe(hex(writer.bytes()));
    expect(writer.length).toBe(writer.bytes().length);
  });

  it.each(WRITES)('writes %s where its memory ends', (_, write, expected) => {
    for (let before = 0; before <= 16; before++) {
      const writer = new RecordWriter(16).raw(new Uint8Array(before));
      write(writer);
      expect(hex(writer.bytes().subarray(before))).toBe(expected.replaceAll(' ', ''));
    }
  });

  it('grows, and starts over', () => {
    const writer = new RecordWriter(1);
    for (let i = 0; i < 1000; i++) writer.int32(i);
    expect(writer.length).toBe(4000);
    expect(new RecordReader(writer.bytes(), 3996).int32()).toBe(999);
    expect(hex(writer.reset().byte(7).bytes())).toBe('07');
  });

  it('takes at once more than twice what it has room for', () => {
    const long = new Uint8Array(1000).fill(7);
    expect(new RecordWriter(16).byte(1).raw(long).bytes()).toEqual(Uint8Array.of(1, ...long));
  });

  it('hands out copies that later writes do not touch', () => {
    const writer = new RecordWriter();
    const first = writer.int32(1).bytes();
    writer.reset().int32(2);
    expect(hex(first)).toBe('00000001');
    expect(first.buffer.byteLength).toBe(4);
  });
});

describe('RecordReader', () => {
  it.each<[string, string, (reader: RecordReader) => unknown, unknown]>([
    ['any non-zero byte as true', '02', (r) => r.boolean(), true],
    ['a signed byte', 'fe', (r) => r.byte(), -2],
    ['a null string', 'ffffffff', (r) => r.ustring(), null],
    ['an empty string', '00000000', (r) => r.ustring(), ''],
    ['invalid UTF-8 as U+FFFD', '00000002 2fff', (r) => r.ustring(), '/\ufffd'],
    ['a byte order mark as a character', '00000003 efbbbf', (r) => r.ustring(), '\ufeff'],
    ['a null buffer', 'ffffffff', (r) => r.buffer(), null],
    ['a null vector', 'ffffffff', (r) => r.vector((x) => x.int32()), null],
    ['other negative counts as an empty vector', 'fffffffe', (r) => r.vector((x) => x.int32()), []],
    ['a count', '00000003', (r) => r.count(), 3],
    ['a null count', 'ffffffff', (r) => r.count(), -1],
    ['a float32', 'c0000000', (r) => r.float32(), -2],
    ['a float64', '3ff8000000000000', (r) => r.float64(), 1.5],
  ])('reads %s', (_, bytes, read, expected) => {
    const reader = new RecordReader(fromHex(bytes));
    expect(read(reader)).toStrictEqual(expected);
    expect(reader.remaining).toBe(0);
  });

  it('reads an int64 as two words', () => {
    const reader = new RecordReader(fromHex('80000001 ffffffff'));
    reader.words64();
    expect([reader.hi, reader.lo]).toEqual([-0x7fffffff, -1]);
  });

  it('keeps to its range', () => {
    const reader = new RecordReader(fromHex('aa 00000001 bb'), 1, 5);
    expect(reader.int32()).toBe(1);
    expect(reader.position).toBe(5);
    expect(() => reader.byte()).toThrow(MarshallingError);
  });

  it('starts over on other bytes', () => {
    const reader = new RecordReader(fromHex('01'));
    reader.byte();
    expect(reader.reset(fromHex('0102'), 1).byte()).toBe(2);
    expect(reader.reset(fromHex('030405'), 0, 2).remaining).toBe(2);
    expect(reader.byte()).toBe(3);
    expect(reader.reset(fromHex('06')).byte()).toBe(6);
  });

  it('hands out buffers as views', () => {
    const bytes = fromHex('00000001 05');
    const view = new RecordReader(bytes).buffer();
    bytes[4] = 6;
    expect(view).toEqual(Uint8Array.of(6));
  });

  it.each<[string, string, (reader: RecordReader) => unknown]>([
    ['a string longer than the rest', '00000003 2f61', (r) => r.ustring()],
    ['a buffer longer than the rest', '00000003 2f61', (r) => r.buffer()],
    ['a length below -1', 'fffffffe', (r) => r.buffer()],
    ['a length above the limit', '001fffff', (r) => r.ustring()],
    ['half an int32', '0000', (r) => r.int32()],
    ['half an int64', '00000000 0000', (r) => r.int64()],
    ['no boolean', '', (r) => r.boolean()],
    ['a vector that ends early', '7fffffff 00000001', (r) => r.vector((x) => x.int32())],
    ['a negative skip', '00', (r) => r.skip(-1)],
    ['a null string where one is required', 'ffffffff', (r) => r.requiredString()],
    ['a null buffer where one is required', 'ffffffff', (r) => r.requiredBuffer()],
    ['a null vector where one is required', 'ffffffff', (r) => r.requiredVector((x) => x.int32())],
  ])('refuses %s', (_, bytes, read) => {
    expect(() => read(new RecordReader(fromHex(bytes)))).toThrow(MarshallingError);
  });

  it('takes a length equal to the limit, and says where one beyond it stands', () => {
    const bytes = fromHex('00000002 2f61');
    expect(new RecordReader(bytes, 0, 6, { maxLengthBytes: 2 }).ustring()).toBe('/a');
    expect(() => new RecordReader(bytes, 0, 6, { maxLengthBytes: 1 }).ustring()).toThrow(
      'length 2, allowed -1 to 1 at byte 0',
    );
  });

  it('reads back whatever was written', () => {
    const record = fc.record({
      flag: fc.boolean(),
      small: fc.integer({ min: -128, max: 127 }),
      int: fc.integer(),
      long: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      text: fc.option(fc.string({ unit: 'grapheme' })),
      data: fc.option(fc.uint8Array({ maxLength: 200 })),
      list: fc.option(fc.array(fc.option(fc.string()))),
    });
    fc.assert(
      fc.property(record, (value) => {
        const writer = new RecordWriter()
          .boolean(value.flag)
          .byte(value.small)
          .int32(value.int)
          .int64(value.long)
          .ustring(value.text)
          .buffer(value.data)
          .vector(value.list, (w, element) => w.ustring(element));
        const reader = new RecordReader(writer.bytes());
        const back = {
          flag: reader.boolean(),
          small: reader.byte(),
          int: reader.int32(),
          long: reader.int64(),
          text: reader.ustring(),
          data: reader.buffer(),
          list: reader.vector((r) => r.ustring()),
        };
        expect(back).toEqual(value);
        expect(reader.remaining).toBe(0);
      }),
    );
  });
});
