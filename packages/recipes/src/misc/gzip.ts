/** Compresses and restores the data of znodes. */
export interface CompressionProvider {
  compress(data: Uint8Array, path: string): Promise<Uint8Array> | Uint8Array;
  /** @throws when the data is not what {@link compress} makes */
  decompress(data: Uint8Array, path: string): Promise<Uint8Array> | Uint8Array;
}

/** Raw DEFLATE (RFC 1951), both ways. */
export interface Deflate {
  deflateRaw(data: Uint8Array): Promise<Uint8Array> | Uint8Array;
  inflateRaw(data: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** Data is not one gzip member, or is damaged. */
export class GzipError extends Error {
  override readonly name = 'GzipError';
}

const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
/** Magic, method deflate, no flags, no time, no extra flags, operating system unknown. */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const FLAG = { crc: 2, extra: 4, name: 8, comment: 16 } as const;

/**
 * Curator's compression: one gzip member (spec: recipes, section 2.3). The byte that names the operating system differs
 * between Java versions; any is read.
 *
 * @param deflate default: the `CompressionStream` of the platform (browsers, Node 20.12 and later); that of `node:zlib`
 *   is faster: `{ deflateRaw: deflateRawSync, inflateRaw: inflateRawSync }`
 */
export function gzip(deflate: Deflate = platformDeflate()): CompressionProvider {
  return {
    compress: async (data) => {
      const body = data.length === 0 ? Uint8Array.of(3, 0) : await deflate.deflateRaw(data);
      const out = new Uint8Array(HEADER_BYTES + body.length + TRAILER_BYTES);
      out.set(HEADER);
      out.set(body, HEADER_BYTES);
      const view = new DataView(out.buffer);
      view.setUint32(HEADER_BYTES + body.length, crc32(data), true);
      view.setUint32(HEADER_BYTES + body.length + 4, data.length, true);
      return out;
    },
    decompress: async (data) => {
      const start = endOfHeader(data);
      const end = data.length - TRAILER_BYTES;
      if (end < start) throw new GzipError(`gzip data ends early: ${data.length} bytes`);
      const isEmpty = end - start === 2 && data[start] === 3 && data[start + 1] === 0;
      const out = isEmpty ? new Uint8Array() : await inflate(deflate, data.subarray(start, end));
      const view = new DataView(data.buffer, data.byteOffset + end, TRAILER_BYTES);
      const length = view.getUint32(4, true);
      if (length !== out.length) throw new GzipError(`gzip data of ${out.length} bytes says it has ${length}`);
      const expected = view.getUint32(0, true);
      if (expected !== crc32(out)) throw new GzipError('gzip data is damaged: its checksum is wrong');
      return out;
    },
  };
}

async function inflate(deflate: Deflate, body: Uint8Array): Promise<Uint8Array> {
  try {
    return await deflate.inflateRaw(body);
  } catch (error) {
    throw new GzipError('gzip data is damaged', { cause: error });
  }
}

/** Headers of other writers may hold a name, a comment, and more. */
function endOfHeader(data: Uint8Array): number {
  if (data[0] !== HEADER[0] || data[1] !== HEADER[1]) throw new GzipError('not gzip data');
  if (data[2] !== HEADER[2]) throw new GzipError(`gzip data of method ${data[2]}, which is unknown`);
  const flags = data[3] ?? 0;
  let at = HEADER_BYTES;
  if ((flags & FLAG.extra) !== 0) at += 2 + ((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8));
  if ((flags & FLAG.name) !== 0) at = endOfText(data, at);
  if ((flags & FLAG.comment) !== 0) at = endOfText(data, at);
  if ((flags & FLAG.crc) !== 0) at += 2;
  return at;
}

function endOfText(data: Uint8Array, start: number): number {
  const end = data.indexOf(0, start);
  if (end < 0) throw new GzipError('gzip data ends in its header');
  return end + 1;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 as in gzip, unsigned. */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

interface ByteStream {
  readonly writable: { getWriter(): { write(data: Uint8Array): Promise<void>; close(): Promise<void> } };
  readonly readable: { getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }> } };
}

type StreamClass = new (format: 'deflate-raw') => ByteStream;

function platformDeflate(): Deflate {
  const platform = globalThis as {
    readonly CompressionStream?: StreamClass;
    readonly DecompressionStream?: StreamClass;
  };
  const { CompressionStream, DecompressionStream } = platform;
  if (CompressionStream === undefined || DecompressionStream === undefined) {
    throw new TypeError('this platform has no CompressionStream: give gzip the functions of a library');
  }
  return {
    deflateRaw: (data) => through(new CompressionStream('deflate-raw'), data),
    inflateRaw: (data) => through(new DecompressionStream('deflate-raw'), data),
  };
}

async function through(stream: ByteStream, data: Uint8Array): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // What goes wrong with writing goes wrong with reading too, and is told there.
  void writer
    .write(data)
    .then(() => writer.close())
    .catch(() => undefined);
  const chunks: Uint8Array[] = [];
  const reader = stream.readable.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) chunks.push(value!);
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
