import type { ZkClient } from '@zk/client-api';
import type { Command } from '../commands/command.js';
import { findCommand, namesOf } from '../commands/lookup.js';
import { COMMON_OPTIONS } from './options.js';
import { quoteWord, tokenize } from './tokenize.js';

/** Time after which a completion that waits for a server gives up: nobody looks at a dead prompt for longer. */
const TIMEOUT_MS = 2000;

/** What the editor of lines wants: the candidates, and the text that they take the place of. */
export type Completion = readonly [candidates: string[], replaced: string];

/**
 * Completes the end of a line: commands first, then options, paths, and the few words that some commands take. Never
 * rejects: where nothing is known, nothing is offered.
 */
export async function complete(
  line: string,
  commands: readonly Command[],
  client: ZkClient | undefined,
): Promise<Completion> {
  const at = startOfLastWord(line);
  const last = line.slice(at);
  const before = tokenize(line.slice(0, at)).map(({ text }) => text);
  const [name] = before;
  if (name === undefined) return [startingWith(commandWords(commands), last).map((word) => `${word} `), last];
  const command = findCommand(commands, name);
  if (command === undefined) return [[], last];
  if (last.startsWith('-')) return [startingWith(optionWords(command), last).map((word) => `${word} `), last];
  const fixed = fixedWords(command, before, commands);
  if (fixed !== undefined) return [startingWith(fixed, last).map((word) => `${word} `), last];
  if (!takesPathHere(command, before)) return [[], last];
  return [await completePath(last, client), last];
}

/** An open quote belongs to the word, so that it goes on being one. */
function startOfLastWord(line: string): number {
  let at = 0;
  while (at < line.length) {
    const char = line[at] as string;
    if (/\s/.test(char)) {
      at++;
      continue;
    }
    const start = at;
    if (char === '"' || char === "'") {
      const end = line.indexOf(char, at + 1);
      if (end === -1) return start;
      at = end + 1;
    } else {
      while (at < line.length && !/\s/.test(line[at] as string)) at++;
    }
    if (at === line.length) return start;
  }
  return line.length;
}

function commandWords(commands: readonly Command[]): readonly string[] {
  return [...namesOf(commands)].sort();
}

function optionWords(command: Command): readonly string[] {
  return [...command.options, ...COMMON_OPTIONS].flatMap(({ letter, name }) => [
    ...(letter === undefined ? [] : [`-${letter}`]),
    ...(name === undefined ? [] : [`--${name}`]),
  ]);
}

function fixedWords(
  command: Command,
  before: readonly string[],
  commands: readonly Command[],
): readonly string[] | undefined {
  const previous = before.at(-1) ?? '';
  if (command.name === 'help') return commandWords(commands);
  if (command.name === 'printwatches') return ['on', 'off'];
  if (command.name === 'addauth' && before.length === 1) return ['digest', 'ip', 'sasl', 'x509'];
  if (command.name === 'addWatch' && previous === '-m') return ['PERSISTENT', 'PERSISTENT_RECURSIVE'];
  if (command.name === 'import' && previous === '--on-conflict') return ['fail', 'skip', 'overwrite'];
  return undefined;
}

/** Whether the word that is being written is a path: by its place among the arguments. */
function takesPathHere(command: Command, before: readonly string[]): boolean {
  const { completes = 'first', options } = command;
  if (completes === 'none') return false;
  let args = 0;
  for (let i = 1; i < before.length; i++) {
    const word = before[i] as string;
    const spec = options.find(({ letter, name }) => word === `-${letter ?? ''}` || word === `--${name ?? ''}`);
    if (spec?.value !== undefined) i++;
    else if (!word.startsWith('-')) args++;
  }
  return completes === 'all' || args === 0;
}

/** Children of the last whole path; one that has children itself, or may, is offered with a slash behind. */
async function completePath(last: string, client: ZkClient | undefined): Promise<string[]> {
  const quote = last.startsWith('"') || last.startsWith("'") ? (last[0] as string) : '';
  const typed = last.slice(quote.length);
  if (typed === '' && quote === '') return ['/'];
  if (!typed.startsWith('/') || client === undefined) return [];
  const slash = typed.lastIndexOf('/');
  const parent = slash === 0 ? '/' : typed.slice(0, slash);
  const prefix = typed.slice(slash + 1);
  let names: readonly string[];
  try {
    const { children } = await client.getChildren(parent, { timeout: TIMEOUT_MS });
    names = startingWith([...children].sort(), prefix);
  } catch {
    // No such znode, no permission, no connection: there is nothing to offer, and a prompt is no place for errors.
    return [];
  }
  const paths = names.map((name) => (parent === '/' ? `/${name}` : `${parent}/${name}`));
  // A single one is looked at: with children it is on the way to somewhere, without it is the end of the word.
  const [only] = paths;
  if (paths.length !== 1 || only === undefined) return paths.map((path) => written(path, quote));
  const stat = await client.exists(only, { timeout: TIMEOUT_MS }).catch(() => null);
  const isLeaf = stat === null || stat.numChildren === 0;
  if (isLeaf && only === typed) return [`${closed(written(only, quote), quote)} `];
  return [isLeaf ? `${closed(written(only, quote), quote)} ` : `${written(only, quote)}/`];
}

function written(path: string, quote: string): string {
  if (quote !== '') return quote + path;
  const quoted = quoteWord(path);
  // Without its closing quote: the word may go on.
  return quoted === path ? path : quoted.slice(0, -1);
}

function closed(text: string, quote: string): string {
  const opening = quote === '' && (text.startsWith('"') || text.startsWith("'")) ? (text[0] as string) : quote;
  return text + opening;
}

function startingWith(words: readonly string[], prefix: string): readonly string[] {
  return words.filter((word) => word.startsWith(prefix));
}
