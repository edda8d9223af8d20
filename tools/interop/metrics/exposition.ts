/** The text format of Prometheus, as far as servers are compared by it. */
export interface Exposition {
  /** By the names of metrics. */
  readonly types: ReadonlyMap<string, string>;
  /** By the names of metrics: their lines, each a name with its labels, and the value. */
  readonly lines: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** @throws Error when nobody answers in time */
export async function scrape(port: number): Promise<Exposition> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(10_000) });
  if (response.status !== 200) throw new Error(`/metrics on port ${port} answers ${response.status}`);
  return parse(await response.text());
}

function parse(text: string): Exposition {
  const types = new Map<string, string>();
  const lines = new Map<string, Map<string, number>>();
  let metric = '';
  for (const line of text.split('\n')) {
    const declared = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (declared !== null) {
      metric = declared[1] as string;
      types.set(metric, declared[2] as string);
      lines.set(metric, new Map());
    } else if (line !== '' && !line.startsWith('#')) {
      const space = line.lastIndexOf(' ');
      lines.get(metric)?.set(withoutLastComma(line.slice(0, space)), Number(line.slice(space + 1)));
    }
  }
  return { types, lines };
}

/** Java's library writes one behind the last label. */
function withoutLastComma(name: string): string {
  return name.replace(',}', '}');
}
