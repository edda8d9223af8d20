/**
 * The rules for paths (spec: server semantics, section 3.1). They are stated in UTF-16 code units, hence every
 * character outside the basic plane is refused.
 */

/** Why a path is not valid, or undefined when it is. */
export function pathDefect(path: string): string | undefined {
  if (path.length === 0) return 'a path must not be empty';
  if (path[0] !== '/') return 'a path must start with /';
  if (path.length === 1) return undefined;
  if (path.endsWith('/')) return 'a path must not end with /';
  for (let i = 1, start = 1; i <= path.length; i++) {
    if (i === path.length || path[i] === '/') {
      const name = path.slice(start, i);
      if (name === '') return `empty name at ${start}`;
      if (name === '.' || name === '..') return `relative name "${name}" at ${start}`;
      start = i + 1;
    } else if (isForbidden(path.charCodeAt(i))) {
      return `forbidden character U+${path.charCodeAt(i).toString(16).padStart(4, '0')} at ${i}`;
    }
  }
  return undefined;
}

function isForbidden(unit: number): boolean {
  return unit <= 0x1f || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}

/** As {@link pathDefect}, on UTF-8 bytes and without a string: true when the path is valid. */
export function isValidPath(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end || bytes[start] !== 0x2f) return false;
  if (end - start === 1) return true;
  let nameStart = start + 1;
  let i = nameStart;
  while (i < end) {
    const byte = bytes[i]!;
    if (byte === 0x2f) {
      if (!isValidName(bytes, nameStart, i)) return false;
      nameStart = ++i;
    } else if (byte < 0x80) {
      if (byte <= 0x1f || byte === 0x7f) return false;
      i++;
    } else {
      const length = legalSequence(bytes, i, end);
      if (length === 0) return false;
      i += length;
    }
  }
  return isValidName(bytes, nameStart, end);
}

function isValidName(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0) return false;
  if (bytes[start] !== 0x2e) return true;
  return !(length === 1 || (length === 2 && bytes[start + 1] === 0x2e));
}

/** Length of the well-formed, permitted UTF-8 sequence at `i`; 0 when there is none. */
function legalSequence(bytes: Uint8Array, i: number, end: number): number {
  const lead = bytes[i]!;
  if (lead >= 0xc2 && lead <= 0xdf) {
    if (i + 1 >= end || !isContinuation(bytes[i + 1]!)) return 0;
    return (((lead & 0x1f) << 6) | (bytes[i + 1]! & 0x3f)) <= 0x9f ? 0 : 2;
  }
  if (lead < 0xe0 || lead > 0xef || i + 2 >= end) return 0;
  if (!isContinuation(bytes[i + 1]!) || !isContinuation(bytes[i + 2]!)) return 0;
  const unit = ((lead & 0x0f) << 12) | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f);
  return unit < 0x800 || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0 ? 0 : 3;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The paths that every tree has and that cannot be deleted. */
export const SYSTEM_PATHS = Object.freeze({
  root: '/',
  zookeeper: '/zookeeper',
  quota: '/zookeeper/quota',
  config: '/zookeeper/config',
});
