import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeIo, type FakeIoOptions } from '../../test/fake-io.js';
import { main } from './main.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zk-cli-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

type Given = Omit<FakeIoOptions, 'argv' | 'workingDirectory'> & { readonly file?: string };

function prepare(argv: readonly string[], { file = 'dataDir=./data', ...rest }: Given = {}): FakeIo {
  mkdirSync(join(directory, 'conf'), { recursive: true });
  writeFileSync(join(directory, 'conf', 'zoo.cfg'), file);
  return new FakeIo({ argv, workingDirectory: directory, ...rest });
}

async function run(argv: readonly string[], given: Given = {}): Promise<{ io: FakeIo; code: number }> {
  const io = prepare(argv, given);
  return { io, code: await main(io) };
}

describe('zk-server', () => {
  describe('with a command line that makes no sense', () => {
    it.each([
      [
        'no command',
        [],
        'Usage: zk-server [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}',
      ],
      ['an unknown option', ['status', '--prot', '1'], "unknown option '--prot'"],
      ['a --set without value', ['start', '--set', 'tickTime'], '--set needs key=value, got "tickTime"'],
      ['a -D without value', ['start-foreground', '-Dzookeeper.snapCount'], '-D needs key=value'],
      ['too many arguments', ['start', '2181', '/d', '1', '2', '3'], 'too many arguments'],
      ['an unknown log level', ['start-foreground', '--log-level', 'loud'], 'the log level must be one of trace'],
      [
        'an unknown log format',
        ['start-foreground', '--log-format', 'xml'],
        'the log format must be one of pretty, json',
      ],
    ])('explains %s and exits with 2', async (_title, argv, message) => {
      const { io, code } = await run(argv);
      expect(io.stderr).toContain(message);
      expect(code).toBe(2);
    });

    it('names the commands for an unknown one', async () => {
      const { io, code } = await run(['sttaus']);
      expect(io.stderr).toContain('Usage: zk-server');
      expect(code).toBe(2);
    });
  });

  it.each([[['--help']], [['start', '--help']]])('prints help for %p on standard output', async (argv) => {
    const { io, code } = await run(argv);
    expect(io.stdout).toContain('--data-dir <dir>');
    expect(code).toBe(0);
  });

  it.each([[['version']], [['--version']]])('prints the version for %p', async (argv) => {
    const { io, code } = await run(argv);
    expect(io.stdout).toMatch(/^ZooKeeper, version 3\.9\.5 \(zk \d+\.\d+\.\d+, Node\.js v\d/);
    expect(code).toBe(0);
  });
});

describe('zk-server start-foreground', () => {
  async function serving(
    argv: readonly string[] = [],
    given: Given = {},
  ): Promise<{ io: FakeIo; done: Promise<number> }> {
    const io = prepare(['start-foreground', ...argv], given);
    const done = main(io);
    await Promise.race([io.whenReady(), done]);
    return { io, done };
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('stops in order on %s and exits with 0', async (signal) => {
    const { io, done } = await serving();
    expect(io.server?.isStarted).toBe(true);
    io.signal(signal);
    expect(await done).toBe(0);
    expect(io.server?.isStopped).toBe(true);
    expect(io.isListening).toBe(false);
  });

  it('says where it serves, and how long it took, on standard output', async () => {
    const { io, done } = await serving();
    expect(io.stderr).toBe('Using config: conf/zoo.cfg\n');
    expect(io.logged).toContainEqual(
      expect.objectContaining({ msg: 'serving clients', address: '127.0.0.1:2181', readyAfterMs: 12 }),
    );
    io.signal('SIGTERM');
    await done;
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops at once on a second %s', async (signal, code) => {
    const { io, done } = await serving();
    io.signal('SIGTERM');
    io.nowMs += 1000;
    io.signal(signal);
    expect(io.exits).toEqual([code]);
    await done;
  });

  it('takes one Ctrl-C that arrives twice, from the terminal and from npm, for one', async () => {
    const { io, done } = await serving();
    io.signal('SIGINT');
    io.nowMs += 20;
    io.signal('SIGINT');
    expect(io.exits).toEqual([]);
    expect(await done).toBe(0);
  });

  it('says that a server of an ensemble serves clients only while there is a leader', async () => {
    const three = [1, 2, 3].map((id) => `server.${id}=h:${id}:2${id}`).join('\n');
    const file = `dataDir=./data\ninitLimit=10\nsyncLimit=5\n${three}`;
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'data', 'myid'), '2');
    const message = 'listening; clients are served while the ensemble has a leader';
    const quiet = await serving([], { file });
    expect(quiet.io.logged).toContainEqual(expect.objectContaining({ msg: message, server: '2', servers: 3 }));
    const onTerminal = await serving([], { file, isTerminal: true });
    expect(onTerminal.io.stdout).toContain('is server 2 of 3, clients at 127.0.0.1:2181');
    for (const { io, done } of [quiet, onTerminal]) {
      io.signal('SIGINT');
      expect(await done).toBe(0);
    }
  });

  it('prints a banner with next steps on a terminal', async () => {
    const { io, done } = await serving([], { isTerminal: true });
    expect(io.stdout).toContain('echo ruok | nc 127.0.0.1 2181');
    expect(io.stdout).toContain('is serving on 127.0.0.1:2181');
    expect(io.stdout).toContain('data in ./data\n');
    io.signal('SIGINT');
    await done;
  });

  it('exits with 1 when the server fails', async () => {
    const { io, done } = await serving();
    io.server?.fail(new Error('the disk is gone'));
    expect(await done).toBe(1);
    expect(io.server?.isStopped).toBe(true);
    expect(io.stdout).toContain('the disk is gone');
  });

  it('logs what nobody caught and exits with 1', async () => {
    const { io, done } = await serving();
    io.crash(new Error('a bug'));
    expect(io.exits).toEqual([1]);
    expect(io.logged).toContainEqual(
      expect.objectContaining({ level: 'fatal', msg: 'unexpected error: the server stops' }),
    );
    io.signal('SIGTERM');
    await done;
  });

  it('lists every problem of the configuration and exits with 2', async () => {
    const { io, code } = await run(['start-foreground'], { file: 'tickTime=abc\nmaxClientCnxns=-5' });
    expect(io.stderr.split('\n').slice(1)).toEqual([
      'The configuration cannot be used (3 problems):',
      '  conf/zoo.cfg:1: tickTime must be a positive whole number of milliseconds, got "abc"',
      '  dataDir is not set: say where to keep the data, with dataDir=… in the file or --data-dir',
      '  conf/zoo.cfg:2: maxClientCnxns must be a whole number of connections, 0 or more, got "-5"',
      '',
    ]);
    expect(code).toBe(2);
  });

  it('logs warnings about the configuration', async () => {
    const { io, done } = await serving([], { file: 'dataDir=./data\ntickTme=1\nforceSync=no\nskipACL=yes' });
    const warnings = io.logged.filter((line) => line['level'] === 'warn').map((line) => line['msg']);
    expect(warnings).toEqual([
      'conf/zoo.cfg:2: unknown key "tickTme" is ignored; did you mean "tickTime"?',
      'forceSync=no: writes are acknowledged before they are on disk; a crash of the machine loses them',
      'skipACL=yes: nobody checks ACLs',
    ]);
    io.signal('SIGTERM');
    await done;
  });

  it('says that shell files beside the configuration are not read', async () => {
    const io = prepare(['start-foreground']);
    writeFileSync(join(directory, 'conf', 'java.env'), 'export JVMFLAGS=-Xmx1g');
    const done = main(io);
    await io.whenReady();
    expect(io.logged).toContainEqual(expect.objectContaining({ file: 'java.env' }));
    io.signal('SIGTERM');
    await done;
  });

  describe('finds its configuration', () => {
    const cases: readonly (readonly [string, readonly string[], Record<string, string>, string])[] = [
      ['in a usual place', [], {}, 'conf/zoo.cfg'],
      ['by a name in a usual place', ['other.cfg'], {}, 'conf/other.cfg'],
      ['by its path', ['./elsewhere/zoo.cfg'], {}, './elsewhere/zoo.cfg'],
      ['by --config', ['--config', 'elsewhere'], {}, 'elsewhere/zoo.cfg'],
      ['by ZOOCFGDIR', [], { ZOOCFGDIR: 'elsewhere' }, 'elsewhere/zoo.cfg'],
      ['by --config before ZOOCFGDIR', ['--config', 'conf'], { ZOOCFGDIR: 'elsewhere' }, 'conf/zoo.cfg'],
      ['by ZOOCFG', [], { ZOOCFG: 'other.cfg' }, 'conf/other.cfg'],
      ['by a name here although --config is given', ['--config', 'elsewhere', 'here.cfg'], {}, 'here.cfg'],
    ];
    it.each(cases)('%s', async (_title, argv, environment, expected) => {
      mkdirSync(join(directory, 'conf'), { recursive: true });
      mkdirSync(join(directory, 'elsewhere'));
      writeFileSync(join(directory, 'conf', 'other.cfg'), 'dataDir=./data');
      writeFileSync(join(directory, 'elsewhere', 'zoo.cfg'), 'dataDir=./data');
      writeFileSync(join(directory, 'here.cfg'), 'dataDir=./data');
      const { io, done } = await serving(argv, { environment });
      expect(io.stderr).toBe(`Using config: ${expected}\n`);
      io.signal('SIGTERM');
      await done;
    });

    it('needs none with --data-dir', async () => {
      const { io, done } = await serving(['--data-dir', 'mine', '--port', '0', '--address', '127.0.0.1']);
      expect(io.stderr).toBe('Using config: no file, only flags and environment\n');
      expect(io.server?.config).toMatchObject({
        dataDir: join(directory, 'mine'),
        clientPort: 0,
        clientPortAddress: '127.0.0.1',
        configFile: undefined,
      });
      io.signal('SIGTERM');
      await done;
    });

    it('takes port datadir ticktime maxcnxns instead', async () => {
      const { io, done } = await serving(['2182', 'mine', '2000', '7']);
      expect(io.server?.config).toMatchObject({ clientPort: 2182, tickTimeMs: 2000, maxClientCnxns: 7 });
      io.signal('SIGTERM');
      await done;
    });

    it('says when the named file is not there', async () => {
      const { io, code } = await run(['start-foreground', 'gone.cfg']);
      expect(io.stderr).toContain('gone.cfg: cannot be read: there is no such file');
      expect(code).toBe(2);
    });
  });

  it('lets flags win over the environment and the file', async () => {
    const { io, done } = await serving(['--set', 'tickTime=1', '-Dzookeeper.snapCount=3', '-D', 'jute.maxbuffer=4'], {
      file: 'dataDir=./data\ntickTime=9\nsnapCount=9\njute.maxbuffer=9',
      environment: { ZK_TICKTIME: '8', ZK_SNAPCOUNT: '8' },
    });
    expect(io.server?.config).toMatchObject({ tickTimeMs: 1, snapCount: 3, juteMaxBufferBytes: 4 });
    io.signal('SIGTERM');
    await done;
  });

  describe('when the start fails', () => {
    const cases: readonly (readonly [string, Error, number, string])[] = [
      [
        'a taken port',
        Object.assign(new Error('x'), { code: 'EADDRINUSE' }),
        1,
        'any address, port 2181 is taken by another program',
      ],
      [
        'a foreign address',
        Object.assign(new Error('x'), { code: 'EADDRNOTAVAIL' }),
        1,
        'is no address of this machine',
      ],
      [
        'a port that needs rights',
        Object.assign(new Error('x'), { code: 'EACCES', syscall: 'listen' }),
        1,
        'ports below 1024',
      ],
      [
        'a directory that needs rights',
        Object.assign(new Error('open /d'), { code: 'EACCES', syscall: 'open' }),
        3,
        'open /d',
      ],
      [
        'damaged data',
        Object.assign(new Error('log.1 at 5'), { name: 'CorruptionError' }),
        1,
        'the data is damaged: log.1 at 5',
      ],
      ['anything else', new Error('odd'), 1, 'odd'],
    ];
    it.each(cases)('explains %s', async (_title, startError, expected, message) => {
      const { io, code } = await run(['start-foreground'], { startError });
      expect(io.logged.at(-1)).toMatchObject({ level: 'fatal', msg: expect.stringContaining(message) });
      expect(code).toBe(expected);
    });

    it('exits with 3 when a file is where the data directory should be', async () => {
      writeFileSync(join(directory, 'data'), '');
      const { io, code } = await run(['start-foreground']);
      expect(io.stdout).toContain('a file is in the way');
      expect(code).toBe(3);
    });

    it('exits with 3 when directories are missing and may not be made', async () => {
      const { io, code } = await run(['start-foreground', '--set', 'datadir.autocreate=false']);
      expect(io.stdout).toContain('has no version-2 directory, and datadir.autocreate=false forbids to create it');
      expect(code).toBe(3);
    });
  });
});

describe('zk-server start', () => {
  const pidFile = (): string => join(directory, 'data', 'zookeeper_server.pid');

  it('starts a process of its own, writes its pid and waits until it answers', async () => {
    const { io, code } = await run(['start', '--set', 'tickTime=5']);
    expect(io.stdout).toBe('Starting zookeeper ... STARTED\n');
    expect(readFileSync(pidFile(), 'utf8')).toBe('4711');
    expect(io.spawned[0]?.args).toEqual(['start-foreground', '--set', 'tickTime=5']);
    expect(io.spawned[0]?.outputFile).toMatch(/data\/logs\/zookeeper-.+-server-.+\.out$/);
    expect(io.isDetached).toBe(true);
    expect(code).toBe(0);
  });

  it('logs into ZOO_LOG_DIR and writes ZOOPIDFILE', async () => {
    const environment = { ZOO_LOG_DIR: join(directory, 'log'), ZOOPIDFILE: join(directory, 'run', 'zk.pid') };
    const { io } = await run(['start'], { environment });
    expect(io.spawned[0]?.outputFile.startsWith(join(directory, 'log') + '/zookeeper-')).toBe(true);
    expect(readFileSync(environment.ZOOPIDFILE, 'utf8')).toBe('4711');
  });

  it('passes on everything that decides the configuration', async () => {
    const argv = [
      '--config',
      'conf',
      'start',
      '--port',
      '1',
      '--address',
      'a',
      '--data-dir',
      'd',
      '-Dzookeeper.snapCount=9',
    ];
    const { io } = await run([
      ...argv,
      '--data-log-dir',
      'l',
      '--log-level',
      'warn',
      '--log-format',
      'json',
      'zoo.cfg',
    ]);
    expect(io.spawned[0]?.args).toEqual(
      [
        'start-foreground',
        '--config',
        'conf',
        '--port',
        '1',
        '--address',
        'a',
        '--data-dir',
        'd',
        '--data-log-dir',
        'l',
      ].concat(['-Dzookeeper.snapCount=9', '--log-level', 'warn', '--log-format', 'json', 'zoo.cfg']),
    );
  });

  it('does not start a second one', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['start'], { alive: [77] });
    expect(io.stdout).toBe('Starting zookeeper ... already running as process 77.\n');
    expect(io.spawned).toEqual([]);
    expect(code).toBe(1);
  });

  it('starts when the pid file was left behind', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(pidFile(), '77');
    expect((await run(['start'])).code).toBe(0);
  });

  it('reports a server that ends at once, with its exit code and the end of its log', async () => {
    const io = prepare(['start'], { spawnOutcome: 3, environment: { ZOO_LOG_DIR: join(directory, 'log') } });
    const spawn = io.processes.spawn;
    io.processes.spawn = (args, outputFile) => {
      writeFileSync(outputFile, 'one\nthe reason\n');
      return spawn(args, outputFile);
    };
    expect(await main(io)).toBe(3);
    expect(io.stdout).toBe('Starting zookeeper ... FAILED TO START\n');
    expect(io.stderr).toContain('  the reason\n');
    expect(existsSync(pidFile())).toBe(false);
  });

  it('reports when there is no process', async () => {
    const { io, code } = await run(['start'], { spawnPid: undefined });
    expect(io.stdout).toBe('Starting zookeeper ... SERVER DID NOT START\n');
    expect(code).toBe(1);
  });

  it('stops what it started when the pid file cannot be written', async () => {
    const { io, code } = await run(['start'], { environment: { ZOOPIDFILE: directory } });
    expect(io.stdout).toBe('Starting zookeeper ... FAILED TO WRITE PID\n');
    expect(io.killed).toEqual([[4711, 'SIGTERM']]);
    expect(code).toBe(1);
  });

  it('exits with 2 for a configuration that cannot be used, before starting anything', async () => {
    const { io, code } = await run(['start'], { file: 'tickTime=0' });
    expect(io.spawned).toEqual([]);
    expect(code).toBe(2);
  });

  it('exits with 3 for a data directory that cannot be used', async () => {
    writeFileSync(join(directory, 'data'), '');
    const { io, code } = await run(['start']);
    expect(io.spawned).toEqual([]);
    expect(code).toBe(3);
  });

  it('keeps its hands off a missing directory with ZOO_DATADIR_AUTOCREATE_DISABLE', async () => {
    const { io, code } = await run(['start'], { environment: { ZOO_DATADIR_AUTOCREATE_DISABLE: '1' } });
    expect(io.stdout).toBe(
      `ZooKeeper data directory is missing at ${join(directory, 'data')} fix the path or run initialize\n`,
    );
    expect(code).toBe(1);
  });
});

describe('zk-server stop', () => {
  const pidFile = (): string => join(directory, 'data', 'zookeeper_server.pid');

  it('asks the process of the pid file to end and waits for it', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['stop'], { alive: [77] });
    expect(io.stdout).toBe('Stopping zookeeper ... STOPPED\n');
    expect(io.killed).toEqual([[77, 'SIGTERM']]);
    expect(existsSync(pidFile())).toBe(false);
    expect(code).toBe(0);
  });

  it('removes a pid file that was left behind', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['stop']);
    expect(io.stdout).toBe('Stopping zookeeper ... STOPPED\n');
    expect(existsSync(pidFile())).toBe(false);
    expect(code).toBe(0);
  });

  it('says when there is nothing to stop', async () => {
    const { io, code } = await run(['stop']);
    expect(io.stdout).toBe(`Stopping zookeeper ... no zookeeper to stop (could not find file ${pidFile()})\n`);
    expect(code).toBe(0);
  });

  it('tells about a process that does not end', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['stop'], { alive: [77], stubborn: [77] });
    expect(io.stderr).toContain('Process 77 has not ended');
    expect(existsSync(pidFile())).toBe(true);
    expect(code).toBe(1);
  });

  it('works although the configuration has become wrong', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(pidFile(), '77');
    expect((await run(['stop'], { alive: [77], file: 'dataDir=./data\ntickTime=abc' })).code).toBe(0);
  });

  it('restarts: stops, then starts', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['restart'], { alive: [77] });
    expect(io.stdout).toBe('Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n');
    expect(readFileSync(pidFile(), 'utf8')).toBe('4711');
    expect(code).toBe(0);
  });
});

describe('zk-server status', () => {
  let server: Server;
  let port: number;
  let answer: string;

  beforeEach(async () => {
    answer = 'Zookeeper version: x\nMode: standalone\nNode count: 5\n';
    server = createServer((socket) => socket.once('data', () => socket.end(answer)));
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    port = (server.address() as { port: number }).port;
  });

  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it('prints the mode of the server that answers', async () => {
    const { io, code } = await run(['status'], { file: `dataDir=./data\nclientPort=${port}` });
    expect(io.stdout).toBe(
      `Client port found: ${port}. Client address: localhost. Client SSL: false.\nMode: standalone\n`,
    );
    expect(code).toBe(0);
  });

  it('exits with 1 when the answer has no mode', async () => {
    answer = 'This ZooKeeper instance is not currently serving requests\n';
    const { io, code } = await run(['status'], { file: `clientPort=${port}` });
    expect(io.stdout).toContain('Error contacting service. It is probably not running.\n');
    expect(code).toBe(1);
  });

  it('exits with 1 when nobody answers', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect((await run(['status', '--port', String(port)])).code).toBe(1);
  });

  it('finds the port in the only member line', async () => {
    const { io } = await run(['status'], { file: `dataDir=./data\nserver.1=h:2888:3888;localhost:${port}` });
    expect(io.stdout).toContain('Mode: standalone');
  });

  it('finds the port in the dynamic file by myid', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'data', 'myid'), '2\n');
    writeFileSync(join(directory, 'zoo.dynamic'), `server.1=h:2888:3888;1\nserver.2=h:2888:3888;${port}`);
    const { io } = await run(['status'], { file: 'dataDir=./data\ndynamicConfigFile=zoo.dynamic' });
    expect(io.stdout).toContain('Client port not found in static config file. Looking in dynamic config file.\n');
    expect(io.stdout).toContain('Mode: standalone');
  });

  it('says when myid is needed and missing', async () => {
    const { io } = await run(['status'], {
      file: 'dataDir=./data\nserver.1=h:1:2;3\nserver.2=h:1:2;3\nsecureClientPort=9',
    });
    expect(io.stdout).toContain('myid could not be determined');
    expect(io.stdout).toContain('Client port found: 9. Client address: localhost. Client SSL: true.');
  });
});

describe('zk-server print-cmd', () => {
  it('prints the command of start for a shell', async () => {
    const { io, code } = await run(['print-cmd', '--set', 'a.b=$x'], { environment: { ZOO_LOG_DIR: '/log' } });
    const [command, output] = io.stdout.split(' > ');
    expect(command).toBe('"/usr/bin/node" "/opt/zk/main.js" "start-foreground" "--set" "a.b=\\$x"');
    expect(output).toMatch(/^"\/log\/zookeeper-.*\.out" 2>&1 < \/dev\/null\n$/);
    expect(code).toBe(0);
  });
});
