import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { client, directory, make, run, server, useShellRig } from './rig.js';

useShellRig();

describe('one command', () => {
  it('prints its answer and nothing else', async () => {
    await make('/a=text');
    expect((await run(['get', '/a'])).io).toMatchObject({ stdout: 'text\n', stderr: '' });
  });

  it('prints what zkCli prints, with --zkcli', async () => {
    await make('/a=text');
    const { io } = await run(['-zkcli', 'get', '/a']);
    expect(io.stdout.startsWith(`Connecting to ${server.connectionString}\n`)).toBe(true);
    expect(io.stdout).toContain('\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null zxid: -1\n');
    expect(io.stdout).toContain('text\n');
  });

  it.each([
    [['get', '/none'], 4, 'Node does not exist: /none'],
    [['create', '/a'], 5, 'Node already exists: /a'],
    [['set', '-v', '9', '/a', 'x'], 6, 'version No is not valid : /a'],
    [['get', '/locked'], 7, 'Insufficient permission : /locked'],
    [['delete', '/a'], 8, 'Node not empty: /a'],
    [['get', 'a'], 2, 'Path must start with / character'],
    [['get'], 2, 'get [-s] [-w] [-b] [-x] path'],
    [['set', '/a', 'x', '5'], 2, 'set path data [-s] [-v version] [-b]'],
    [['set', '-v', 'x', '/a', 'x'], 2, '--version needs a whole number'],
    [['lss', '/'], 127, 'Command not found: lss\nDid you mean ls?'],
    [['quux'], 127, 'help lists all commands.'],
    [['ls', '--reverse', '/'], 2, 'Unrecognized option: --reverse'],
    [['-sever', 'x'], 2, 'Did you mean -server?'],
    [['tree', '-L', '-1'], 2, '--depth needs a whole number'],
  ])('%j ends with exit code %i and a reason', async (argv, code, reason) => {
    await make('/a/b');
    await client.create('/locked', null, { acl: [{ scheme: 'digest', id: 'a:b', perms: 31 }] });
    const result = await run(argv);
    expect(result.io.stderr).toContain(reason);
    expect(result.code).toBe(code);
    await client.setAcl('/locked', [{ scheme: 'world', id: 'anyone', perms: 31 }]).catch(() => undefined);
  });

  it('says in JSON what went wrong', async () => {
    const { io, code } = await run(['get', '/none', '--json']);
    expect(JSON.parse(io.stderr)).toEqual({
      error: { name: 'NONODE', message: 'Node does not exist: /none', exitCode: 4, path: '/none' },
    });
    expect([io.stdout, code]).toEqual(['', 4]);
  });

  it('says why there is no connection', async () => {
    const { io, code } = await run(['-server', '127.0.0.1:9', '-timeout', '300', 'ls', '/']);
    expect(io.stderr).toContain('No connection to 127.0.0.1:9: ');
    expect(io.stderr).not.toContain('no answer within');
    expect(code).toBe(3);
  });

  it('takes what begins with a dash behind two', async () => {
    await make('/a');
    await run(['set', '/a', '--', '-7']);
    expect((await run(['get', '/a'])).io.stdout).toBe('-7\n');
  });
});

describe('several commands', () => {
  it('of -c end at the first failure', async () => {
    const { io, code } = await run(['-c', 'create /a "x; y"; get /a; get /none; get /a']);
    expect([io.stdout, code]).toEqual(['x; y\n', 4]);
  });

  it('of standard input go on, and the last exit code counts', async () => {
    const { io, code } = await run([], { input: '# a comment\nget /none\ncreate /a x\n\nget /a\n' });
    expect([io.stdout, io.stderr, code]).toEqual(['x\n', 'Node does not exist: /none\nCreated /a\n', 0]);
  });

  it('end with quit, with the exit code of the one before', async () => {
    expect((await run([], { input: 'get /none\nquit\nls /\n' })).code).toBe(4);
  });

  it('can be read from a file', async () => {
    const file = join(directory, 'script');
    writeFileSync(file, 'create /a x\nget /a\n');
    expect((await run(['-f', file])).io.stdout).toBe('x\n');
  });

  it('are repeated by redo, and listed by history', async () => {
    const { io } = await run([], { input: 'create -s /a/\nls /\nredo 1\nhistory\nredo 9\nclose\nls /\n' });
    expect(io.stdout).toContain('0 - create -s /a/\n1 - ls /\n2 - ls /\n3 - history\n');
    expect(io.stderr).toContain('Command index out of range');
    expect(io.stderr).toContain('Not connected');
  });
});

describe('help', () => {
  it.each([[['--help']], [['help']]])('%j lists every command', async (argv) => {
    const { io, code } = await run(argv);
    for (const name of ['ls', 'getAllChildrenNumber', 'tree', 'import', 'lock'])
      expect(io.stdout).toContain(`  ${name} `);
    expect(code).toBe(0);
  });

  it.each([[['find', '--help']], [['help', 'find']]])('%j tells all about one', async (argv) => {
    const { io, code } = await run(argv);
    expect(io.stdout).toContain('--data-matches <regex>');
    expect(code).toBe(0);
  });
});

describe('--json', () => {
  const lines: readonly (readonly [string[], unknown])[] = [
    [['ls', '/a'], { path: '/a', children: ['b'] }],
    [['get', '/a'], { path: '/a', data: 'x' }],
    [['get', '/a/b'], { path: '/a/b', data: null }],
    [['getAcl', '/a'], { path: '/a', acl: [{ scheme: 'world', id: 'anyone', perms: 'cdrwa' }] }],
    [['getAllChildrenNumber', '/a'], { path: '/a', count: 1 }],
    [['create', '/a/c'], { created: '/a/c' }],
    [['delete', '/a/b'], { deleted: '/a/b' }],
    [['deleteall', '/a'], { deletedTree: '/a', deleted: 2, failed: 0 }],
    [['sync', '/a'], { synced: '/a' }],
    [['listquota', '/a'], { path: '/a', limits: null, usage: null }],
    [['delquota', '/a'], { path: '/a', deleted: false }],
    [['setquota', '-n', '5', '/a'], { path: '/a', count: 5 }],
    [['printwatches', 'off'], { printwatches: false }],
    [['addWatch', '/a'], { path: '/a', mode: 'PERSISTENT_RECURSIVE' }],
    [['config'], { version: '', servers: {} }],
  ];

  it.each(lines)('%j prints one document', async (argv, document) => {
    await make('/a=x', '/a/b');
    const { io, code } = await run(['--json', ...argv]);
    expect(io.documents).toEqual([document]);
    expect(code).toBe(0);
    await run(['delquota', '/a']);
  });

  it.each([['stat'], ['set'], ['setAcl']])('%s prints the stat', async (name) => {
    await make('/a=x');
    const more = { stat: [], set: ['y'], setAcl: ['world:anyone:cdrwa'] }[name] ?? [];
    const { io } = await run(['--json', name, '/a', ...more]);
    expect(io.documents).toEqual([
      { path: '/a', stat: expect.objectContaining({ numChildren: 0, ephemeralOwner: '0x0' }) },
    ]);
  });
});

describe('patterns', () => {
  it.each([
    ['/app/*', ['/app/one', '/app/two']],
    ['/app/t*', ['/app/two']],
    ['/*/one', ['/app/one', '/lib/one']],
    ['/{app,lib}/one', ['/app/one', '/lib/one']],
    ['/**/deep', ['/app/two/deep']],
    ['/app/?ne', ['/app/one']],
    ['/app/[no]*', ['/app/one']],
  ])('%s stands for %j', async (pattern, paths) => {
    await make('/app/one', '/app/two/deep', '/lib/one');
    const { io } = await run(['--json', 'get', pattern]);
    expect(io.documents.map(({ path }) => path)).toEqual(paths);
  });

  it('stand for themselves when there is such a znode, when they match nothing, and in quotes', async () => {
    await make('/a*', '/ab');
    expect((await run(['--json', 'get', '/a*'])).io.documents.map(({ path }) => path)).toEqual(['/a*']);
    expect((await run(['get', '/y*'])).io.stderr).toBe('Node does not exist: /y*\n');
    expect((await run(['-c', 'delete "/b*"'])).io.stderr).toBe('Node does not exist: /b*\n');
  });
});

describe('servers', () => {
  const SRVR = [
    'Zookeeper version: 3.9.5-abc, built on x',
    'Latency min/avg/max: 0/0.5/3',
    'Received: 4',
    'Sent: 3',
    'Connections: 2',
    'Outstanding: 1',
    'Zxid: 0x7',
    'Mode: standalone',
    'Node count: 5',
    '',
  ].join('\n');

  it('status asks every server', async () => {
    const answers = (_: string, { port }: { port: number }): string => {
      if (port === 1) return SRVR;
      throw new Error('connect ECONNREFUSED');
    };
    const { io, code } = await run(['--json', 'status', 'a:1,b:2'], { answers });
    expect(io.documents).toEqual([
      expect.objectContaining({ name: 'a:1', mode: 'standalone', version: '3.9.5', znodes: '5' }),
      { name: 'b:2', error: 'connect ECONNREFUSED' },
    ]);
    expect(code).toBe(3);
  });

  it('4lw sends any word', async () => {
    const { io } = await run(['4lw', 'ruok', 'a:1'], { answers: (word) => (word === 'ruok' ? 'imok' : '') });
    expect(io.stdout).toBe('imok\n');
    expect((await run(['4lw', 'mntrr', 'a:1'])).io.stderr).toContain('Did you mean mntr?');
  });
});

describe('standard input', () => {
  it('that stays open does not keep a shell that was told to quit', async () => {
    const input = new PassThrough();
    const done = run([], { input });
    input.write('ls /\nquit\n');
    expect((await done).code).toBe(0);
  });
});
