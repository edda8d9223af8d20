import type { Codec } from '@zk/client-api';

/** Bytes as they are, null included: a shell must tell a znode without data from one with none. */
export const rawData: Codec<Uint8Array | null> = {
  encode: (value) => value,
  decode: (data) => data,
};

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** As zkCli prints data: text, with a replacement character for what is none. */
export function dataText(data: Uint8Array | null): string {
  return data === null ? 'null' : lenient.decode(data);
}

/** The text of bytes that are UTF-8, else undefined. */
export function exactText(data: Uint8Array): string | undefined {
  try {
    return strict.decode(data);
  } catch (error) {
    if ((error as Error).name === 'TypeError') return undefined;
    throw error;
  }
}

export function base64Of(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

/** Bytes of base64 text; undefined when it is none. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const unpadded = text.replace(/=+$/, '');
  if (unpadded.length % 4 === 1 || (unpadded.length !== text.length && text.length % 4 !== 0)) return undefined;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

export interface DataJson {
  /** Text, or null for a znode without data; absent when the bytes are not UTF-8. */
  readonly data?: string | null;
  readonly base64?: string;
}

/** Data in JSON: as text where that loses nothing, else as base64. */
export function dataJson(data: Uint8Array | null): DataJson {
  if (data === null) return { data: null };
  const text = exactText(data);
  return text === undefined ? { base64: base64Of(data) } : { data: text };
}

/** What {@link dataJson} was made from. */
export function dataOfJson({ data, base64 }: DataJson): Uint8Array | null {
  if (base64 !== undefined) return new Uint8Array(Buffer.from(base64, 'base64'));
  return data === null || data === undefined ? null : new TextEncoder().encode(data);
}

const FRAME = '+--------+-------------------------------------------------+----------------+';

/** The table that `get -x` prints; nothing of nothing. */
export function hexDump(data: Uint8Array): string {
  if (data.length === 0) return '';
  const lines = [
    '         +-------------------------------------------------+',
    '         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |',
    FRAME,
  ];
  for (let offset = 0; offset < data.length; offset += 16) {
    const row = data.subarray(offset, offset + 16);
    const hex = Array.from(row, (byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('');
    const text = Array.from(row, (byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`|${offset.toString(16).padStart(8, '0')}|${hex.padEnd(48)} |${text.padEnd(16)}|`);
  }
  return [...lines, FRAME].join('\n');
}

/** The beginning of data in quotes, up to so many characters; its length where it is no text. */
export function briefText(data: Uint8Array | null, maxLength: number): string {
  if (data === null) return 'null';
  const text = exactText(data);
  if (text === undefined) return `(${data.length} bytes)`;
  const quoted = JSON.stringify(text);
  return quoted.length > maxLength ? `${quoted.slice(0, maxLength)}…` : quoted;
}
