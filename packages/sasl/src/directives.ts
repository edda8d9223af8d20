/** One `name=value` of a DIGEST-MD5 message; the value is unquoted. */
export interface Directive {
  readonly name: string;
  readonly value: string;
}

/**
 * Splits a message of bytes, seen as ISO-8859-1 text, into its directives (RFC 2831, section 7.1): separated by commas
 * with blanks around them, empty elements allowed, values plain or quoted with backslashes.
 * @returns undefined when the text is not of that form
 */
export function parseDirectives(text: string): readonly Directive[] | undefined {
  const directives: Directive[] = [];
  const element = /[\s,]*([^\s=,"]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s,"]*))\s*(?=,|$)/y;
  let at = 0;
  while (at < text.length) {
    element.lastIndex = at;
    const match = element.exec(text);
    if (match === null) return /^[\s,]*$/.test(text.slice(at)) ? directives : undefined;
    const [, name, quoted, plain] = match;
    directives.push({ name: name!.toLowerCase(), value: quoted?.replace(/\\([^])/g, '$1') ?? plain! });
    at = element.lastIndex;
  }
  return directives;
}

/** A value between quotes. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** The directive's value when it is given once; undefined when it is missing or given twice. */
export function single(directives: readonly Directive[], name: string): string | undefined {
  const found = directives.filter((directive) => directive.name === name);
  return found.length === 1 ? found[0]!.value : undefined;
}

export function isRepeated(directives: readonly Directive[], name: string): boolean {
  return directives.filter((directive) => directive.name === name).length > 1;
}
