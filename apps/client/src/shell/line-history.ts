import { CommandError, ExitCode, UsageError } from '../cli/exit-codes.js';

const SHOWN = 11;

/** The lines of this run of the shell, numbered from 0, for `history` and `redo`. */
export class LineHistory {
  private readonly lines: string[] = [];

  add(line: string): void {
    this.lines.push(line);
  }

  /** Replaces the present line, which was a `redo`, by what it stands for. */
  replaceLast(line: string): void {
    this.lines[this.lines.length - 1] = line;
  }

  /** The last eleven, the present one included. */
  recent(): readonly { readonly number: number; readonly line: string }[] {
    const first = Math.max(0, this.lines.length - SHOWN);
    return this.lines.slice(first).map((line, index) => ({ number: first + index, line }));
  }

  /** @throws CommandError for a number that no line has */
  at(text: string): string {
    if (!/^\d+$/.test(text)) throw new UsageError(`redo needs the number of a line, not "${text}"`);
    const line = Number(text) < this.lines.length - 1 ? this.lines[Number(text)] : undefined;
    if (line === undefined) throw new CommandError('Command index out of range', ExitCode.usage);
    return line;
  }
}
