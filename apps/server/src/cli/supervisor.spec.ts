import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notifySystemd } from './supervisor.js';

describe('systemd', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-notify-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** The first of the path, so that no real one is asked. */
  function notifier(script: string): NodeJS.ProcessEnv {
    writeFileSync(join(directory, 'systemd-notify'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { PATH: `${directory}:${process.env['PATH'] ?? ''}`, NOTIFY_SOCKET: join(directory, 'socket') };
  }

  it.each([
    ['ready', 'READY=1'],
    ['stopping', 'STOPPING=1'],
  ] as const)('is told that the server is %s, of which process, and what people want to know', async (state, word) => {
    const environment = notifier('printf "%s\\n" "$NOTIFY_SOCKET" "$@" > "$(dirname "$0")/told"');
    expect(await notifySystemd(environment, { state, status: 'on port 2181' })).toBeUndefined();
    const told = [join(directory, 'socket'), `--pid=${process.pid}`, '--status=on port 2181', word];
    expect(readFileSync(join(directory, 'told'), 'utf8')).toBe(`${told.join('\n')}\n`);
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
  ])('is not asked for where NOTIFY_SOCKET is %s', async (_, socket) => {
    const environment = { ...notifier('exit 1'), NOTIFY_SOCKET: socket };
    expect(await notifySystemd(environment, { state: 'ready', status: '' })).toBeUndefined();
  });

  it('leaves a reason when it does not listen', async () => {
    const environment = notifier('echo "no such socket" >&2; exit 1');
    expect(await notifySystemd(environment, { state: 'ready', status: '' })).toMatch(/no such socket/);
  });

  it('leaves a reason where there is no systemd-notify', async () => {
    const environment = { PATH: directory, NOTIFY_SOCKET: '/run/x' };
    expect(await notifySystemd(environment, { state: 'ready', status: '' })).toMatch(/systemd-notify.*ENOENT/);
  });
});
