import { type Interface, clearScreenDown, createInterface, cursorTo } from 'node:readline';
import type { Writable } from 'node:stream';
import { ExitCode, UsageError } from '../cli/exit-codes.js';
import { findCommand } from '../commands/lookup.js';
import type { CommandRunner } from './command-runner.js';
import { complete } from './complete.js';
import { MAX_LINES, appendHistory, historyPath, readHistory } from './history-file.js';
import type { Shell } from './shell.js';
import { tokenize } from './tokenize.js';

/**
 * The shell at a terminal: lines are edited, completed and remembered; events appear above the prompt. Ctrl-C ends a
 * command that runs, or clears the line; on an empty line, twice, it ends the shell, as Ctrl-D does at once.
 */
export async function runInteractive(runner: CommandRunner): Promise<number> {
  return new InteractiveShell(runner).run();
}

class InteractiveShell {
  private readonly shell: Shell;
  private readonly lines: Interface;
  private readonly historyFile: string | undefined;
  private readonly added: string[] = [];
  private readonly output: Writable;
  /** Of the command that runs at the moment. */
  private running: AbortController | undefined;
  private wasInterrupted = false;
  private number = 0;

  constructor(private readonly runner: CommandRunner) {
    const { shell } = runner;
    const { io } = shell;
    this.shell = shell;
    this.output = io.out.stream;
    this.historyFile = historyPath(io.environment, io.homeDirectory);
    this.lines = createInterface({
      input: io.input.stream,
      output: this.output,
      terminal: true,
      // The editor wants the newest first.
      history: [...readHistory(this.historyFile)].reverse(),
      historySize: MAX_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string, callback: (error: null, result: [string[], string]) => void) => {
        void this.complete(line).then(([candidates, replaced]) => callback(null, [candidates, replaced]));
      },
    });
    shell.announce = (text) => this.announce(text);
  }

  async run(): Promise<number> {
    const { shell } = this;
    shell.out.print('Welcome to ZooKeeper!');
    shell.out.print(shell.out.paint('dim', 'help lists the commands; Tab completes; Ctrl-D ends.'));
    try {
      shell.connection.open();
    } catch (error) {
      this.lines.close();
      throw new UsageError((error as Error).message);
    }
    // While a program has the terminal, Ctrl-C is a signal; otherwise the editor of lines sees it as a key.
    const stopListening = shell.io.processes.onSignal((signal) => {
      if (signal === 'SIGINT') this.running?.abort();
      else this.lines.close();
    });
    await new Promise<void>((resolve) => {
      this.lines.on('close', resolve);
      this.lines.on('SIGINT', () => this.onInterrupt());
      this.lines.on('line', (line) => void this.onLine(line));
      this.prompt();
    });
    stopListening();
    this.running?.abort();
    const failure = appendHistory(this.historyFile, this.added);
    if (failure !== undefined) shell.out.complain(`the history could not be kept: ${failure.message}`);
    return shell.exitCode;
  }

  private async onLine(line: string): Promise<void> {
    const { runner, shell } = this;
    this.wasInterrupted = false;
    if (this.running !== undefined) return;
    if (line.trim() !== '') {
      this.added.push(line);
      this.number++;
      this.running = new AbortController();
      const lends = findCommand(runner.commands, tokenize(line)[0]?.text ?? '')?.takesProgram === true;
      if (lends) this.lendTerminal(true);
      await runner.runLine(line, this.running.signal);
      if (lends) this.lendTerminal(false);
      this.running = undefined;
    }
    if (shell.isDone) this.lines.close();
    else this.prompt();
  }

  /** A program that is run has the terminal to itself, in its ordinary mode. */
  private lendTerminal(isLent: boolean): void {
    const { stream } = this.shell.io.input;
    if (isLent) this.lines.pause();
    if ('setRawMode' in stream && typeof stream.setRawMode === 'function') stream.setRawMode(!isLent);
    if (!isLent) this.lines.resume();
  }

  private onInterrupt(): void {
    if (this.running !== undefined) {
      this.output.write('^C\n');
      this.running.abort();
      return;
    }
    if (this.lines.line !== '') {
      this.output.write('^C\n');
      // The line goes: Ctrl-E, then Ctrl-U.
      this.lines.write(null, { ctrl: true, name: 'e' });
      this.lines.write(null, { ctrl: true, name: 'u' });
      this.wasInterrupted = false;
      this.prompt();
    } else if (this.wasInterrupted) {
      this.shell.exitCode = ExitCode.interrupted;
      this.output.write('\n');
      this.lines.close();
    } else {
      this.wasInterrupted = true;
      this.output.write('\nOnce more Ctrl-C, or Ctrl-D, ends the shell.\n');
      this.prompt();
    }
  }

  /** Writes above the prompt, and puts the prompt, with what is written behind it, below. */
  private announce(text: string): void {
    if (this.running !== undefined) {
      this.output.write(text);
      return;
    }
    cursorTo(this.output, 0);
    clearScreenDown(this.output);
    this.output.write(text);
    this.prompt(true);
  }

  private prompt(keepsCursor = false): void {
    const { connection } = this.shell;
    // As zkCli's: [zk: localhost:2181(CONNECTED) 0]
    this.lines.setPrompt(`[zk: ${connection.host}(${connection.promptState}) ${this.number}] `);
    this.lines.prompt(keepsCursor);
  }

  private complete(line: string): ReturnType<typeof complete> {
    const { connection } = this.shell;
    return complete(line, this.runner.commands, connection.isAlive ? connection.client : undefined);
  }
}
