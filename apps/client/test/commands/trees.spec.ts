import { createTestServer } from '@zk/testing';
import { client, make, run, server, useShellRig } from './rig.js';

useShellRig();

describe('trees', () => {
  beforeEach(() =>
    make('/app=1', '/app/a=22', '/app/a/x=333', '/app/b', '/app-copy=1', '/app-copy/a=2', '/app-copy/c'),
  );

  it('tree draws', async () => {
    expect((await run(['tree', '/app'])).io.stdout).toBe('/app\n├── a\n│   └── x\n└── b\n\n4 znodes\n');
    expect((await run(['tree', '-d', '-L', '1', '/app'])).io.stdout).toBe(
      '/app = "1"\n├── a = "22"\n└── b = null\n\n3 znodes\n',
    );
  });

  it('du counts', async () => {
    const { io } = await run(['--json', 'du', '/app']);
    expect(io.documents).toEqual([
      { path: '/app/a', znodes: 2, bytes: 5, ephemerals: 0 },
      { path: '/app/b', znodes: 1, bytes: 0, ephemerals: 0 },
      { path: '/app', znodes: 4, bytes: 6, ephemerals: 0 },
    ]);
    expect((await run(['du', '-d', '0', '/app'])).io.stdout).toBe(
      'bytes  znodes  ephemeral  path\n    6       4          0  /app\n',
    );
  });

  it.each([
    [
      ['--name', '?', '/app'],
      ['/app/a', '/app/a/x', '/app/b'],
    ],
    [
      ['--size', '+1', '/app'],
      ['/app/a', '/app/a/x'],
    ],
    [['--no-data', '/app'], ['/app/b']],
    [
      ['--empty', '/app'],
      ['/app/a/x', '/app/b'],
    ],
    [['-m', '^3+$', '/'], ['/app/a/x']],
    [
      ['--path', '/app/*', '/'],
      ['/app/a', '/app/b'],
    ],
    [['--children', '2', '/app'], ['/app']],
    [['--ephemeral', '/'], []],
    [['--older', '1d', '/app'], []],
    [['--depth', '1', '--name', 'x', '/app'], []],
  ])('find %j finds %j', async (argv, paths) => {
    const { io } = await run(['find', ...argv]);
    // The time is that of the fake machine: ages are told by the real one.
    expect(io.stdout.split('\n').filter((line) => line !== '')).toEqual(paths);
  });

  it('find deletes what it has found, deepest first', async () => {
    await run(['find', '/app', '--delete', '--name', '[ax]']);
    expect((await client.getChildren('/app')).children).toEqual(['b']);
  });

  it('diff tells what differs, and by its exit code that something does', async () => {
    const { io, code } = await run(['diff', '/app', '/app-copy']);
    expect(io.stdout).toBe('! /app/a /app-copy/a: data\n  < "22"\n  > "2"\n< /app/a/x\n< /app/b\n> /app-copy/c\n');
    expect(code).toBe(1);
    expect((await run(['diff', '-q', '/app', '/app-copy'])).io.stdout).toBe('');
    expect((await run(['diff', '/app', '/app'])).code).toBe(0);
  });

  it('diff compares two services', async () => {
    await using other = await createTestServer({ network: server.transport as never });
    const { io, code } = await run(['diff', '--server', other.connectionString, '/app', '/']);
    expect(io.stdout).toContain('< /app/a\n');
    expect(code).toBe(1);
  });
});
