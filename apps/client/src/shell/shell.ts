import { setMaxListeners } from 'node:events';
import { CommandError, ExitCode, UnknownCommandError } from '../cli/exit-codes.js';
import { type Explanation, explain } from '../cli/errors.js';
import type { CliIo } from '../cli/io.js';
import { Call, type Command, usageLine } from '../commands/command.js';
import { commandHelp, zkCliUsage } from '../commands/help.js';
import { commandNames, findCommand } from '../commands/registry.js';
import { Connection, type Servers } from './connection.js';
import { expandGlob, isGlob } from './glob.js';
import { LineHistory } from './line-history.js';
import { type ParsedWords, parseWords } from './options.js';
import type { Output } from './output.js';
import { closest } from './suggest.js';
import { type Word, tokenize } from './tokenize.js';
import { type ShellEvent, ShellWatches } from './watches.js';

export interface ShellOptions {
  readonly io: CliIo;
  readonly servers: Servers;
  readonly out: Output;
  /** Prints and exits as zkCli.sh, with what that prints about the connection, and with its three exit codes. */
  readonly isZkCli: boolean;
  /** Whether changes of the connection are told. */
  readonly tellsState: boolean;
  /** Milliseconds to wait for a connection. */
  readonly connectTimeoutMs: number;
}

/** Runs commands, one at a time, on one connection. Knows nothing of terminals. */
export class Shell {
  readonly io: CliIo;
  readonly out: Output;
  readonly connection: Connection;
  readonly watches: ShellWatches;
  readonly history = new LineHistory();
  readonly options: ShellOptions;
  printsWatches = true;
  /** Set by `quit`. */
  isDone = false;
  /** Of the last command. */
  exitCode: number = ExitCode.ok;
  /** Where events are written; an interactive shell writes them around its prompt. */
  announce: (text: string) => void;

  constructor(options: ShellOptions) {
    this.options = options;
    this.io = options.io;
    this.out = options.out;
    this.announce = (text) => this.out.raw(text);
    this.watches = new ShellWatches((event) => this.tellEvent(event));
    this.connection = new Connection(options.io, options.servers, (state) => this.tellState(state));
  }

  /** Runs a line, and keeps it in the history. @returns its exit code */
  async runLine(line: string, signal: AbortSignal): Promise<number> {
    const words = tokenize(line);
    if (words.length === 0) return this.exitCode;
    this.history.add(line);
    return this.runWords(words, signal);
  }

  /** Runs a command. Never throws: what goes wrong is printed, and is the exit code. */
  async runWords(words: readonly Word[], signal: AbortSignal): Promise<number> {
    // Hundreds of requests hang on it when a tree is walked: that is no leak.
    setMaxListeners(0, signal);
    const [head, ...rest] = words as readonly [Word, ...Word[]];
    const isJson = this.out.isJson || rest.some(({ text, isQuoted }) => text === '--json' && !isQuoted);
    const out = this.out.withJson(isJson);
    try {
      this.exitCode = (await this.dispatch(head.text, rest, out, signal)) ?? ExitCode.ok;
    } catch (error) {
      const explanation = explain(error, rest.find(({ text }) => text.startsWith('/'))?.text);
      this.exitCode = this.codeOf(explanation);
      this.report(explanation, error, out);
    }
    return this.exitCode;
  }

  async close(): Promise<void> {
    this.watches.clear();
    await this.connection.close();
  }

  private async dispatch(
    name: string,
    rest: readonly Word[],
    out: Output,
    signal: AbortSignal,
  ): Promise<number | undefined | void> {
    const command = findCommand(name);
    if (command === undefined) throw new UnknownCommandError(name, closest(name, commandNames()));
    const words = withRest(command, parseWords(rest, command.options));
    if (words.options.has('help')) {
      out.print(commandHelp(command));
      return ExitCode.ok;
    }
    this.checkCount(command, words);
    if (command.isOffline !== true) {
      if (!this.connection.isAlive) {
        if (this.options.isZkCli) {
          out.print('Not connected');
          return ExitCode.ok;
        }
        throw new CommandError('Not connected', ExitCode.connection);
      }
      await this.connection.ready(signal, this.options.connectTimeoutMs);
    }
    const args = await this.expand(command, words, signal);
    return command.run(new Call({ command, words, args, shell: this, out, signal }));
  }

  private checkCount(command: Command, { args }: ParsedWords): void {
    const { min, max } = command.args;
    const isTooMany = max !== undefined && args.length > max;
    if (args.length >= min && !isTooMany) return;
    const surplus =
      isTooMany && !this.options.isZkCli
        ? `\n${command.name}: too many arguments: ${args
            .slice(max)
            .map(({ text }) => text)
            .join(' ')}`
        : '';
    throw new UsageCountError(`${usageLine(command)}${surplus}`);
  }

  private async expand(command: Command, { args }: ParsedWords, signal: AbortSignal): Promise<readonly string[]> {
    const isPattern = args.map(
      (word, index) => isGlob(word) && (command.globs === 'all' || (command.globs === 'first' && index === 0)),
    );
    if (!isPattern.includes(true)) return args.map(({ text }) => text);
    const client = this.connection.client;
    const expanded = await Promise.all(
      args.map(({ text }, index) => (isPattern[index] === true ? expandGlob(client, text, signal) : [text])),
    );
    if (command.globs === 'first' && (expanded[0]?.length ?? 0) > 1) {
      throw new CommandError(
        `${args[0]?.text ?? ''} matches ${expanded[0]?.length ?? 0} znodes; ${command.name} takes one`,
        ExitCode.usage,
      );
    }
    return expanded.flat();
  }

  private codeOf({ exitCode }: Explanation): number {
    if (!this.options.isZkCli || exitCode === ExitCode.commandNotFound) return exitCode;
    return exitCode === ExitCode.ok ? ExitCode.ok : ExitCode.failed;
  }

  private report(explanation: Explanation, error: unknown, out: Output): void {
    if (out.isJson) {
      const { name, message, path, maybeApplied } = explanation;
      const fields = { name, message, exitCode: this.exitCode, ...(path === undefined ? {} : { path }) };
      out.complain(JSON.stringify({ error: maybeApplied ? { ...fields, maybeApplied } : fields }));
    } else if (error instanceof UnknownCommandError) {
      if (this.options.isZkCli) {
        out.complain(`${zkCliUsage()}\nCommand not found: Command not found ${error.word}`);
      } else {
        const hint = error.suggestion === undefined ? 'help lists all commands.' : `Did you mean ${error.suggestion}?`;
        out.complain(`${error.message}\n${hint}`);
      }
    } else {
      out.complain(explanation.message);
    }
  }

  /** Prints what a watch saw, unless that is turned off. */
  tellEvent({ type, path, zxid }: ShellEvent): void {
    if (!this.printsWatches) return;
    if (this.out.isJson) {
      this.announce(
        `${JSON.stringify({ event: { type, path, zxid: zxid === -1n ? null : `0x${zxid.toString(16)}` } })}\n`,
      );
    } else {
      this.announce(watcherText(`WatchedEvent state:SyncConnected type:${type} path:${path} zxid: ${zxid}`));
    }
  }

  private tellState(state: string): void {
    if (!this.options.tellsState || !this.printsWatches || this.out.isJson) return;
    this.announce(watcherText(`WatchedEvent state:${state} type:None path:null zxid: -1`));
  }
}

/** Too few arguments, or too many: the usage line is what zkCli says. */
class UsageCountError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(message, ExitCode.usage);
  }
}

/** Behind `--` stand arguments that begin with a dash, unless it is a program to run. */
function withRest(command: Command, words: ParsedWords): ParsedWords {
  if (command.takesProgram === true || words.rest === undefined) return words;
  const more = words.rest.map((text) => ({ text, isQuoted: true }));
  return { ...words, args: [...words.args, ...more], rest: undefined };
}

function watcherText(event: string): string {
  return `\nWATCHER::\n\n${event}\n`;
}
