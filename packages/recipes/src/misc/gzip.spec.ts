import { readFileSync } from 'node:fs';
import path from 'node:path';
import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { GzipError, gzip } from './gzip.js';

interface Dump {
  readonly steps: readonly { readonly nodes?: readonly { readonly path: string; readonly data: string | null }[] }[];
}

const recorded = ['curator-5.4.0', 'curator-main'].flatMap((version) => {
  const file = path.join(__dirname, '../../test/fixtures', version, 'framework.json');
  const { steps } = JSON.parse(readFileSync(file, 'utf8')) as Dump;
  return steps
    .flatMap(({ nodes }) => nodes ?? [])
    .filter(({ path: znode, data }) => znode.startsWith('/v/gzip/') && data !== null)
    .map(({ path: znode, data }) => ({ version, znode, data: Buffer.from(data!, 'hex') }));
});

const TEXTS: Readonly<Record<string, string>> = {
  '/v/gzip/default': '10.1.2.3',
  '/v/gzip/empty': '',
  '/v/gzip/hello': 'hello hello hello',
};

describe.each([
  ['the CompressionStream of the platform', gzip()],
  ['node:zlib', gzip({ deflateRaw: deflateRawSync, inflateRaw: inflateRawSync })],
])('gzip with %s', (_, provider) => {
  it.each(recorded)('reads what Curator wrote ($version, $znode)', async ({ znode, data }) => {
    expect(Buffer.from(await provider.decompress(data, znode)).toString()).toBe(TEXTS[znode]);
  });

  it.each(recorded)('writes what Curator wrote, but for the system ($version, $znode)', async ({ znode, data }) => {
    const written = Buffer.from(await provider.compress(Buffer.from(TEXTS[znode]!), znode));
    const anySystem = (bytes: Buffer): string =>
      Buffer.concat([bytes.subarray(0, 9), bytes.subarray(10)]).toString('hex');
    expect(anySystem(written)).toBe(anySystem(data));
  });

  it('agrees with gzip both ways on any data', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (data) => {
        expect(gunzipSync(await provider.compress(data, '/'))).toEqual(Buffer.from(data));
        expect(Buffer.from(await provider.decompress(gzipSync(data), '/'))).toEqual(Buffer.from(data));
      }),
      { numRuns: 50 },
    );
  });

  it('skips what other writers put in the header', async () => {
    const plain = gzipSync('abc');
    const extra = [2, 0, 9, 9];
    const names = [...Buffer.from('name\0comment\0')];
    const full = Buffer.from([...plain.subarray(0, 3), 0x1e, ...plain.subarray(4, 10), ...extra, ...names, 1, 2]);
    const data = Buffer.concat([full, plain.subarray(10)]);
    expect(Buffer.from(await provider.decompress(data, '/')).toString()).toBe('abc');
  });

  const good = gzipSync('hello');
  it.each([
    ['no gzip', Buffer.from('hello, this is text, no gzip')],
    ['nothing', Buffer.alloc(0)],
    ['another method', Buffer.concat([good.subarray(0, 2), Buffer.of(7), good.subarray(3)])],
    ['a wrong checksum', flipped(good, good.length - 8)],
    ['a wrong length', flipped(good, good.length - 4)],
    ['a damaged body', flipped(good, 10)],
    ['an end too early', good.subarray(0, 14)],
    ['a name without end', Buffer.concat([good.subarray(0, 3), Buffer.of(8), Buffer.alloc(6, 1), Buffer.alloc(9, 1)])],
  ])('refuses %s', async (_what, data) => {
    await expect(provider.decompress(data, '/')).rejects.toThrow(GzipError);
  });
});

function flipped(data: Buffer, at: number): Buffer {
  const copy = Buffer.from(data);
  copy[at]! ^= 0xff;
  return copy;
}
