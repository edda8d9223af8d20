import { indexKeys } from './key-index.js';

const SETTING = /^(\s*)([^#!\s=:][^\s=:]*)(\s*[=:\s]\s*)/;

/** The text of a configuration file, to be shown to others: the values of passwords and the like are not in it. */
export function maskSecrets(text: string): string {
  const index = indexKeys();
  let hidesNext = false;
  const lines = text.split('\n').map((line) => {
    const match = hidesNext ? null : SETTING.exec(line);
    const isSecret = hidesNext || index.byName(match?.[2] ?? '')?.isSecret === true;
    // A backslash at the end goes on with the value in the next line.
    hidesNext = isSecret && /\\\s*$/.test(line);
    return isSecret ? `${match?.[0] ?? ''}*****` : line;
  });
  return lines.join('\n');
}
