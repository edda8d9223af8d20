import type { ZkClient } from '@zk/client-api';
import { UsageError } from '../cli/exit-codes.js';
import { javaPathDefect } from '../format/paths.js';
import { type OptionSpec, type ParsedWords, keyOf } from '../shell/options.js';
import type { Output } from '../shell/output.js';
import type { Shell } from '../shell/shell.js';
import type { Word } from '../shell/tokenize.js';

/** What a command is called, how it is written, and what it does. */
export interface Command {
  readonly name: string;
  /** What follows the name in a usage line; in zkCli's words for its commands. */
  readonly usage: string;
  readonly summary: string;
  /** More about it, for `--help`: paragraphs and examples. */
  readonly details?: string;
  readonly options: readonly OptionSpec[];
  /** Fewest and most arguments. zkCli ignores what is too much, and so do its commands here. */
  readonly args: { readonly min: number; readonly max?: number };
  /** Which arguments are paths that globs stand for: none, the first, or all. */
  readonly globs?: 'first' | 'all';
  /** Which arguments are completed as paths; default: the first. */
  readonly completes?: 'none' | 'first' | 'all';
  /** True when what stands behind `--` is not more arguments but a command of the system. */
  readonly takesProgram?: boolean;
  /** True for a command of zkCli. */
  readonly isZkCli?: boolean;
  /** True for one that works without a connection. */
  readonly isOffline?: boolean;
  /** @returns the exit code; undefined is 0 */
  run(call: Call): Promise<number | undefined | void>;
}

/** Who runs commands, for those that are about commands themselves. */
export interface Runner {
  readonly commands: readonly Command[];
  /** Runs another command. Never throws: what goes wrong is printed. @returns its exit code */
  runWords(words: readonly Word[], signal: AbortSignal): Promise<number>;
}

export interface CallParts {
  readonly command: Command;
  readonly words: ParsedWords;
  /** Texts of the arguments, globs expanded. */
  readonly args: readonly string[];
  readonly shell: Shell;
  readonly out: Output;
  /** Aborts when the user interrupts the command. */
  readonly signal: AbortSignal;
  readonly runner: Runner;
}

/** One use of a command. */
export class Call {
  readonly args: readonly string[];
  readonly shell: Shell;
  readonly out: Output;
  readonly signal: AbortSignal;
  readonly runner: Runner;
  /** The program behind `--`, for a command that takes one. */
  readonly rest: readonly string[] | undefined;
  private readonly command: Command;
  private readonly words: ParsedWords;

  constructor(parts: CallParts) {
    this.command = parts.command;
    this.words = parts.words;
    this.args = parts.args;
    this.shell = parts.shell;
    this.out = parts.out;
    this.signal = parts.signal;
    this.runner = parts.runner;
    this.rest = parts.words.rest;
  }

  get client(): ZkClient {
    return this.shell.connection.client;
  }

  /** Whether an option was given; by its long name, or its letter when it has no other. */
  has(key: string): boolean {
    return this.words.options.has(this.known(key));
  }

  /** The value of an option; the last one counts. */
  value(key: string): string | undefined {
    return this.words.options.get(this.known(key))?.at(-1);
  }

  values(key: string): readonly string[] {
    return this.words.options.get(this.known(key)) ?? [];
  }

  /** @throws UsageError unless it is a whole number in the range */
  integer(
    key: string,
    { min = -0x8000_0000, max = 0x7fff_ffff }: { min?: number; max?: number } = {},
  ): number | undefined {
    const text = this.value(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= min && value <= max) return value;
    throw new UsageError(`${dashed(key)} needs a whole number from ${min} to ${max}, not "${text}"`);
  }

  /**
   * An argument that is a path.
   * @throws UsageError for one that is missing or not valid
   */
  path(index = 0): string {
    const path = this.args[index];
    if (path === undefined) throw this.usage();
    return validPath(path);
  }

  /** All arguments, as paths; the default when there are none. */
  paths(fallback?: string): readonly string[] {
    const paths = this.args.length === 0 && fallback !== undefined ? [fallback] : this.args;
    return paths.map(validPath);
  }

  /** What a wrong use is answered with. */
  usage(): UsageError {
    return new UsageError(usageLine(this.command));
  }

  private known(key: string): string {
    // Asking for an option that the command does not have is a defect, and silence would hide it.
    if (!this.command.options.some((option) => keyOf(option) === key)) {
      throw new TypeError(`${this.command.name} has no option "${key}"`);
    }
    return key;
  }
}

export function usageLine({ name, usage }: Pick<Command, 'name' | 'usage'>): string {
  return `${name} ${usage}`;
}

/** @throws UsageError for a path that is not valid, in zkCli's words */
export function validPath(path: string): string {
  const defect = javaPathDefect(path);
  if (defect !== undefined) throw new UsageError(defect);
  return path;
}

function dashed(key: string): string {
  return key.length === 1 ? `-${key}` : `--${key}`;
}
