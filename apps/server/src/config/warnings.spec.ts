import { join } from 'node:path';
import { ConfigFiles, define, type Surroundings } from '../../test/config-files.js';

interface Given extends Surroundings {
  readonly file: string;
}

describe('warnings about the configuration', () => {
  let files: ConfigFiles;

  beforeEach(() => {
    files = new ConfigFiles();
  });

  afterEach(() => files.remove());

  const cases: readonly (readonly [string, Given, readonly string[]])[] = [
    [
      'a typing error',
      { file: 'dataDir=/d\ntickTme=5' },
      ['zoo.cfg:2: unknown key "tickTme" is ignored; did you mean "tickTime"?'],
    ],
    [
      'the wrong case',
      { file: 'dataDir=/d\nclientport=5' },
      ['zoo.cfg:2: unknown key "clientport" is ignored; did you mean "clientPort"?'],
    ],
    [
      'a spelling of the documentation',
      { file: 'dataDir=/d\nrequestThrottleLimit=5' },
      ['zoo.cfg:2: unknown key "requestThrottleLimit" is ignored; did you mean "request_throttle_max_requests"?'],
    ],
    [
      'what is less than nothing',
      { file: 'dataDir=/d\nmaxClientCnxns=-1\nautopurge.purgeInterval=-1' },
      [
        'zoo.cfg:2: maxClientCnxns is -1, less than the smallest allowed; using 0',
        'zoo.cfg:3: autopurge.purgeInterval is -1, less than nothing; using 0',
      ],
    ],
    [
      'a key that is set twice',
      { file: 'dataDir=/d\ntickTime=1000\nsnapCount=5\ntickTime=3000' },
      ['zoo.cfg:2: tickTime is set again in line 4, and only that counts'],
    ],
    [
      'a comment behind a value, which is part of it',
      { file: 'dataDir=/d # my data\ndataLogDir=/d#1' },
      ['zoo.cfg:1: the value of dataDir goes on behind the #; a comment needs a line of its own'],
    ],
    [
      'an empty address',
      { file: 'dataDir=/d\nclientPortAddress=' },
      [
        'zoo.cfg:2: clientPortAddress is empty: listening on 127.0.0.1 alone, as Apache ZooKeeper does; ' +
          'without the line it is all addresses',
      ],
    ],
    [
      'an authentication provider without a class',
      { file: 'dataDir=/d\nauthProvider.1=' },
      ['zoo.cfg:2: authProvider.1 names no class, and has no effect'],
    ],
    ['nothing similar', { file: 'dataDir=/d\nfoo.bar.baz=5' }, ['zoo.cfg:2: unknown key "foo.bar.baz" is ignored']],
    [
      'a prefix that does not belong into the file',
      { file: 'dataDir=/d\nzookeeper.forceSync=no' },
      ['zoo.cfg:2: unknown key "zookeeper.forceSync" is ignored; here it is written forceSync, without "zookeeper."'],
    ],
    [
      'a property that is only a key',
      { file: 'dataDir=/d', flags: [define('zookeeper.tickTime', '5')] },
      ['-D: unknown key "zookeeper.tickTime" is ignored; it is a key, not a system property; use --set tickTime=…'],
    ],
    [
      'a property without its prefix',
      { file: 'dataDir=/d', flags: [define('forceSync', 'no')] },
      ['-D: unknown key "forceSync" is ignored; the system property is zookeeper.forceSync'],
    ],
    [
      'an unknown ZooKeeper property in JVMFLAGS',
      { file: 'dataDir=/d', environment: { JVMFLAGS: '-Dzookeeper.snapCuont=1 -Dcom.sun.x=1' } },
      ['environment JVMFLAGS: unknown key "zookeeper.snapCuont" is ignored; did you mean "snapCount"?'],
    ],
    [
      'everything unsupported in one line',
      {
        file: 'dataDir=/d\npathStats.enabled=true\nssl.quorum.keyStore.location=/k\ninitLimit=10\nnio.numWorkerThreads=4',
      },
      [
        'settings without effect: not supported by this version: pathStats.enabled; used by ensembles only: ' +
          'ssl.quorum.keyStore.location, initLimit; nothing to tune here: nio.numWorkerThreads',
      ],
    ],
    [
      'a flag that is neither true nor false',
      { file: 'dataDir=/d\ndigest.enabled=yes' },
      ['zoo.cfg:2: digest.enabled is "yes", which counts as false; write true or false'],
    ],
    [
      'forceSync that is neither yes nor no',
      { file: 'dataDir=/d\nforceSync=false' },
      ['zoo.cfg:2: forceSync is "false", which counts as yes; write yes or no'],
    ],
    [
      'a snapCount that is too small',
      { file: 'dataDir=/d\nsnapCount=1' },
      ['zoo.cfg:2: snapCount is 1, less than the smallest allowed; using 2'],
    ],
    [
      'foreign variables',
      { file: 'dataDir=/d', environment: { ZK_HOST: 'x', ZK_SERVER_HEAP: '1', ZK_PORT_2181_TCP: 'y' } },
      [],
    ],
    [
      'settings that ask for what is so anyway',
      { file: 'dataDir=/d\nadmin.enableServer=false\nsslQuorum=false\nreconfigEnabled=false' },
      [],
    ],
  ];
  it.each(cases)('for %s', async (_title, given, expected) => {
    expect((await files.load(given.file, given)).warnings).toEqual(expected);
  });

  it('knows that the admin server has a use for the certificates of the ensemble', async () => {
    const file = 'dataDir=/d\nadmin.enableServer=true\nadmin.forceHttps=true\nssl.quorum.keyStore.location=zoo.cfg';
    expect((await files.load(file)).notes).toEqual([]);
  });

  it('only notes what a standalone Apache server would not use either', async () => {
    const { warnings, notes } = await files.load('dataDir=/d\ninitLimit=10\nsyncLimit=5');
    expect(warnings).toEqual([]);
    expect(notes).toEqual(['settings without effect: used by ensembles only: initLimit, syncLimit']);
  });

  it('points out a relative data directory unless it begins with a dot', async () => {
    expect((await files.load('dataDir=data')).warnings[0]).toMatch(
      /dataDir "data" is relative to .*begin it with ".\/"/,
    );
    const { config, warnings } = await files.load('dataDir=./data');
    expect(warnings).toEqual([]);
    expect(config.dataDir).toBe(join(files.directory, 'data'));
  });
});
