/**
 * Java's Properties, as far as such files use them: `key=value` or `key: value`, comments, backslashes.
 * @throws Error which quotes the line that is neither
 */
export function* parseProperties(text: string): Iterable<[string, string]> {
  for (const raw of text.replace(/\\\r?\n[ \t]*/g, '').split(/\r\n|\r|\n/)) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    // Only one way to match, so that no text takes long: this is read from whoever asks for a reconfiguration.
    const match = /^((?:\\.|[^\\=:\s])+)(\s*(?:[=:]\s*)?)/s.exec(line);
    if (match === null || match[2] === '') throw new Error(`"${line}" is not key=value`);
    yield [unescaped(match[1]!), unescaped(line.slice(match[0].length).trimEnd())];
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
