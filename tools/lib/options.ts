/**
 * Command-line options for the tools in this folder. Each tool describes its options once, as a table; parsing,
 * checking and `--help` come from that table. Exit code 2 means "asked wrongly", as in most Unix tools.
 */
import { parseArgs } from 'node:util';

/** One option. `fallback` decides the type of the value; a boolean option takes no value on the command line. */
export interface OptionSpec<T extends string | number | boolean | undefined> {
  readonly fallback: T;
  readonly help: string;
  /** Placeholder shown in the help text; its absence marks a switch. */
  readonly value?: string;
}

export type OptionTable = Record<string, OptionSpec<string | number | boolean | undefined>>;

export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: Widen<T[K]['fallback']>;
};

type Widen<V> = V extends string ? string : V extends number ? number : V extends boolean ? boolean : V;

export function text(fallback: string, value: string, help: string): OptionSpec<string> {
  return { fallback, value, help };
}

export function optionalText(value: string, help: string): OptionSpec<string | undefined> {
  return { fallback: undefined, value, help };
}

export function number(fallback: number, value: string, help: string): OptionSpec<number> {
  return { fallback, value, help };
}

export function flag(help: string): OptionSpec<boolean> {
  return { fallback: false, help };
}

/**
 * Parses `argv`. Prints the help text and exits 0 on `--help`; prints a message and exits 2 on an unknown option or a
 * malformed number.
 */
export function parseOptions<T extends OptionTable>(
  tool: string,
  summary: string,
  table: T,
  argv: readonly string[] = process.argv.slice(2),
): OptionValues<T> {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' } };
  for (const [name, spec] of Object.entries(table)) {
    options[name] = { type: spec.value === undefined ? 'boolean' : 'string' };
  }
  let given: Record<string, string | boolean | (string | boolean)[] | undefined>;
  try {
    given = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return refuse(tool, error instanceof Error ? error.message : String(error));
  }
  if (given['help'] === true) {
    process.stdout.write(helpText(tool, summary, table));
    process.exit(0);
  }
  const values: Record<string, string | number | boolean | undefined> = {};
  for (const [name, spec] of Object.entries(table)) {
    const raw = given[name];
    if (raw === undefined || Array.isArray(raw)) {
      values[name] = spec.fallback;
    } else if (typeof spec.fallback === 'number') {
      const parsed = Number(raw);
      if (raw === '' || !Number.isFinite(parsed)) return refuse(tool, `--${name} wants a number, got "${raw}"`);
      values[name] = parsed;
    } else {
      values[name] = raw;
    }
  }
  return values as OptionValues<T>;
}

function helpText(tool: string, summary: string, table: OptionTable): string {
  const rows = Object.entries(table).map(([name, spec]) => {
    const left = `  --${name}${spec.value === undefined ? '' : ` <${spec.value}>`}`;
    const shown = spec.fallback === undefined || spec.fallback === false || spec.fallback === '';
    return [left, shown ? spec.help : `${spec.help} (default ${String(spec.fallback)})`] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const lines = rows.map(([left, help]) => left.padEnd(width) + help);
  return `npm run ${tool} -- [options]\n\n${summary}\n\n${lines.join('\n')}\n${'  --help'.padEnd(width)}this text\n`;
}

function refuse(tool: string, message: string): never {
  process.stderr.write(`${tool}: ${message}\n${tool}: see --help\n`);
  process.exit(2);
}
