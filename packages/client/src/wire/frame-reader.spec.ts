import { RecordWriter, readInt32 } from '@zk/jute';
import fc from 'fast-check';
import { FrameReader } from './frame-reader.js';

const LIMIT = 64;

/** What a reader hands over when the stream arrives in these pieces. */
function read(stream: Uint8Array, pieces: readonly number[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader(LIMIT, {
    onFrame: (bytes, start, end) => seen.push(`frame ${bytes.slice(start, end).join(',')}`) > 0,
    onLongFrame: (bytes, start, length) => seen.push(`long ${length} ${readInt32(bytes, start)}`) > 0,
  });
  let at = 0;
  for (let i = 0; at < stream.length; i++) {
    const size = pieces.length === 0 ? stream.length : Math.max(1, pieces[i % pieces.length]!);
    // Memory that is used for something else as soon as the call is over, as with a socket.
    const piece = stream.slice(at, at + size);
    if (!reader.received(piece, 0, piece.length)) seen.push('stopped');
    piece.fill(0xdb);
    at += size;
  }
  return seen;
}

describe('a stream of frames', () => {
  it('gives the same frames in whatever pieces it arrives', () => {
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: LIMIT }),
      fc.uint8Array({ minLength: LIMIT + 1, maxLength: 4 * LIMIT }),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 90 })), (frames, pieces) => {
        const writer = new RecordWriter();
        for (const payload of frames) writer.buffer(payload);
        const expected = frames.map((payload) =>
          payload.length > LIMIT ? `long ${payload.length} ${readInt32(payload, 0)}` : `frame ${payload.join(',')}`,
        );
        expect(read(writer.bytes(), pieces)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('ends at a negative length', () => {
    expect(read(Uint8Array.of(0xff, 0xff, 0xff, 0xff), [])).toEqual(['stopped']);
    expect(read(Uint8Array.of(0xff, 0xff, 0xff, 0xff), [3])).toEqual(['stopped']);
  });
});
