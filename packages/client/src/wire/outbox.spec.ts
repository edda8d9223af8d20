import { RecordReader, RecordWriter, operations } from '@zk/jute';
import { OPEN_ACL_UNSAFE } from '@zk/model';
import fc from 'fast-check';
import { Request, type RequestKind } from '../machine/request.js';
import { createKind, createTtlKind, deleteKind, existsKind, setKind } from './kinds.js';
import { Outbox } from './outbox.js';

/** What a kind writes behind the header. */
function written(kind: RequestKind, prefix: string, path: string, fields: Partial<Request>): Uint8Array {
  const out = new Outbox();
  const request = Object.assign(new Request(kind, prefix, path), fields);
  out.begin(7, kind.opcode);
  kind.encode(out, request);
  out.end();
  const reader = new RecordReader(out.bytes, 0, out.length);
  expect([reader.int32(), reader.int32(), reader.int32()]).toEqual([out.length - 4, 7, kind.opcode]);
  return out.bytes.slice(12, out.length);
}

describe('requests written by hand', () => {
  const prefixes = fc.constantFrom('', '/app', '/größe');
  const paths = fc.oneof(
    fc.constant('/'),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/${text}x`),
  );
  const data = fc.option(fc.uint8Array({ maxLength: 200 }));

  it('are the bytes of their records', () => {
    fc.assert(
      fc.property(prefixes, paths, data, fc.integer(), (prefix, path, bytes, number) => {
        const absolute = prefix === '' ? path : path === '/' ? prefix : prefix + path;
        const acl = OPEN_ACL_UNSAFE;
        const expected = (write: (writer: RecordWriter) => void): Uint8Array => {
          const writer = new RecordWriter();
          write(writer);
          return writer.bytes();
        };
        expect(written(existsKind, prefix, path, { isWatching: true })).toEqual(
          expected((w) => operations.exists.writeRequest(w, { path: absolute, watch: true })),
        );
        expect(written(setKind, prefix, path, { data: bytes, number })).toEqual(
          expected((w) => operations.setData.writeRequest(w, { path: absolute, data: bytes, version: number })),
        );
        expect(written(deleteKind, prefix, path, { number })).toEqual(
          expected((w) => operations.delete.writeRequest(w, { path: absolute, version: number })),
        );
        expect(written(createKind, prefix, path, { data: bytes, acl, number })).toEqual(
          expected((w) => operations.create2.writeRequest(w, { path: absolute, data: bytes, acl, flags: number })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 4_294_967_295, 4_294_967_296, 1_099_511_627_775])('hold a time to live of %d ms', (ttlMs) => {
    const bytes = written(createTtlKind, '', '/t', { ttlMs, acl: [], number: 5 });
    const reader = new RecordReader(bytes, bytes.length - 8);
    expect(reader.int64()).toBe(BigInt(ttlMs));
  });
});
