import { indexKeys } from './key-index.js';
import { type PropertyEntry, parseProperties } from './properties.js';

/** Of keys that nobody knows, such as one that is written wrongly: what tells a secret. */
const TELLING = /passw|secret|digest$/i;
/** Whatever can stand in front of a value, where the key stands on the same line. */
const KEY = /^\s*(?:\\.|[^\\\s=:])+\s*[=:]?\s*/;
const MASK = '*****';

/**
 * The text of a configuration file, to be shown to others: the values of passwords and the like are not in it. Lines are
 * taken for what the parser takes them for, however they are written.
 */
export function maskSecrets(text: string): string {
  const index = indexKeys();
  const isSecret = (key: string): boolean => {
    const spec = index.byName(key);
    return spec === undefined ? TELLING.test(key) : spec.isSecret === true;
  };
  const masked = new Map<number, string>();
  const lines = text.split(/\r\n|\n|\r/);
  for (const entry of parseProperties(text).entries) {
    if (isSecret(entry.key)) for (const [line, shown] of shownOf(entry, lines)) masked.set(line, shown);
  }
  return lines.map((line, at) => masked.get(at + 1) ?? line).join('\n');
}

/** The lines of a secret, as they are shown. */
function shownOf({ line: first, endLine }: PropertyEntry, lines: readonly string[]): Map<number, string> {
  const shown = new Map<number, string>();
  for (let line = first; line <= endLine; line++) shown.set(line, MASK);
  shown.set(first, `${KEY.exec(lines[first - 1] ?? '')?.[0] ?? ''}${MASK}`);
  return shown;
}
