/**
 * Java's Properties, as far as such files use them: `key=value` or `key: value`, comments, backslashes.
 * @throws Error which quotes the line that is neither
 */
export function* parseProperties(text: string): Iterable<[string, string]> {
  for (const raw of text.replace(/\\\r?\n[ \t]*/g, '').split(/\r\n|\r|\n/)) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    const match = /^((?:\\.|[^\\=:\s])+)\s*[=:\s]\s*(.*)$/.exec(line);
    if (match === null) throw new Error(`"${line}" is not key=value`);
    yield [unescaped(match[1]!), unescaped(match[2]!.trimEnd())];
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
