import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MODULE = JSON.stringify(join(__dirname, '..', 'src', 'cli', 'node-io.ts'));

/** Says on standard output which signals came. Stays until it is told to stop. */
const PROGRAM = `
  const { nodeIo } = await import(${MODULE});
  const { processes } = nodeIo();
  const stay = setInterval(() => undefined, 60_000);
  processes.onNote((signal) => console.log('note ' + signal + ' ' + typeof processes.diagnosis().rssBytes));
  processes.onSignal((signal) => {
    console.log('stop ' + signal);
    clearInterval(stay);
  });
  console.log('ready');
`;

describe('a real process', () => {
  let child: ChildProcess;
  const lines: string[] = [];
  const wakers = new Set<() => void>();

  const start = (environment: NodeJS.ProcessEnv): Promise<void> => {
    lines.length = 0;
    const words = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM];
    child = spawn(process.execPath, words, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        lines.push(line);
        for (const wake of wakers) wake();
      });
    }
    return said('ready');
  };
  const said = async (line: string): Promise<void> => {
    while (!lines.includes(line)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it has ended: ${lines.join('\n')}`);
      await new Promise<void>((resolve) => {
        wakers.add(resolve);
        child.once('close', () => resolve());
      });
      wakers.clear();
    }
  };
  const ended = (): Promise<unknown[]> => once(child, 'close');

  afterEach(() => child.kill('SIGKILL'));

  it('survives SIGQUIT, SIGUSR1 and SIGUSR2, and opens no debugger', async () => {
    await start({ _: '/bin/zk-server' });
    for (const signal of ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
      child.kill(signal);
      await said(`note ${signal} number`);
    }
    const end = ended();
    child.kill('SIGTERM');
    await said('stop SIGTERM');
    expect(await end).toEqual([0, null]);
    expect(lines.join('\n')).not.toMatch(/debugger/i);
  });

  it('outlives its terminal where nohup has started it', async () => {
    await start({ _: '/usr/bin/nohup' });
    child.kill('SIGHUP');
    await said('note SIGHUP number');
    const end = ended();
    child.kill('SIGINT');
    expect(await end).toEqual([0, null]);
  });
});
