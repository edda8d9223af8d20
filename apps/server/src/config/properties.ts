/**
 * The Java properties format, as `zoo.cfg` uses it (spec: operations, section 1).
 *
 * A logical line is a natural line without its leading blanks, joined with the next one as long as it ends in an odd
 * number of backslashes. Comments (`#` or `!`) and blank lines are skipped and never joined. The key ends at the first
 * unescaped `=`, `:` or blank. The number of the first natural line is kept, so that a complaint can point at it.
 */

/** One `key=value`, unescaped and trimmed. */
export interface PropertyEntry {
  readonly key: string;
  readonly value: string;
  /** Line of the file the entry begins on, from 1. */
  readonly line: number;
  /** Line it ends on; another one than `line` when lines are joined. */
  readonly endLine: number;
}

/** Something that Java would refuse as well: only a malformed `\uxxxx`. */
export interface PropertyDefect {
  readonly line: number;
  readonly message: string;
}

export interface PropertyFile {
  /** In the order of the file; a later duplicate wins. */
  readonly entries: readonly PropertyEntry[];
  readonly defects: readonly PropertyDefect[];
}

const BLANK = /[ \t\f]/;
const LEADING_BLANKS = /^[ \t\f]+/;

/** Reads a whole file. Never throws. */
export function parseProperties(text: string): PropertyFile {
  const entries: PropertyEntry[] = [];
  const defects: PropertyDefect[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let logical = (lines[at] ?? '').replace(LEADING_BLANKS, '');
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue;
    while (endsInOpenBackslash(logical)) {
      at++;
      logical = logical.slice(0, -1) + (lines[at] ?? '').replace(LEADING_BLANKS, '');
    }
    const { key, value } = splitEntry(logical);
    const report = (message: string): void => void defects.push({ line, message });
    entries.push({
      key: unescapeText(key, report).trim(),
      value: unescapeText(value, report).trim(),
      line,
      endLine: at + 1,
    });
  }
  return { entries, defects };
}

function endsInOpenBackslash(text: string): boolean {
  let count = 0;
  while (text[text.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

function splitEntry(logical: string): { key: string; value: string } {
  let end = 0;
  while (end < logical.length) {
    const char = logical.charAt(end);
    if (char === '\\') end += 2;
    else if (char === '=' || char === ':' || BLANK.test(char)) break;
    else end++;
  }
  const key = logical.slice(0, end);
  let rest = logical.slice(end).replace(LEADING_BLANKS, '');
  if (rest.startsWith('=') || rest.startsWith(':')) rest = rest.slice(1).replace(LEADING_BLANKS, '');
  return { key, value: rest };
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescapeText(text: string, report: (message: string) => void): string {
  if (!text.includes('\\')) return text;
  let out = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      out += text.charAt(at);
      continue;
    }
    at++;
    const char = text.charAt(at);
    if (char === 'u') {
      const digits = text.slice(at + 1, at + 5);
      if (/^[0-9a-fA-F]{4}$/.test(digits)) {
        out += String.fromCharCode(Number.parseInt(digits, 16));
      } else {
        report(`\\u must be followed by four hexadecimal digits, got "${digits}"`);
      }
      at += 4;
    } else {
      out += NAMED_ESCAPES[char] ?? char;
    }
  }
  return out;
}

/** Says of each key that stands there more than once which one counts: the last, as in a properties file anywhere. */
export function repetitions(entries: readonly PropertyEntry[], label: string): string[] {
  const last = new Map(entries.map(({ key, line }) => [key, line]));
  return entries.flatMap(({ key, line }) => {
    const winner = last.get(key);
    return winner === line ? [] : [`${label}:${line}: ${key} is set again in line ${winner}, and only that counts`];
  });
}

/** Whether a value seems to end in a comment, which the format does not know: to Java it is part of the value. */
export function holdsComment(value: string): boolean {
  return /\s#/.test(value);
}

/** Says of each value that seems to end in a comment that it is taken as a whole: a directory would get that name. */
export function commentsBehindValues(entries: readonly PropertyEntry[], label: string): string[] {
  return entries
    .filter(({ value }) => holdsComment(value))
    .map(
      ({ key, line }) =>
        `${label}:${line}: the value of ${key} goes on behind the #; a comment needs a line of its own`,
    );
}

/** Escapes a value so that {@link parseProperties} gives it back. */
export function escapePropertyValue(value: string): string {
  return value
    .replace(/\\/g, '\\\\')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/^([ \t\f])/, '\\$1');
}
