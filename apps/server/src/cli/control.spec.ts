import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { useCli } from '../../test/cli.js';
import { main } from './main.js';

const { path, prepare, run } = useCli();

describe('zk-server start', () => {
  const pidFile = (): string => path('data', 'zookeeper_server.pid');

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
    const environment = { ZOO_LOG_DIR: path('log'), ZOOPIDFILE: path('run', 'zk.pid') };
    const { io } = await run(['start'], { environment });
    expect(io.spawned[0]?.outputFile.startsWith(path('log') + '/zookeeper-')).toBe(true);
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
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['start'], { alive: [77] });
    expect(io.stdout).toBe('Starting zookeeper ... already running as process 77.\n');
    expect(io.spawned).toEqual([]);
    expect(code).toBe(1);
  });

  it('starts when the pid file was left behind', async () => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    expect((await run(['start'])).code).toBe(0);
  });

  it.each([
    ['another program has the number of', ['/usr/sbin/cron', '-f'], 'STARTED\n', 1],
    ['this server is', ['node', '/opt/zk/main.js', 'start-foreground'], 'already running as process 77.\n', 0],
    ["Apache's is", ['java', '-cp', 'x', 'org.apache.zookeeper.server.quorum.QuorumPeerMain', 'zoo.cfg'], 'already', 0],
  ])('looks who %s the process of the pid file', async (_who, command, said, started) => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    const { io } = await run(['start'], { alive: [77], commands: { 77: command } });
    expect(io.stdout).toContain(`Starting zookeeper ... ${said}`);
    expect(io.spawned).toHaveLength(started);
  });

  it.each([
    ['ZOO_LOG_DIR', '/proc/x'],
    ['ZOO_LOG_DIR', '/dev/null/x'],
  ])('says so when %s is %s, where nothing can be made', async (name, directory) => {
    const { io, code } = await run(['start'], { environment: { [name]: directory } });
    expect(io.stderr).toContain(`the log directory ${directory} cannot be used: `);
    expect(io.stderr).not.toContain('    at ');
    expect([code, io.spawned]).toEqual([3, []]);
  });

  it('reports a server that ends at once, with its exit code and the end of its log', async () => {
    const io = prepare(['start'], { spawnOutcome: 3, environment: { ZOO_LOG_DIR: path('log') } });
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
    const { io, code } = await run(['start'], { environment: { ZOOPIDFILE: path() } });
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
    writeFileSync(path('data'), '');
    const { io, code } = await run(['start']);
    expect(io.spawned).toEqual([]);
    expect(code).toBe(3);
  });

  it('keeps its hands off a missing directory with ZOO_DATADIR_AUTOCREATE_DISABLE', async () => {
    const { io, code } = await run(['start'], { environment: { ZOO_DATADIR_AUTOCREATE_DISABLE: '1' } });
    expect(io.stdout).toBe(`ZooKeeper data directory is missing at ${path('data')} fix the path or run initialize\n`);
    expect(code).toBe(1);
  });
});

describe('zk-server stop', () => {
  const pidFile = (): string => path('data', 'zookeeper_server.pid');

  it('asks the process of the pid file to end and waits for it', async () => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['stop'], { alive: [77] });
    expect(io.stdout).toBe('Stopping zookeeper ... STOPPED\n');
    expect(io.killed).toEqual([[77, 'SIGTERM']]);
    expect(existsSync(pidFile())).toBe(false);
    expect(code).toBe(0);
  });

  it('removes a pid file that was left behind', async () => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['stop']);
    expect(io.stdout).toBe('Stopping zookeeper ... STOPPED\n');
    expect(existsSync(pidFile())).toBe(false);
    expect(code).toBe(0);
  });

  it('ends nobody else who has been given the number since', async () => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['stop'], { alive: [77], commands: { 77: ['/usr/sbin/cron', '-f'] } });
    expect(io.stdout).toBe(
      `Stopping zookeeper ... no zookeeper to stop (process 77 of ${pidFile()} is another program)\n`,
    );
    expect([code, io.killed, existsSync(pidFile())]).toEqual([0, [], false]);
  });

  it('says when there is nothing to stop', async () => {
    const { io, code } = await run(['stop']);
    expect(io.stdout).toBe(`Stopping zookeeper ... no zookeeper to stop (could not find file ${pidFile()})\n`);
    expect(code).toBe(0);
  });

  it('tells about a process that does not end', async () => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['stop'], { alive: [77], stubborn: [77] });
    expect(io.stderr).toContain('Process 77 has not ended');
    expect(existsSync(pidFile())).toBe(true);
    expect(code).toBe(1);
  });

  it('works although the configuration has become wrong', async () => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    expect((await run(['stop'], { alive: [77], file: 'dataDir=./data\ntickTime=abc' })).code).toBe(0);
  });

  it('restarts: stops, then starts', async () => {
    mkdirSync(path('data'));
    writeFileSync(pidFile(), '77');
    const { io, code } = await run(['restart'], { alive: [77] });
    expect(io.stdout).toBe('Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n');
    expect(readFileSync(pidFile(), 'utf8')).toBe('4711');
    expect(code).toBe(0);
  });
});
