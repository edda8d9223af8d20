import type { CliOutput } from '../cli/io.js';

const STYLES = { dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36, bold: 1 } as const;

export type Style = keyof typeof STYLES;

/** Where a command writes: text for people, or JSON for programs, never both. */
export class Output {
  constructor(
    private readonly streams: { readonly out: CliOutput; readonly err: CliOutput },
    readonly isJson: boolean,
    private readonly hasColour: boolean,
  ) {}

  /** The same streams, with or without JSON. */
  withJson(isJson: boolean): Output {
    return new Output(this.streams, isJson, this.hasColour);
  }

  /** A result: the value with `--json`, else the lines of the text. */
  emit(value: unknown, text: string | (() => string)): void {
    if (this.isJson) this.streams.out.write(`${JSON.stringify(value)}\n`);
    else this.print(typeof text === 'string' ? text : text());
  }

  /** Lines for people; nothing with `--json`. */
  print(text: string): void {
    if (!this.isJson) this.streams.out.write(`${text}\n`);
  }

  /** As it is, in both modes: data that goes to a file or a pipe. */
  raw(text: string): void {
    this.streams.out.write(text);
  }

  /** Remarks and errors, on standard error, in both modes. */
  complain(text: string): void {
    this.streams.err.write(`${text}\n`);
  }

  /** Resolves when what was written has left: for long outputs, which would pile up otherwise. */
  flushed(): Promise<void> {
    return this.streams.out.flushed();
  }

  get isTerminal(): boolean {
    return this.streams.out.isTerminal;
  }

  /** Standard error, for progress bars: a stream when it is a terminal. */
  get progress(): CliOutput | undefined {
    return this.streams.err.isTerminal && !this.isJson ? this.streams.err : undefined;
  }

  paint(style: Style, text: string): string {
    return this.hasColour ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }
}

/** Colours on a terminal only, and not for those who have said no (https://no-color.org). */
export function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const { NO_COLOR, TERM } = environment;
  return isTerminal && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}
