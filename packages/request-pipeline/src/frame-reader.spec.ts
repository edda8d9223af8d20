import { RecordWriter } from '@zk/jute';
import fc from 'fast-check';
import { FrameReader } from './frame-reader.js';

describe('FrameReader', () => {
  function reader(bytes: Uint8Array, start = 0, end = bytes.length): FrameReader {
    const r = new FrameReader();
    r.reset(bytes, start, end);
    return r;
  }

  it('reads what was written, in place', () => {
    const bytes = new RecordWriter().int32(-5).ustring('/path').buffer(null).boolean(true).byte(9).bytes();
    const r = reader(bytes);
    expect(r.int32()).toBe(-5);
    r.range();
    expect(new TextDecoder().decode(r.bytes.subarray(r.start, r.end))).toBe('/path');
    r.range();
    expect([r.isNull, r.start, r.end]).toEqual([true, r.at, r.at]);
    expect([r.boolean(), r.boolean(), r.failed]).toEqual([true, true, false]);
    expect([r.boolean(), r.failed]).toEqual([false, true]);
  });

  it.each([
    ['a length beyond the end', [0, 0, 0, 5, 1, 2]],
    ['a length below -1', [255, 255, 255, 254]],
    ['the largest length', [127, 255, 255, 255, 1]],
    ['half a length', [0, 0]],
  ])('fails without throwing: %s', (_, bytes) => {
    const r = reader(Uint8Array.from(bytes));
    r.range();
    expect(r.failed).toBe(true);
    expect(r.end).toBeGreaterThanOrEqual(r.start);
  });

  it('never leaves its range, whatever lies in it and behind it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(20),
        fc.array(fc.nat(3), { maxLength: 12 }),
        (bytes, before, calls) => {
          const padded = new Uint8Array(before + bytes.length + 40).fill(0x01);
          padded.set(bytes, before);
          const end = before + bytes.length;
          const r = reader(padded, before, end);
          for (const call of calls) {
            if (call === 0) r.int32();
            else if (call === 1) r.boolean();
            else if (call === 2) r.range();
            else r.aclRange();
            expect(r.at).toBeLessThanOrEqual(end);
            if (!r.failed && call >= 2) expect(r.end).toBeLessThanOrEqual(end);
          }
        },
      ),
    );
  });

  it('skips a list of ACL entries as a whole', () => {
    const bytes = new RecordWriter();
    bytes.int32(2).int32(31).ustring('world').ustring('anyone').int32(1).ustring(null).ustring('').int32(77);
    const r = reader(bytes.bytes());
    r.aclRange();
    expect([r.start, r.isNull, r.failed, r.int32()]).toEqual([0, false, false, 77]);
  });

  it('does not count to a number that cannot be', () => {
    const r = reader(new RecordWriter().int32(0x7fff_ffff).bytes());
    r.aclRange();
    expect(r.failed).toBe(true);
  });
});
