/** More than TLS lets a certificate have; regular expressions run out of stack on texts that are much longer. */
const MAX_CHARS = 1024 * 1024;

/**
 * Whether a text is an X.500 distinguished name, as RFC 2253 and its predecessor RFC 1779 write it:
 * `CN=ann,OU=db+OU=ops,O="Example, Inc.",C=DE`. The empty text is one. Only the form is checked.
 */
export function isDistinguishedName(text: string): boolean {
  if (text.length > MAX_CHARS) return false;
  if (text.trim() === '') return true;
  let at = 0;
  for (;;) {
    const type = /[ \n]*([A-Za-z][A-Za-z0-9.-]*|[0-9.]+)[ \n]*=[ \n]*/y;
    type.lastIndex = at;
    const named = type.exec(text);
    if (named === null || !isAttributeType(named[1]!)) return false;
    at = endOfValue(text, type.lastIndex);
    if (at < 0) return false;
    if (at === text.length) return true;
    if (!',;+'.includes(text[at]!)) return false;
    at++;
  }
}

const KEYWORDS = new Set(
  [
    'C',
    'CN',
    'DC',
    'DNQ',
    'DNQUALIFIER',
    'EMAIL',
    'EMAILADDRESS',
    'GENERATION',
    'GIVENNAME',
    'INITIALS',
    'IP',
    'L',
  ].concat(['O', 'OU', 'S', 'SERIALNUMBER', 'ST', 'STREET', 'SURNAME', 'T', 'UID']),
);

function isAttributeType(name: string): boolean {
  return KEYWORDS.has(name.toUpperCase()) || /^(OID\.)?[0-2](\.(0|[1-9][0-9]*))+$/i.test(name);
}

/** A value in quotes, in hexadecimal, or plain with escapes. */
const VALUE = [
  /"(?:[^"\\]|\\[0-9a-f]{2}|\\[ ,=+<>#;"\\\n])*"[ \n]*/iy,
  /#(?:[0-9a-f]{2})+[ \n]*/iy,
  /(?!#)(?:[^,;+"\\<>]|\\[0-9a-f]{2}|\\[ ,=+<>#;"\\\n])*/iy,
];

/** The position behind the value at `at`, which is that of a separator or the end; -1 when there is no value. */
function endOfValue(text: string, at: number): number {
  for (const form of VALUE) {
    form.lastIndex = at;
    if (form.test(text) && (form.lastIndex === text.length || ',;+'.includes(text[form.lastIndex]!)))
      return form.lastIndex;
  }
  return -1;
}
