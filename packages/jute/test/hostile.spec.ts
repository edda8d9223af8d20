import * as fc from 'fast-check';
import {
  MarshallingError,
  RecordReader,
  RecordWriter,
  operations,
  readConnectRequest,
  readLoggedTxn,
  readQuorumPacket,
  readSnapshotNode,
} from '../src/index.js';
import { exchanges, fromHex } from './recording.js';

type Read = (reader: RecordReader) => unknown;

const readers: [string, Read][] = [
  ...Object.values(operations).flatMap((operation): [string, Read][] => [
    [`${operation.name} request`, operation.readRequest],
    [`${operation.name} reply`, operation.readResponse],
  ]),
  ['ConnectRequest', readConnectRequest],
  ['QuorumPacket', readQuorumPacket],
  ['logged transaction', readLoggedTxn],
  ['snapshot node', readSnapshotNode],
];

/** Small numbers are frequent, so that lengths and counts often lead somewhere. */
const noise = fc
  .array(
    fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 4, 0xff) }, fc.integer({ min: 0, max: 255 })),
    {
      maxLength: 80,
    },
  )
  .map((bytes) => Uint8Array.from(bytes));

function readsOrRefuses(read: Read, bytes: Uint8Array, start: number, end: number): void {
  const reader = new RecordReader(bytes, start, end);
  try {
    read(reader);
    expect(reader.position).toBeLessThanOrEqual(end);
  } catch (error) {
    expect(error).toBeInstanceOf(MarshallingError);
  }
}

describe('bytes from a stranger', () => {
  it.each(readers)('either decode as a %s or are refused, and are never read behind their end', (_, read) => {
    fc.assert(
      fc.property(noise, (bytes) => {
        readsOrRefuses(read, bytes, 0, bytes.length);
        readsOrRefuses(read, Uint8Array.from([...bytes, 0, 0, 0, 1, 0x2f]), 0, bytes.length);
      }),
      { numRuns: 80 },
    );
  });

  it('cost no memory by claiming to be many', () => {
    const claim = new RecordWriter().int64(0n).int32(0x7fff_ffff).bytes();
    expect(() => operations.setWatches.readRequest(new RecordReader(claim))).toThrow(MarshallingError);
  });

  it('cut anywhere, a real request is refused or is another legal one', () => {
    let cuts = 0;
    for (const { request, what } of exchanges) {
      if (!request || what === 'connect') continue;
      const bytes = fromHex(request);
      const opcode = new RecordReader(bytes, 4).int32();
      const operation = Object.values(operations).find((one) => one.code === opcode);
      if (!operation) continue;
      for (let end = 8; end < bytes.length; end++, cuts++) readsOrRefuses(operation.readRequest, bytes, 8, end);
    }
    expect(cuts).toBeGreaterThan(1000);
  });
});
