import { closest } from './suggest.js';
import { UsageError } from '../cli/exit-codes.js';
import type { Word } from './tokenize.js';

export interface OptionSpec {
  /** One letter for zkCli's, or none. */
  readonly letter?: string;
  /** Name behind two dashes. */
  readonly name?: string;
  /** Name of its value; absent for a flag. */
  readonly value?: string;
  /** May be given more than once. */
  readonly isRepeatable?: boolean;
  readonly summary: string;
}

/** Options every command has. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'json', summary: 'print JSON, one document per line' },
  { name: 'help', summary: 'say what the command does' },
];

export interface ParsedWords {
  /** Values by key: see {@link keyOf}; a flag has one empty value. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly Word[];
  /** What stands behind `--`; undefined without one. */
  readonly rest: readonly string[] | undefined;
}

/** What an option is called inside: its long name, else its letter. */
export function keyOf(option: OptionSpec): string {
  return option.name ?? option.letter ?? '';
}

/**
 * Reads the words behind a command as commons-cli does, so that scripts for zkCli mean the same: options may stand
 * anywhere, letters may be joined (`-sw`), a value may follow its letter at once (`-v5`) or after `=`. `--` ends them.
 * @throws UsageError for an unknown option, or one without its value
 */
export function parseWords(words: readonly Word[], specs: readonly OptionSpec[]): ParsedWords {
  return new WordReader(words, [...specs, ...COMMON_OPTIONS]).read();
}

class WordReader {
  private readonly options = new Map<string, string[]>();
  private readonly args: Word[] = [];
  private at = 0;

  constructor(
    private readonly words: readonly Word[],
    private readonly specs: readonly OptionSpec[],
  ) {}

  read(): ParsedWords {
    let rest: readonly string[] | undefined;
    while (this.at < this.words.length) {
      const word = this.words[this.at++] as Word;
      if (word.isQuoted || word.text === '-' || !word.text.startsWith('-')) {
        this.args.push(word);
      } else if (word.text === '--') {
        rest = this.words.slice(this.at).map(({ text }) => text);
        break;
      } else {
        this.readOption(word.text);
      }
    }
    return { options: this.options, args: this.args, rest };
  }

  private readOption(text: string): void {
    const bare = text.replace(/^--?/, '');
    const equals = bare.indexOf('=');
    const name = equals === -1 ? bare : bare.slice(0, equals);
    const inline = equals === -1 ? undefined : bare.slice(equals + 1);
    // zkCli takes one dash or two for a long name.
    const spec = this.specs.find((known) => known.name === name || known.letter === name);
    if (spec !== undefined) this.add(spec, text, inline);
    else if (text.startsWith('--') || !this.readLetters(bare, text)) throw unknownOption(text, name, this.specs);
  }

  /** Letters in one word: `-sR`, `-v5`. */
  private readLetters(letters: string, text: string): boolean {
    const found: [OptionSpec, string | undefined][] = [];
    for (let i = 0; i < letters.length; i++) {
      const spec = this.specs.find(({ letter }) => letter === letters[i]);
      if (spec === undefined) return false;
      if (spec.value !== undefined && i + 1 < letters.length) {
        found.push([spec, letters.slice(i + 1)]);
        break;
      }
      found.push([spec, undefined]);
    }
    for (const [spec, value] of found) this.add(spec, text, value);
    return true;
  }

  private add(spec: OptionSpec, text: string, inline: string | undefined): void {
    const values = this.options.get(keyOf(spec)) ?? [];
    this.options.set(keyOf(spec), values);
    if (spec.value === undefined) {
      if (inline !== undefined) throw new UsageError(`Option takes no value: ${text}`);
      values.push('');
      return;
    }
    const next = inline ?? this.words[this.at]?.text;
    if (next === undefined || (inline === undefined && this.isOption(next))) {
      throw new UsageError(`Missing argument for option: ${spec.letter ?? spec.name ?? ''}`);
    }
    if (inline === undefined) this.at++;
    values.push(next);
  }

  /** Whether a word would be read as an option; a negative number is a value. */
  private isOption(text: string): boolean {
    if (!text.startsWith('-') || text === '-' || /^-\d/.test(text)) return false;
    const name = text.replace(/^--?/, '').split('=')[0] as string;
    return (
      text === '--' ||
      this.specs.some(({ letter, name: long }) => letter === name || long === name || letter === name[0])
    );
  }
}

function unknownOption(text: string, name: string, specs: readonly OptionSpec[]): UsageError {
  const names = specs.flatMap(({ name: long }) => (long === undefined ? [] : [long]));
  const suggestion = closest(name, names);
  const hint = suggestion === undefined ? '' : `\nDid you mean --${suggestion}?`;
  return new UsageError(`Unrecognized option: ${text}${hint}`);
}

/** Lines about options, for help. */
export function optionLines(specs: readonly OptionSpec[]): readonly string[] {
  const rows = specs.map((spec) => {
    const names = [
      ...(spec.letter === undefined ? [] : [`-${spec.letter}`]),
      ...(spec.name === undefined ? [] : [`--${spec.name}`]),
    ].join(', ');
    return [spec.value === undefined ? names : `${names} <${spec.value}>`, spec.summary] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
