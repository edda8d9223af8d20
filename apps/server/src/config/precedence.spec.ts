import { ConfigFiles, define, set, type Surroundings } from '../../test/config-files.js';

interface Given extends Surroundings {
  readonly file: string;
}

describe('the value of a setting', () => {
  let files: ConfigFiles;

  beforeEach(() => {
    files = new ConfigFiles();
  });

  afterEach(() => files.remove());

  const cases: readonly (readonly [string, Given, number])[] = [
    ['the file over the default', { file: 'dataDir=/d\nsnapCount=5' }, 5],
    ['the environment over the file', { file: 'dataDir=/d\nsnapCount=5', environment: { ZK_SNAPCOUNT: '6' } }, 6],
    [
      'JVMFLAGS over the file',
      { file: 'dataDir=/d\nsnapCount=5', environment: { JVMFLAGS: '-Xmx1g -Dzookeeper.snapCount=7' } },
      7,
    ],
    [
      'SERVER_JVMFLAGS over JVMFLAGS',
      {
        file: 'dataDir=/d',
        environment: { JVMFLAGS: '-Dzookeeper.snapCount=7', SERVER_JVMFLAGS: '"-Dzookeeper.snapCount=8"' },
      },
      8,
    ],
    [
      'its own variable over JVM flags',
      { file: 'dataDir=/d', environment: { ZK_SNAPCOUNT: '9', SERVER_JVMFLAGS: '-Dzookeeper.snapCount=8' } },
      9,
    ],
    [
      '--set over the environment',
      { file: 'dataDir=/d', environment: { ZK_SNAPCOUNT: '9' }, flags: [set('snapCount', '10')] },
      10,
    ],
    ['-D over the file', { file: 'dataDir=/d\nsnapCount=5', flags: [define('zookeeper.snapCount', '11')] }, 11],
    ['the last flag', { file: 'dataDir=/d', flags: [set('snapCount', '10'), define('zookeeper.snapCount', '12')] }, 12],
  ];
  it.each(cases)('is that of %s', async (_title, given, expected) => {
    expect((await files.load(given.file, given)).config.snapCount).toBe(expected);
  });
});
