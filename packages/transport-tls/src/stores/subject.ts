import type { DerElement } from './der.js';
import { Tag, child, children, content, derAt, objectIdOf, whole } from './der.js';

/** The attribute types that RFC 2253 names. */
const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
};

/**
 * The subject of a certificate in DER, in the form of RFC 2253 and letter by letter as Java's `X500Principal.getName()`
 * gives it: that is the id of the x509 scheme, so it decides about access.
 * @throws RangeError when the bytes are no certificate
 */
export function subjectOf(certificate: Uint8Array): string {
  return nameOf(field(certificate, 'subject'));
}

/** The issuer in the same form. */
export function issuerOf(certificate: Uint8Array): string {
  return nameOf(field(certificate, 'issuer'));
}

function field(certificate: Uint8Array, which: 'issuer' | 'subject'): DerElement {
  const fields = children(child(derAt(certificate), 0));
  // The version comes first and may be absent, then serial number, signature algorithm, issuer, validity, subject.
  const base = fields[0]?.tag === Tag.context0 ? 1 : 0;
  const found = fields[base + (which === 'issuer' ? 2 : 4)];
  if (found === undefined) throw new RangeError('the certificate has no subject');
  return found;
}

function nameOf(name: DerElement): string {
  return children(name)
    .reverse()
    .map((relative) => children(relative).map(attributeText).join('+'))
    .join(',');
}

function attributeText(attribute: DerElement): string {
  const type = objectIdOf(child(attribute, 0));
  const value = child(attribute, 1);
  const keyword = KEYWORDS[type];
  const text = keyword === undefined ? undefined : textOf(value);
  if (text === undefined) return `${keyword ?? type}=#${Buffer.from(whole(value)).toString('hex')}`;
  return `${keyword}=${escaped(text)}`;
}

/** Undefined when the value is no text. */
function textOf(value: DerElement): string | undefined {
  const bytes = Buffer.from(content(value));
  switch (value.tag) {
    case Tag.utf8String:
      return bytes.toString('utf8');
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.generalString:
    case Tag.t61String:
      return bytes.toString('latin1');
    case Tag.bmpString:
      return bytes.swap16().toString('utf16le');
    default:
      return undefined;
  }
}

/** Special characters anywhere, blanks at either end. */
function escaped(text: string): string {
  const inner = text.replace(/[,=+<>#;"\\]/g, '\\$&').replaceAll('\0', '\\00');
  const leading = /^ */.exec(inner)![0].length;
  if (leading === inner.length) return '\\ '.repeat(leading);
  // A regular expression would try again from each blank of a subject that is nothing but blanks in the middle.
  let end = inner.length;
  while (inner[end - 1] === ' ') end--;
  const trailing = inner.length - end;
  return '\\ '.repeat(leading) + inner.slice(leading, inner.length - trailing) + '\\ '.repeat(trailing);
}
