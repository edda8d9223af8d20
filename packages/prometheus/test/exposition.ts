/** The text format of Prometheus, taken apart. */
export interface Exposition {
  /** `counter`, `gauge`, `summary` or `histogram`, by the names of metrics. */
  readonly types: ReadonlyMap<string, string>;
  /** Values by names with labels, as they stand in the text. */
  readonly values: ReadonlyMap<string, number>;
}

export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) types.set(name, type);
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    values.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return { types, values };
}
