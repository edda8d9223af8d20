import { OPEN_ACL_UNSAFE } from '@zk/model';
import * as fc from 'fast-check';
import { utf8Bytes } from './bytes.js';
import { MarshallingError } from './marshalling-error.js';
import type { MultiOp, MultiResult } from './multi.js';
import {
  readMultiReadRequest,
  readMultiReadResponse,
  readMultiRequest,
  readMultiResponse,
  writeMultiReadRequest,
  writeMultiReadResponse,
  writeMultiRequest,
  writeMultiResponse,
} from './multi.js';
import { RecordReader } from './record-reader.js';
import { RecordWriter } from './record-writer.js';

const readerOf = (hex: string): RecordReader =>
  new RecordReader(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')));
const hex = (writer: RecordWriter): string => Buffer.from(writer.view()).toString('hex');
const spaceless = (text: string): string => text.replaceAll(' ', '');

const END = 'ffffffff 01 ffffffff';

const stat = {
  czxid: 1n,
  mzxid: 2n,
  ctime: 3n,
  mtime: 4n,
  version: 5,
  cversion: 6,
  aversion: 7,
  ephemeralOwner: -8n,
  dataLength: 9,
  numChildren: 10,
  pzxid: 0x1_0000_0000n,
};

const path = fc.string().map((name) => `/${name}`);
const data = fc.option(fc.uint8Array({ maxLength: 50 }));
const acl = fc.option(fc.constant([...OPEN_ACL_UNSAFE]));
const version = fc.integer();

const anyOp: fc.Arbitrary<MultiOp> = fc.oneof(
  fc.record({
    op: fc.constantFrom('create' as const, 'create2' as const, 'createContainer' as const),
    path,
    data,
    acl,
    flags: fc.integer(),
  }),
  fc.record({ op: fc.constant('createTTL' as const), path, data, acl, flags: fc.constant(5), ttl: fc.bigInt(0n, 99n) }),
  fc.record({ op: fc.constant('delete' as const), path, version }),
  fc.record({ op: fc.constant('setData' as const), path, data, version }),
  fc.record({ op: fc.constant('check' as const), path, version }),
);

const anyResult: fc.Arbitrary<MultiResult> = fc.oneof(
  fc.record({ op: fc.constant('create' as const), path }),
  fc.record({ op: fc.constant('create2' as const), path, stat: fc.constant(stat) }),
  fc.record({ op: fc.constantFrom('delete' as const, 'check' as const) }),
  fc.record({ op: fc.constant('setData' as const), stat: fc.constant(stat) }),
  fc.record({ op: fc.constant('error' as const), err: fc.integer() }),
);

describe('a multi', () => {
  it('reads back whatever was asked', () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 8 }), (ops) => {
        const writer = new RecordWriter();
        writeMultiRequest(writer, { ops });
        const reader = new RecordReader(writer.bytes());
        expect(readMultiRequest(reader)).toEqual({ ops });
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('reads back whatever was answered', () => {
    fc.assert(
      fc.property(fc.array(anyResult, { maxLength: 8 }), (results) => {
        const writer = new RecordWriter();
        writeMultiResponse(writer, { results });
        const reader = new RecordReader(writer.bytes());
        expect(readMultiResponse(reader)).toEqual({ results });
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('that failed carries each code twice', () => {
    const bytes = `ffffffff 00 00000000 00000000  ffffffff 00 ffffff99 ffffff99
      ffffffff 00 fffffffe fffffffe  ffffffff 00 fffffffe fffffffe ${END}`.replaceAll('\n', '');
    const response = readMultiResponse(readerOf(bytes));
    expect(response.results).toEqual([0, -103, -2, -2].map((err) => ({ op: 'error', err })));
    const writer = new RecordWriter();
    writeMultiResponse(writer, response);
    expect(hex(writer)).toBe(spaceless(bytes));
  });

  it('without parts is only an end', () => {
    const writer = new RecordWriter();
    writeMultiRequest(writer, { ops: [] });
    expect(hex(writer)).toBe(spaceless(END));
    expect(readMultiRequest(readerOf(END))).toEqual({ ops: [] });
  });

  it('ends where done is set, whatever the type and error say', () => {
    expect(readMultiRequest(readerOf('00000001 01 00000007'))).toEqual({ ops: [] });
  });

  it.each([
    ['a read', '00000004 00 ffffffff 00000001 2f 00'],
    ['setACL', '00000007 00 ffffffff'],
    ['an unknown operation', '000003e7 00 ffffffff'],
    ['an error', 'ffffffff 00 ffffffff'],
    ['a null path', '00000002 00 ffffffff ffffffff 00000000'],
    ['no end', '00000002 00 ffffffff 00000001 2f 00000000'],
  ])('does not decode with %s in it', (_, part) => {
    expect(() => readMultiRequest(readerOf(part))).toThrow(MarshallingError);
  });

  it('has no answer of a type that it cannot ask for', () => {
    expect(() => readMultiResponse(readerOf('00000004 00 00000000'))).toThrow(MarshallingError);
    expect(() => readMultiReadResponse(readerOf('00000001 00 00000000'))).toThrow(MarshallingError);
  });
});

describe('a multiRead', () => {
  it('reads back what was asked', () => {
    const ops = [
      { op: 'getData', path: '/a', watch: false },
      { op: 'getChildren', path: '/b', watch: true },
    ] as const;
    const writer = new RecordWriter();
    writeMultiReadRequest(writer, { ops });
    expect(hex(writer)).toBe(
      spaceless(`00000004 00 ffffffff 00000002 2f61 00 00000008 00 ffffffff 00000002 2f62 01 ${END}`),
    );
    expect(readMultiReadRequest(new RecordReader(writer.bytes()))).toEqual({ ops });
  });

  it('reads back what was answered', () => {
    const results = [
      { op: 'getData', data: utf8Bytes('x'), stat },
      { op: 'getChildren', children: ['a', 'b'] },
      { op: 'error', err: -101 },
    ] as const;
    const writer = new RecordWriter();
    writeMultiReadResponse(writer, { results });
    expect(readMultiReadResponse(new RecordReader(writer.bytes()))).toEqual({ results });
  });

  it('does not decode with a write in it', () => {
    expect(() => readMultiReadRequest(readerOf(`00000002 00 ffffffff 00000001 2f 00000000 ${END}`))).toThrow(
      'a multiRead has no part of type 2',
    );
  });
});
