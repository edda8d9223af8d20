import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestServer, createTestServer } from '@zk/testing';
import { Output } from '../src/shell/output.js';
import { Shell } from '../src/shell/shell.js';
import { FakeIo } from './fake-io.js';

interface Step {
  readonly command: string;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

function readTranscript(): readonly Step[] {
  const text = readFileSync(join(__dirname, 'fixtures', 'zkcli-3.9.5.txt'), 'utf8');
  const steps: { command: string; out: string[]; err: string[] }[] = [];
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) continue;
    if (line.startsWith('> ')) steps.push({ command: line.slice(2), out: [], err: [] });
    else if (line.startsWith('! ')) steps.at(-1)?.err.push(line.slice(2));
    else steps.at(-1)?.out.push(line);
  }
  return steps;
}

/** Java's names of exceptions are not ours, and the lists of options that it prints below two usages are in --help. */
function normalised(lines: readonly string[]): string {
  return lines
    .join('\n')
    .replace(/org\.apache\.commons\.cli\.\w+: /g, '')
    .replace(/^ +-[a-z] .*\n?/gm, '')
    .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \S+ \d{4}/g, 'DATE')
    .replace(/127\.0\.0\.1/g, 'HOST')
    .trim();
}

/** zxids by the order in which they appear in the whole transcript: equal ones must be equal. */
function zxidNamer(): (text: string) => string {
  const seen = new Map<bigint, number>();
  const name = (value: bigint): string => {
    if (value === 0n || value === -1n) return String(value);
    if (!seen.has(value)) seen.set(value, seen.size);
    return `#${seen.get(value) ?? 0}`;
  };
  return (text) =>
    text
      .replace(/0x[0-9a-f]+/g, (hex) => name(BigInt(hex)))
      .replace(/zxid: (-?\d+)/g, (_, decimal: string) => `zxid: ${name(BigInt(decimal))}`);
}

/** Events come when they come, before or after the answer: they are compared by themselves. */
function split(text: string): { readonly answer: string; readonly events: string } {
  const lines = text.split('\n');
  const isEvent = (line: string): boolean => line.startsWith('WatchedEvent') && !line.includes('type:None');
  const answer = lines.filter(
    (line) => !isEvent(line) && line !== 'WATCHER::' && line !== '' && !line.includes('type:None'),
  );
  return { answer: answer.join('\n'), events: lines.filter(isEvent).sort().join('\n') };
}

describe('zk-cli --zkcli answers as zkCli of Apache ZooKeeper 3.9.5', () => {
  const steps = readTranscript();
  let server: TestServer;
  let shell: Shell;
  let io: FakeIo;
  let ours: (text: string) => string;
  let theirs: (text: string) => string;

  beforeAll(async () => {
    server = await createTestServer({ server: { enforceQuota: true } });
    io = new FakeIo({ argv: [], transport: server.transport });
    shell = new Shell({
      io,
      out: new Output(io, false, false),
      servers: { text: server.connectionString, options: {} },
      isZkCli: true,
      tellsState: false,
      connectTimeoutMs: 10_000,
    });
    shell.connection.open();
    await shell.connection.ready(new AbortController().signal, 10_000);
    [ours, theirs] = [zxidNamer(), zxidNamer()];
    io.stdout = '';
  });

  afterAll(async () => {
    await shell.close();
    await server.close();
  });

  // One after the other, on one tree: the order is part of what was recorded.
  it.each(steps.map((step, index) => [index + 1, step.command, step] as const))('%i: %s', async (_, command, step) => {
    const expected = split(theirs(normalised(step.out)));
    await shell.runLine(command, new AbortController().signal);
    const eventCount = expected.events === '' ? 0 : expected.events.split('\n').length;
    await io.until(() => (io.stdout.match(/^WatchedEvent/gm)?.length ?? 0) >= eventCount);
    const actual = split(ours(normalised(io.stdout.split('\n'))));
    const complaints = normalised(io.stderr.split('\n'));
    io.stdout = '';
    io.stderr = '';
    expect(actual).toEqual(expected);
    expect(complaints).toBe(normalised(step.err));
  });
});
