import { setMaxListeners } from 'node:events';
import { type Explanation, explain } from '../cli/errors.js';
import { CommandError, ExitCode, UnknownCommandError } from '../cli/exit-codes.js';
import { Call, type Command, type Runner, usageLine } from '../commands/command.js';
import { commandHelp, zkCliUsage } from '../commands/help.js';
import { commandNamed } from '../commands/lookup.js';
import { expandGlob, isGlob } from './glob.js';
import { type ParsedWords, parseWords } from './options.js';
import type { Output } from './output.js';
import type { Shell } from './shell.js';
import { type Word, tokenize } from './tokenize.js';

/** Runs commands, one at a time, in one shell. Knows nothing of terminals. */
export class CommandRunner implements Runner {
  constructor(
    readonly shell: Shell,
    readonly commands: readonly Command[],
  ) {}

  /** Runs a line, and keeps it in the history. @returns its exit code */
  async runLine(line: string, signal: AbortSignal): Promise<number> {
    const words = tokenize(line);
    if (words.length === 0) return this.shell.exitCode;
    this.shell.history.add(line);
    return this.runWords(words, signal);
  }

  /** Runs a command. Never throws: what goes wrong is printed, and is the exit code. */
  async runWords(words: readonly Word[], signal: AbortSignal): Promise<number> {
    // Hundreds of requests hang on it when a tree is walked: that is no leak.
    setMaxListeners(0, signal);
    const [head, ...rest] = words as readonly [Word, ...Word[]];
    const { shell } = this;
    const isJson = shell.out.isJson || rest.some(({ text, isQuoted }) => text === '--json' && !isQuoted);
    const out = shell.out.withJson(isJson);
    try {
      shell.exitCode = (await this.dispatch(head.text, rest, out, signal)) ?? ExitCode.ok;
    } catch (error) {
      const explanation = explain(error, rest.find(({ text }) => text.startsWith('/'))?.text);
      shell.exitCode = this.codeOf(explanation);
      this.report(explanation, error, out);
    }
    return shell.exitCode;
  }

  private async dispatch(
    name: string,
    rest: readonly Word[],
    out: Output,
    signal: AbortSignal,
  ): Promise<number | undefined | void> {
    const { shell } = this;
    const command = commandNamed(this.commands, name);
    const words = withRest(command, parseWords(rest, command.options));
    if (words.options.has('help')) {
      out.print(commandHelp(command));
      return ExitCode.ok;
    }
    this.checkCount(command, words);
    if (command.isOffline !== true) {
      if (!shell.connection.isAlive) {
        if (shell.options.isZkCli) {
          out.print('Not connected');
          return ExitCode.ok;
        }
        throw new CommandError('Not connected', ExitCode.connection);
      }
      await shell.connection.ready(signal, shell.options.connectTimeoutMs);
    }
    const args = await this.expand(command, words, signal);
    return command.run(new Call({ command, words, args, shell, out, signal, runner: this }));
  }

  private checkCount(command: Command, { args }: ParsedWords): void {
    const { min, max } = command.args;
    const isTooMany = max !== undefined && args.length > max;
    if (args.length >= min && !isTooMany) return;
    const surplus =
      isTooMany && !this.shell.options.isZkCli
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
    const client = this.shell.connection.client;
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
    if (!this.shell.options.isZkCli || exitCode === ExitCode.commandNotFound) return exitCode;
    return exitCode === ExitCode.ok ? ExitCode.ok : ExitCode.failed;
  }

  private report(explanation: Explanation, error: unknown, out: Output): void {
    if (out.isJson) {
      const { name, message, path, maybeApplied } = explanation;
      const fields = { name, message, exitCode: this.shell.exitCode, ...(path === undefined ? {} : { path }) };
      out.complain(JSON.stringify({ error: maybeApplied ? { ...fields, maybeApplied } : fields }));
    } else if (error instanceof UnknownCommandError) {
      if (this.shell.options.isZkCli) {
        out.complain(`${zkCliUsage(this.commands)}\nCommand not found: Command not found ${error.word}`);
      } else {
        const hint = error.suggestion === undefined ? 'help lists all commands.' : `Did you mean ${error.suggestion}?`;
        out.complain(`${error.message}\n${hint}`);
      }
    } else {
      out.complain(explanation.message);
    }
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
