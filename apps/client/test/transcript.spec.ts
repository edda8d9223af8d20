import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestServer, createTestServer } from '@zk/testing';
import { COMMANDS } from '../src/commands/registry.js';
import { CommandRunner } from '../src/shell/command-runner.js';
import { Output } from '../src/shell/output.js';
import { Shell } from '../src/shell/shell.js';
import { FakeIo } from './fake-io.js';
import { idNamer, normalise } from './normalise.js';

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

function normalised(lines: readonly string[]): string {
  return normalise(lines.join('\n')).replace(/127\.0\.0\.1/g, 'HOST');
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
  let runner: CommandRunner;
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
    runner = new CommandRunner(shell, COMMANDS);
    shell.connection.open();
    await shell.connection.ready(new AbortController().signal, 10_000);
    [ours, theirs] = [idNamer(), idNamer()];
    io.stdout = '';
  });

  afterAll(async () => {
    await shell.close();
    await server.close();
  });

  // One after the other, on one tree: the order is part of what was recorded.
  it.each(steps.map((step, index) => [index + 1, step.command, step] as const))('%i: %s', async (_, command, step) => {
    const expected = split(theirs(normalised(step.out)));
    await runner.runLine(command, new AbortController().signal);
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
