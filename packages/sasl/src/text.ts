/** Bytes as ISO-8859-1 text: one character per byte, nothing lost. */
export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** @throws RangeError when a character needs more than a byte */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`character ${i} is not one of ISO-8859-1`);
    bytes[i] = code;
  }
  return bytes;
}

export function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

export const utf8Bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** UTF-8 bytes that were read as ISO-8859-1 text, read again; undefined when they are not UTF-8. */
export function utf8OfLatin1(text: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(latin1Bytes(text));
  } catch {
    return undefined;
  }
}

/** The same text with every UTF-8 byte as a character of its own, for messages put together as ISO-8859-1. */
export const utf8AsLatin1 = (text: string): string => latin1Text(utf8Bytes(text));

/** RFC 2831, section 2.1.2.1: what ISO-8859-1 can express is hashed in it, whatever the charset of the message. */
export const hashedBytes = (text: string): Uint8Array => (isLatin1(text) ? latin1Bytes(text) : utf8Bytes(text));
