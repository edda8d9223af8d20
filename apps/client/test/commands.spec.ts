import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import type { ZkClient } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { main } from '../src/cli/main.js';
import { FakeIo, type FakeIoOptions } from './fake-io.js';

let server: TestServer;
let client: ZkClient;
let directory: string;

beforeAll(async () => {
  server = await createTestServer();
  client = await server.connect();
  directory = mkdtempSync(join(tmpdir(), 'zk-cli-'));
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

afterEach(async () => {
  for (const name of (await client.getChildren('/')).children) {
    if (name !== 'zookeeper') await client.delete(`/${name}`, { recursive: true });
  }
});

function prepare(argv: readonly string[], options: Partial<FakeIoOptions> = {}): FakeIo {
  return new FakeIo({ argv: ['-server', server.connectionString, ...argv], transport: server.transport, ...options });
}

async function run(
  argv: readonly string[],
  options: Partial<FakeIoOptions> = {},
): Promise<{ io: FakeIo; code: number }> {
  const io = prepare(argv, options);
  const code = await main(io);
  expect(io.isListening).toBe(false);
  return { io, code };
}

async function make(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const [name = '', data] = path.split('=');
    await client.create(name, data === undefined ? null : new TextEncoder().encode(data), { parents: 'persistent' });
  }
}

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

describe('export and import', () => {
  beforeEach(async () => {
    await make('/app=text', '/app/none', '/app/sub', '/app/sub/leaf=é');
    await client.create('/app/bytes', new Uint8Array([0xff, 0]));
    await client.create('/app/temporary', null, { mode: 'ephemeral' });
    await client.create('/app/acl', null, { acl: [{ scheme: 'world', id: 'anyone', perms: 27 }] });
  });

  it('copy a subtree, data, ACLs and all', async () => {
    const exported = await run(['export', '/app']);
    expect(exported.io.stdout.split('\n').slice(1)).toEqual([
      '{"path":"/","data":"text"}',
      '{"path":"/acl","data":null,"acl":[{"scheme":"world","id":"anyone","perms":"drwa"}]}',
      '{"path":"/bytes","base64":"/wA="}',
      '{"path":"/none","data":null}',
      '{"path":"/sub","data":null}',
      '{"path":"/sub/leaf","data":"é"}',
      '{"path":"/temporary","data":null,"ephemeral":true}',
      '',
    ]);
    const imported = await run(['import', '-', '/copy/deep'], { input: exported.io.stdout });
    expect(imported.io.stdout).toBe('6 created, 1 ephemerals skipped below /copy/deep\n');
    expect((await run(['diff', '--acl', '/app', '/copy/deep'])).io.stdout).toBe('');
  });

  it('use files, compressed ones too, and do not replace them', async () => {
    const file = join(directory, 'app.jsonl.gz');
    expect((await run(['export', '/app', file])).io.stdout).toBe(`7 znodes written to ${file}\n`);
    expect(gunzipSync(readFileSync(file)).toString()).toContain('"path":"/sub/leaf"');
    expect((await run(['export', '/app', file])).io.stderr).toContain('exists; --force replaces it');
    expect((await run(['import', file, '/copy'])).code).toBe(0);
  });

  it('change nothing when something is in the way, unless told to', async () => {
    const file = join(directory, 'conflict.jsonl');
    await run(['export', '--force', '/app', file]);
    await client.delete('/app/none');
    await client.set('/app/bytes', null);
    const refused = await run(['import', file]);
    expect(refused.io.stderr).toContain('/app/acl, /app/bytes, /app/sub and 1 more exist already, nothing was changed');
    expect([refused.code, await client.exists('/app/none')]).toEqual([5, null]);
    expect((await run(['import', '--on-conflict', 'skip', file])).io.stdout).toContain(
      '1 created, 5 left as they were',
    );
    expect((await run(['import', '--on-conflict', 'overwrite', file])).io.stdout).toContain('6 overwritten');
    expect((await client.get('/app/bytes')).data).toEqual(new Uint8Array([0xff, 0]));
  });

  it('say what they would do, and make the tree what the file says', async () => {
    const file = join(directory, 'plan.jsonl');
    await run(['export', '--force', '-E', '/app', file]);
    await make('/app/surplus/x');
    await client.delete('/app/none');
    const plan = await run(['import', '--dry-run', '--on-conflict', 'skip', '--delete', file]);
    expect(plan.io.stdout).toContain('create    /app/none\n');
    expect(plan.io.stdout).toContain('delete    /app/surplus\n');
    expect(await client.exists('/app/none')).toBeNull();
    await run(['import', '--on-conflict', 'skip', '--delete', file]);
    expect(await client.exists('/app/surplus')).toBeNull();
  });

  it.each([
    ['', 'the file is empty'],
    [
      '{"format":"zk-export","version":1,"root":"/x"}\n{"path":"/a/b"}\n',
      'line 2: the parent of /a/b did not come before',
    ],
    ['garbage', 'line 1: '],
  ])('refuse the file %j before anything is changed', async (input, message) => {
    const { io, code } = await run(['import', '-', '/x'], { input });
    expect(io.stderr).toContain(message);
    expect([code, await client.exists('/x')]).toEqual([1, null]);
  });
});

describe('watch', () => {
  it('prints events as they come, with data, and ends after so many', async () => {
    await make('/app');
    const io = prepare(['watch', '-d', '-n', '3', '/app']);
    const done = main(io);
    await client.create('/ready', null);
    // The watch is there when an event of it has come.
    while (io.stdout === '') await client.create('/app/a', new Uint8Array([120]), { ifExists: 'set' });
    await client.set('/app/a', null);
    await client.delete('/app/a');
    expect(await done).toBe(0);
    const lines = io.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^2026-01-03T10:00:00.000Z (created|dataChanged) +\/app\/a zxid=0x[0-9a-f]+( "x"| null)?$/,
    );
  });

  it('prints JSON, and ends when it is interrupted', async () => {
    await make('/app');
    const io = prepare(['--json', 'watch', '--single', '/app']);
    const done = main(io);
    while (io.stdout === '') await client.set('/app', null);
    io.signal('SIGINT');
    expect(await done).toBe(130);
    expect(io.documents[0]).toMatchObject({ type: 'dataChanged', path: '/app' });
  });

  it('says that events may be missing after a new connection', async () => {
    const io = prepare(['watch', '/']);
    const done = main(io);
    while (io.stdout === '') await client.create('/app', null, { ifExists: 'set' });
    server.cut();
    await io.until(() => io.stdout.includes('reset events may be missing: reconnected'));
    io.signal('SIGTERM');
    expect(await done).toBe(143);
  });

  it('ends when the time is over', async () => {
    expect((await run(['watch', '-t', '0.01', '/'])).code).toBe(0);
  });
});

describe('lock and elect', () => {
  it.each([
    ['lock', ['lock', '/locks/a', '--', 'make', 'x'], /lock-\d{10}$/],
    ['elect', ['elect', '/locks/a', '--', 'make', 'x'], /latch-\d{10}$/],
  ])('%s runs a program while it holds, and ends with its exit code', async (_, argv, node) => {
    const io = prepare(argv);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    expect(child?.command).toEqual(['make', 'x']);
    expect(child?.environment).toMatchObject({
      ZK_LOCK_PATH: '/locks/a',
      ZK_LOCK_NODE: expect.stringMatching(node) as string,
      ZK_FENCING_TOKEN: expect.stringMatching(/^\d+$/) as string,
    });
    const { stat } = await client.get(child?.environment['ZK_LOCK_NODE'] as string);
    expect(child?.environment['ZK_FENCING_TOKEN']).toBe(String(stat.czxid));
    child?.end({ kind: 'exited', code: 7 });
    expect(await done).toBe(7);
    expect((await client.getChildren('/locks/a')).children).toEqual([]);
  });

  it('ends the program when the lock is lost', async () => {
    const io = prepare(['lock', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    await client.delete(child?.environment['ZK_LOCK_NODE'] as string);
    await io.until(() => child?.killed.length === 1);
    expect(child?.killed).toEqual(['SIGTERM']);
    child?.end({ kind: 'killed', signal: 'SIGTERM', signalNumber: 15 });
    expect(await done).toBe(76);
    expect(io.stderr).toContain('its node was deleted; ending job');
  });

  it('ends the program when the session is expired behind its back', async () => {
    const io = prepare(['lock', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    await server.expireSession(BigInt.asIntN(64, BigInt(child?.environment['ZK_SESSION_ID'] as string)));
    await io.until(() => child?.killed.length === 1);
    child?.end({ kind: 'exited', code: 0 });
    expect(await done).toBe(76);
    expect(io.stderr).toContain('the session is over; ending job');
  });

  it('stands again after a loss of leadership, with --again', async () => {
    const io = prepare(['elect', '--again', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    await client.delete(io.children[0]?.environment['ZK_LOCK_NODE'] as string);
    await io.until(() => io.children[0]?.killed.length === 1);
    io.children[0]?.end({ kind: 'killed', signal: 'SIGTERM', signalNumber: 15 });
    await io.until(() => io.children.length === 2);
    const [first, second] = io.children.map(({ environment }) => BigInt(environment['ZK_FENCING_TOKEN'] as string));
    expect((second as bigint) > (first as bigint)).toBe(true);
    io.children[1]?.end({ kind: 'exited', code: 0 });
    expect(await done).toBe(0);
  });

  it('passes a signal on, and gives the lock back only when the program has ended', async () => {
    const io = prepare(['lock', '--kill-after', '0.01', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    io.signal('SIGTERM');
    await io.until(() => child?.killed.length === 2);
    expect(child?.killed).toEqual(['SIGTERM', 'SIGKILL']);
    expect((await client.getChildren('/locks/a')).children).toHaveLength(1);
    child?.end({ kind: 'killed', signal: 'SIGKILL', signalNumber: 9 });
    expect(await done).toBe(137);
  });

  it('does not wait when told not to', async () => {
    const holder = prepare(['lock', '/locks/a', '--', 'job']);
    const held = main(holder);
    await holder.until(() => holder.children.length === 1);
    const { io, code } = await run(['lock', '-n', '/locks/a', '--', 'other']);
    expect([io.children.length, code]).toEqual([0, 75]);
    const shown = await run(['recipes', '/locks']);
    expect(shown.io.stdout).toMatch(
      /^\/locks\/a {2}lock or election, curator, 1 holding\n {2}holds {2}\S+:\d+ \(job\)/,
    );
    holder.children[0]?.end({ kind: 'exited', code: 0 });
    expect(await held).toBe(0);
  });

  it.each([
    ['missing', 127],
    ['notExecutable', 126],
  ] as const)('a program that is %s has exit code %i', async (reason, code) => {
    const io = prepare(['lock', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    io.children[0]?.end({ kind: 'notStarted', reason, message: 'spawn job' });
    expect(await done).toBe(code);
  });

  it.each([[['lock', '/a']], [['elect', '/a', '--']]])('%j is told what is missing', async (argv) => {
    const { io, code } = await run(argv);
    expect(io.stderr).toContain('no command to run');
    expect(code).toBe(2);
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
