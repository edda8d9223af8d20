/** One element of a DER structure: its tag byte, and where its content lies. */
export interface DerElement {
  readonly tag: number;
  /** Position of the tag. */
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** Tags as they stand in the first byte. */
export const Tag = Object.freeze({
  integer: 0x02,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  generalString: 0x1b,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
});

/** @throws RangeError when there is no whole element at `at` */
export function derAt(bytes: Uint8Array, at = 0, limit = bytes.length): DerElement {
  const truncated = (): RangeError => new RangeError(`no whole DER element at byte ${String(at)}`);
  if (at + 2 > limit) throw truncated();
  const tag = bytes[at]!;
  let length = bytes[at + 1]!;
  let contentStart = at + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4 || contentStart + count > limit) throw truncated();
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[contentStart + i]!;
    contentStart += count;
  }
  if (contentStart + length > limit) throw truncated();
  return { tag, start: at, contentStart, end: contentStart + length, bytes };
}

/** The elements inside a constructed one. */
export function children(parent: DerElement): DerElement[] {
  const found: DerElement[] = [];
  for (let at = parent.contentStart; at < parent.end;) {
    const element = derAt(parent.bytes, at, parent.end);
    found.push(element);
    at = element.end;
  }
  return found;
}

/** The child at `index`, which must be there. @throws RangeError when it is not */
export function child(parent: DerElement, index: number): DerElement {
  const found = children(parent)[index];
  if (found === undefined) throw new RangeError(`the DER element at byte ${String(parent.start)} is too short`);
  return found;
}

export function content(element: DerElement): Uint8Array {
  return element.bytes.subarray(element.contentStart, element.end);
}

/** The element with its tag and length. */
export function whole(element: DerElement): Uint8Array {
  return element.bytes.subarray(element.start, element.end);
}

/** A small non-negative INTEGER. */
export function integerOf(element: DerElement): number {
  return content(element).reduce((value, byte) => value * 256 + byte, 0);
}

/** `1.2.840.…` */
export function objectIdOf(element: DerElement): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of content(element)) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(first, value - 40 * first);
    } else {
      parts.push(value);
    }
    value = 0;
  }
  return parts.join('.');
}
