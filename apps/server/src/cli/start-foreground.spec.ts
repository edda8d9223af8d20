import { mkdirSync, writeFileSync } from 'node:fs';
import { type Given, useCli } from '../../test/cli.js';
import type { FakeIo } from '../../test/fake-io.js';
import { main } from './main.js';

const { path, prepare, run } = useCli();

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

  it('says first what it is and by which file it goes', async () => {
    const { io, done } = await serving();
    expect(io.logged[0]).toMatchObject({ msg: 'starting', node: process.version, config: 'conf/zoo.cfg' });
    expect(io.logged[0]).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), pid: process.pid });
    io.signal('SIGTERM');
    await done;
  });

  it('tells its supervisor that it serves, and that it stops', async () => {
    const { io, done } = await serving();
    expect(io.notices).toEqual([{ state: 'ready', status: '127.0.0.1:2181: serving clients' }]);
    io.signal('SIGTERM');
    await done;
    expect(io.notices[1]).toEqual({ state: 'stopping', status: 'stopping' });
  });

  it('tells its supervisor why it cannot go on', async () => {
    const { io, done } = await serving();
    io.server?.fail(new Error('the log is lost'));
    await done;
    expect(io.notices[1]).toEqual({ state: 'stopping', status: 'the log is lost' });
  });

  it('says in the log when its supervisor cannot be told', async () => {
    const { io, done } = await serving([], { supervisorObstacle: 'no systemd-notify' });
    io.signal('SIGTERM');
    await done;
    const msg = 'systemd could not be told';
    expect(io.logged).toContainEqual(expect.objectContaining({ msg, state: 'ready', cause: 'no systemd-notify' }));
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

  it.each([
    ['SIGQUIT', 'diagnosis, as SIGQUIT asks for', { state: 'serving', rssBytes: 1 }],
    ['SIGUSR1', 'a signal without effect: the debugger of Node.js is switched off', {}],
    ['SIGUSR2', 'a signal without effect', {}],
    ['SIGHUP', 'a signal without effect: the server was started to outlive its terminal', {}],
  ] as const)('answers %s in the log and goes on', async (signal, msg, fields) => {
    const { io, done } = await serving();
    io.note(signal);
    expect(io.logged).toContainEqual(expect.objectContaining({ msg, ...fields }));
    expect([io.server?.isStopped, io.exits]).toEqual([false, []]);
    io.signal('SIGTERM');
    expect(await done).toBe(0);
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
    mkdirSync(path('data'));
    writeFileSync(path('data', 'myid'), '2');
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
    const { io, code } = await run(['start-foreground'], { file: 'tickTime=abc\nmaxClientCnxns=few' });
    expect(io.stderr.split('\n').slice(1)).toEqual([
      'The configuration cannot be used (3 problems):',
      '  conf/zoo.cfg:1: tickTime must be a positive whole number of milliseconds, got "abc"',
      '  dataDir is not set: say where to keep the data, with dataDir=… in the file or --data-dir',
      '  conf/zoo.cfg:2: maxClientCnxns must be a whole number of connections, got "few"',
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
    writeFileSync(path('conf', 'java.env'), 'export JVMFLAGS=-Xmx1g');
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
      mkdirSync(path('conf'), { recursive: true });
      mkdirSync(path('elsewhere'));
      writeFileSync(path('conf', 'other.cfg'), 'dataDir=./data');
      writeFileSync(path('elsewhere', 'zoo.cfg'), 'dataDir=./data');
      writeFileSync(path('here.cfg'), 'dataDir=./data');
      const { io, done } = await serving(argv, { environment });
      expect(io.stderr).toBe(`Using config: ${expected}\n`);
      io.signal('SIGTERM');
      await done;
    });

    it('needs none with --data-dir', async () => {
      const { io, done } = await serving(['--data-dir', 'mine', '--port', '0', '--address', '127.0.0.1']);
      expect(io.stderr).toBe('Using config: no file, only flags and environment\n');
      expect(io.server?.config).toMatchObject({
        dataDir: path('mine'),
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
      writeFileSync(path('data'), '');
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
