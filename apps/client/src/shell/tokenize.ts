/** A word of a line. What was in quotes is taken as it is: no globbing. */
export interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
}

/**
 * Splits a line as zkCli does: words are separated by white space; one that begins with a quote goes to the next quote
 * of the same kind, and ends there; quotes inside a word mean nothing; there is no escape. A quote that is never closed
 * is skipped.
 */
export function tokenize(line: string): readonly Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line[at] as string;
    if (isSpace(char)) {
      at++;
    } else if (char === '"' || char === "'") {
      const end = line.indexOf(char, at + 1);
      if (end !== -1) words.push({ text: line.slice(at + 1, end), isQuoted: true });
      at = end === -1 ? at + 1 : end + 1;
    } else {
      const start = at;
      while (at < line.length && !isSpace(line[at] as string)) at++;
      words.push({ text: line.slice(start, at), isQuoted: false });
    }
  }
  return words;
}

function isSpace(char: string): boolean {
  return char === ' ' || (char >= '\t' && char <= '\r');
}

/** A word as it must be written in a line. */
export function quoteWord(text: string): string {
  if (text !== '' && !/[\s"'*?[{]/.test(text)) return text;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}

/** Splits `-c 'one; two'` into lines: at semicolons and line ends outside quotes. */
export function splitCommands(text: string): readonly string[] {
  const commands: string[] = [];
  let start = 0;
  let at = 0;
  let isAtWordStart = true;
  while (at < text.length) {
    const char = text[at] as string;
    if (isAtWordStart && (char === '"' || char === "'")) {
      const end = text.indexOf(char, at + 1);
      at = end === -1 ? at + 1 : end + 1;
      isAtWordStart = false;
      continue;
    }
    if (char === ';' || char === '\n') {
      commands.push(text.slice(start, at));
      start = at + 1;
    }
    isAtWordStart = char === ';' || isSpace(char);
    at++;
  }
  commands.push(text.slice(start));
  return commands.map((command) => command.trim()).filter((command) => command !== '');
}
