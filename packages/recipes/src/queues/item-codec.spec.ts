import fc from 'fast-check';
import { QueueItemError, decodeItems, encodeItems } from './item-codec.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('items in a queue', () => {
  it.each([
    [['abc'], '00010001010000000361626302'],
    [['a', 'bb', ''], '0001000101000000016101000000026262010000000002'],
    [[], '0001000102'],
  ])('are framed as Curator frames them: %j', (items, hex) => {
    expect(Buffer.from(encodeItems(items.map(text))).toString('hex')).toBe(hex);
    expect(decodeItems(bytes(hex)).map((item) => Buffer.from(item).toString())).toEqual(items);
    // Bytes behind the end are ignored.
    expect(decodeItems(bytes(`${hex}ffff`))).toHaveLength(items.length);
  });

  it.each([
    ['', 'version'],
    ['000100', 'version'],
    ['0001000202', 'version'],
    ['00010001', 'end'],
    ['0001000103', 'starts no item'],
    ['0001000101000000', 'cut short'],
    ['0001000101ffffffff02', 'cut short'],
    ['000100010100000005616202', 'cut short'],
  ])('are refused when damaged: %s', (hex, message) => {
    expect(() => decodeItems(bytes(hex))).toThrow(QueueItemError);
    expect(() => decodeItems(bytes(hex))).toThrow(message);
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (items) => {
        expect(decodeItems(encodeItems(items)).map((item) => [...item])).toEqual(items.map((item) => [...item]));
      }),
    );
  });
});
