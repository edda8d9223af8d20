import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { useCli } from '../../test/cli.js';
import type { FakeIo } from '../../test/fake-io.js';
import { main } from './main.js';

const { path, prepare, run } = useCli();

type Variables = Readonly<Record<string, string>>;

const DIRECTORIES: Variables = { ZOO_CONF_DIR: './c', ZOO_DATA_DIR: './d', ZOO_DATA_LOG_DIR: './l' };
const THREE = 'server.1=zoo1:2888:3888;2181 server.2=zoo2:2888:3888;2181\nserver.3=zoo3:2888:3888;2181';

const read = (name: string): string => readFileSync(path(name), 'utf8');

function put(name: string, text: string): void {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), text);
}

/** A container that is started and, where it comes so far, stopped. */
async function contained(variables: Variables): Promise<FakeIo> {
  const io = prepare(['container'], { environment: { ...DIRECTORIES, ...variables } });
  const done = main(io);
  await Promise.race([io.whenReady(), done]);
  io.signal('SIGTERM');
  await done;
  return io;
}

describe('zk-server container', () => {
  it.each<[string, Variables, string]>([
    ['nothing', {}, 'clientPort=2181\n'],
    [
      'keys',
      {
        ZOO_TICK_TIME: '1000',
        ZOO_MAX_CLIENT_CNXNS: '0',
        ZOO_4LW_COMMANDS_WHITELIST: 'srvr, ruok',
        ZOO_SYNC_LIMIT: '',
      },
      'tickTime=1000\nmaxClientCnxns=0\n4lw.commands.whitelist=srvr, ruok\nclientPort=2181\n',
    ],
    [
      'further lines',
      { ZOO_CFG_EXTRA: 'snapCount=5000  metricsProvider.httpPort=7000' },
      'clientPort=2181\nsnapCount=5000\nmetricsProvider.httpPort=7000\n',
    ],
    ['members', { ZOO_MY_ID: '2', ZOO_SERVERS: THREE }, `initLimit=5\nsyncLimit=2\n${THREE.replace(' ', '\n')}\n`],
    [
      'members that do not say their client ports',
      { ZOO_MY_ID: '1', ZOO_INIT_LIMIT: '20', ZOO_SERVERS: 'server.1=a:2888:3888 server.2=b:2888:3888' },
      'initLimit=20\nsyncLimit=2\nclientPort=2181\nserver.1=a:2888:3888\nserver.2=b:2888:3888\n',
    ],
  ])('writes a zoo.cfg by variables that ask for %s, and serves by it', async (_, variables, text) => {
    const io = await contained(variables);
    expect(read('c/zoo.cfg')).toBe(`dataDir=./d\ndataLogDir=./l\n${text}`);
    expect(io.stderr).toBe(`Wrote ${path('c/zoo.cfg')}\nUsing config: ${path('c/zoo.cfg')}\n`);
    expect(io.server?.isStarted).toBe(true);
  });

  it.each<[string, Variables, string | undefined]>([
    ['that of ZOO_MY_ID', { ZOO_MY_ID: '3', ZOO_SERVERS: THREE }, '3\n'],
    ['that of the only server', { ZOO_SERVERS: 'server.7=a:2888:3888;2181' }, '7\n'],
    ['none for a server that is alone', {}, undefined],
  ])('gives the server its number: %s', async (_, variables, text) => {
    await contained(variables);
    expect(existsSync(path('d/myid')) ? read('d/myid') : undefined).toBe(text);
  });

  it('leaves a zoo.cfg that is there as it is, and says that the variables do not change it', async () => {
    put('c/zoo.cfg', 'dataDir=./d\nclientPort=2199');
    const io = await contained({ ZOO_TICK_TIME: '500' });
    expect(read('c/zoo.cfg')).toBe('dataDir=./d\nclientPort=2199');
    expect(io.stderr).toContain('zoo.cfg is there already: the ZOO_ variables do not change it\n');
    expect(io.server?.config.clientPort).toBe(2199);
  });

  it('leaves the number that lies with the data, and says so', async () => {
    put('d/myid', '2\n');
    const io = await contained({ ZOO_MY_ID: '3' });
    expect(read('d/myid')).toBe('2\n');
    expect(io.stderr).toContain('myid says 2, and stays: the data beside it is that of server 2, not 3\n');
  });

  it.each<[string, Variables, string]>([
    [
      'no number of its own among several',
      { ZOO_SERVERS: THREE },
      'ZOO_MY_ID is not set, and ZOO_SERVERS names 3 servers: which of them is this one?',
    ],
    [
      'a server without its number',
      { ZOO_SERVERS: 'zoo1:2888:3888', ZOO_MY_ID: '1' },
      'ZOO_SERVERS: expected words such as server.1=host:2888:3888;2181, got "zoo1:2888:3888"',
    ],
    [
      'a line that sets nothing',
      { ZOO_CFG_EXTRA: 'snapCount' },
      'ZOO_CFG_EXTRA: expected words such as key=value, got "snapCount"',
    ],
  ])('refuses %s and writes nothing', async (_, variables, problem) => {
    const { io, code } = await run(['container'], { environment: { ...DIRECTORIES, ...variables } });
    expect(code).toBe(2);
    expect(io.stderr).toBe(`The configuration cannot be used (1 problem):\n  ${problem}\n`);
    expect([existsSync(path('c')), existsSync(path('d'))]).toEqual([false, false]);
  });

  it('says which directory it cannot write', async () => {
    put('file', '');
    const { io, code } = await run(['container'], { environment: { ...DIRECTORIES, ZOO_CONF_DIR: './file/c' } });
    expect(code).toBe(3);
    expect(io.stderr).toMatch(/^the configuration directory .*file\/c cannot be used: a file is in the way/);
  });

  it('takes no file, since the variables name the directory', async () => {
    const { io, code } = await run(['container', 'zoo.cfg']);
    expect(code).toBe(2);
    expect(io.stderr).toContain('start-foreground takes a file');
  });
});
