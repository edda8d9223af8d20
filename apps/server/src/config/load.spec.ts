import { ConfigFiles } from '../../test/config-files.js';
import { loadConfig } from './load.js';

describe('loadConfig', () => {
  let files: ConfigFiles;

  beforeEach(() => {
    files = new ConfigFiles();
  });

  afterEach(() => files.remove());

  it('gives the documented defaults when only dataDir is set', async () => {
    const { config, warnings, notes } = await files.load('dataDir=/srv/zk');
    expect(config).toMatchObject({
      clientPort: 2181,
      clientPortAddress: undefined,
      clientPortListenBacklog: undefined,
      dataDir: '/srv/zk',
      dataLogDir: '/srv/zk',
      tickTimeMs: 3000,
      minSessionTimeoutMs: 6000,
      maxSessionTimeoutMs: 60_000,
      maxClientCnxns: 60,
      snapCount: 100_000,
      preAllocSizeKb: 65_536,
      forceSync: true,
      snapshotCompression: 'none',
      autopurgeIntervalMs: 3_600_000,
      autopurgeSnapRetainCount: 3,
      juteMaxBufferBytes: 1_048_575,
      juteMaxBufferExtraBytes: 1_048_575,
      extendedTypesEnabled: true,
      enforceQuota: true,
      skipAcl: false,
      tls: undefined,
      webSocket: undefined,
      auth: {
        digest: { enabled: true, algorithm: 'SHA1', superDigest: undefined },
        x509: undefined,
        saslScheme: undefined,
        sasl: undefined,
        enforcedSchemes: undefined,
      },
    });
    expect([warnings, notes]).toEqual([[], []]);
  });

  it.each<[string, BufferEncoding]>([
    ['UTF-8', 'utf8'],
    ['ISO-8859-1, as Java has it', 'latin1'],
  ])('reads names in %s', async (_name, encoding) => {
    const { config } = await files.load(Buffer.from('dataDir=/srv/données', encoding));
    expect(config.dataDir).toBe('/srv/données');
  });

  it('gives a frozen object, all the way down', async () => {
    const { config } = await files.load('dataDir=/srv/zk');
    expect(
      Object.isFrozen(config) && Object.isFrozen(config.containers) && Object.isFrozen(config.fourLetterWords),
    ).toBe(true);
  });

  const fileValues: readonly (readonly [string, object])[] = [
    ['clientPort=0', { clientPort: 0 }],
    ['clientPortAddress=[::1]', { clientPortAddress: '::1' }],
    ['dataLogDir=/srv/log', { dataLogDir: '/srv/log' }],
    ['tickTime=2000', { tickTimeMs: 2000, minSessionTimeoutMs: 4000, maxSessionTimeoutMs: 40_000 }],
    ['minSessionTimeout=500', { minSessionTimeoutMs: 500 }],
    ['maxSessionTimeout=90000', { maxSessionTimeoutMs: 90_000 }],
    ['clientPortAddress=', { clientPortAddress: '127.0.0.1', secureClientPortAddress: undefined }],
    ['secureClientPortAddress=', { clientPortAddress: undefined, secureClientPortAddress: '127.0.0.1' }],
    ['maxClientCnxns=0', { maxClientCnxns: 0 }],
    ['maxClientCnxns=-1\nmaxCnxns=-5', { maxClientCnxns: 0, maxCnxns: 0 }],
    ['maxCnxns=10', { maxCnxns: 10 }],
    ['globalOutstandingLimit=0', { globalOutstandingLimit: 0 }],
    ['globalOutstandingLimit=-1', { globalOutstandingLimit: 0 }],
    ['clientPortListenBacklog=100', { clientPortListenBacklog: 100 }],
    ['snapCount=10', { snapCount: 10 }],
    ['snapSizeLimitInKb=-1', { snapSizeLimitKb: -1 }],
    ['preAllocSize=0x100', { preAllocSizeKb: 256 }],
    ['forceSync=no', { forceSync: false }],
    ['snapshot.compression.method=gz', { snapshotCompression: 'gz' }],
    ['snapshot.compression.method=', { snapshotCompression: 'none' }],
    ['snapshot.trust.empty=TRUE', { snapshotTrustEmpty: true }],
    ['autopurge.purgeInterval=24', { autopurgeIntervalMs: 86_400_000 }],
    ['autopurge.purgeInterval=30m', { autopurgeIntervalMs: 1_800_000 }],
    ['autopurge.purgeInterval=0', { autopurgeIntervalMs: 0 }],
    ['autopurge.purgeInterval=-1', { autopurgeIntervalMs: 0 }],
    ['skipACL=yes', { skipAcl: true }],
    ['jute.maxbuffer=0x9fffff', { juteMaxBufferBytes: 0x9fffff, juteMaxBufferExtraBytes: 0x9fffff }],
    ['jute.maxbuffer=100', { juteMaxBufferBytes: 100, juteMaxBufferExtraBytes: 1024 }],
    ['jute.maxbuffer.extrasize=7', { juteMaxBufferExtraBytes: 7 }],
    ['4lw.commands.whitelist=*', { fourLetterWords: ['*'] }],
    ['4lw.commands.whitelist=stat, RUOK ,', { fourLetterWords: ['stat', 'ruok'] }],
    ['4lw.commands.whitelist=', { fourLetterWords: [] }],
    ['largeRequestThreshold=0', { largeRequestThresholdBytes: -1 }],
    ['extendedTypesEnabled=false', { extendedTypesEnabled: false }],
    ['enforce.auth.enabled=true\nenforce.auth.schemes=digest,ip', { auth: { enforcedSchemes: ['digest', 'ip'] } }],
    ['clientPort=1\nclientPort=2', { clientPort: 2 }],
    ['server.1=a:2888:3888;2182', { clientPort: 2182, clientPortAddress: undefined }],
    ['server.1=a:2888:3888;10.0.0.1:2182\nclientPort=2182', { clientPort: 2182, clientPortAddress: '10.0.0.1' }],
  ];
  it.each(fileValues)('understands %p', async (line, expected) => {
    const { config } = await files.load(`dataDir=/srv/zk\n${line}`);
    expect(config).toMatchObject(expected);
  });

  it.each([
    ['tickTime=abc', 'zoo.cfg:2: tickTime must be a positive whole number of milliseconds, got "abc"'],
    ['tickTime=0', 'zoo.cfg:2: tickTime must be a positive whole number of milliseconds, got "0"'],
    ['tickTime=', 'zoo.cfg:2: tickTime must be a positive whole number of milliseconds, got ""'],
    ['tickTime=0x10', 'zoo.cfg:2: tickTime must be a positive whole number of milliseconds, got "0x10"'],
    [
      'maxClientCnxns=99999999999',
      'zoo.cfg:2: maxClientCnxns must be a whole number of connections, got "99999999999"',
    ],
    ['snapCount=-1', 'zoo.cfg:2: snapCount must be a whole number of transactions, 0 or more, got "-1"'],
    ['clientPort=65536', 'zoo.cfg:2: clientPort must be a port from 0 to 65535, got "65536"'],
    ['standaloneEnabled=yes', 'zoo.cfg:2: standaloneEnabled must be true or false, got "yes"'],
    [
      'snapshot.compression.method=zip',
      'zoo.cfg:2: snapshot.compression.method must be one of empty, checked, gz, snappy; got "zip"',
    ],
    [
      'autopurge.purgeInterval=1w',
      'zoo.cfg:2: autopurge.purgeInterval must be a whole number of hours, or a number with d, h, m, s or ms; got "1w"',
    ],
    [
      'connection_throttle_drop_increase=x',
      'zoo.cfg:2: connection_throttle_drop_increase must be a number, 0 or more, got "x"',
    ],
    ['minSessionTimeout=70000', 'zoo.cfg:2: minSessionTimeout (70000 ms) is greater than maxSessionTimeout (60000 ms)'],
    ['maxSessionTimeout=5', 'zoo.cfg:2: minSessionTimeout (6000 ms) is greater than maxSessionTimeout (5 ms)'],
    [
      'DigestAuthenticationProvider.superDigest=secret',
      'zoo.cfg:2: DigestAuthenticationProvider.superDigest must have the form user:hash',
    ],
    ['enforce.auth.enabled=true', 'zoo.cfg:2: enforce.auth.enabled needs enforce.auth.schemes, such as digest'],
    [
      'enforce.auth.enabled=true\nenforce.auth.schemes=sasl',
      'zoo.cfg:3: enforce.auth.schemes names "sasl", which this server does not have; it has digest, ip',
    ],
    [
      'sessionRequireClientSASLAuth=true',
      'zoo.cfg:2: sessionRequireClientSASLAuth=true refuses every client while nobody can log in by SASL; ' +
        'set java.security.auth.login.config to a file with a section "Server"',
    ],
    [
      'secureClientPort=2281',
      'zoo.cfg:2: secureClientPort needs a certificate and its key: set ssl.keyStore.location to a PEM, PKCS#12 or ' +
        'JKS file',
    ],
    ['a=\\u12', 'zoo.cfg:2: \\u must be followed by four hexadecimal digits, got "12"'],
    ['server.1=a:2888', 'zoo.cfg:2: server.1=a:2888: expected host:quorumPort:electionPort[:role]'],
    ['server.1=a:2888:2888', 'zoo.cfg:2: server.1=a:2888:2888: the quorum port and the election port are the same'],
    ['server.x=a:2888:3888', 'zoo.cfg:2: the id in server.x must be a whole number'],
    [
      'clientPort=1\nserver.1=a:2888:3888;2',
      'zoo.cfg:3: server.1 names client port 2, but clientPort is 1 (zoo.cfg:2)',
    ],
    [
      'clientPortAddress=a\nserver.1=a:2888:3888;b:2',
      'zoo.cfg:3: server.1 names client address b, but clientPortAddress is a (zoo.cfg:2)',
    ],
    [
      'dynamicConfigFile=gone.dynamic',
      'zoo.cfg:2: dynamicConfigFile: gone.dynamic: cannot be read: there is no such file',
    ],
  ])('refuses %p and says where and why', async (line, problem) => {
    expect(await files.problemsOf(`dataDir=/srv/zk\n${line}`)).toEqual([problem]);
  });

  it('reports all problems at once', async () => {
    const problems = await files.problemsOf('tickTime=x\nsnapCount=y\n', { environment: { ZK_MAXCNXNS: 'z' } });
    expect(problems.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(
      expect.arrayContaining(['zoo.cfg:1: tickTime', 'zoo.cfg:2: snapCount', 'environment ZK_MAXCNXNS:', 'dataDir is']),
    );
    expect(problems).toHaveLength(4);
  });

  it('says how to give dataDir', async () => {
    expect(await files.problemsOf(undefined)).toEqual([
      'dataDir is not set: say where to keep the data, with dataDir=… in the file or --data-dir',
    ]);
  });

  it('says where dataDir is empty', async () => {
    expect(await files.problemsOf('tickTime=2000\ndataDir=')).toEqual([
      'zoo.cfg:2: dataDir is empty: say where to keep the data, with dataDir=… in the file or --data-dir',
    ]);
  });

  it('says of a value that cannot be read for the comment behind it where comments belong', async () => {
    expect(await files.problemsOf('dataDir=/d\nclientPort=2181 # clients')).toEqual([
      'zoo.cfg:2: clientPort must be a port from 0 to 65535, got "2181 # clients"; a comment needs a line of its own',
    ]);
  });

  it('names a file that is not there', async () => {
    const request = { file: 'gone.cfg', environment: {}, flags: [], workingDirectory: files.directory };
    await expect(loadConfig(request)).rejects.toThrow('gone.cfg: cannot be read: there is no such file');
  });

  it('never shows a secret', async () => {
    const problems = await files.problemsOf('dataDir=/d\nDigestAuthenticationProvider.superDigest=hunter2');
    expect(problems.join()).not.toContain('hunter2');
  });

  it('gives every honoured key a place in the result', async () => {
    const { KEYS } = await import('./keys/index.js');
    const samples: Record<string, string> = {
      whole: '50',
      port: '50',
      ratio: '0.5',
      path: '/other',
      'yes-no': '',
      boolean: '',
      flag: '',
      choice: '',
      list: 'digest',
      text: 'u:h',
      duration: '7',
    };
    const exceptions = [
      'server.*',
      'dynamicConfigFile',
      'standaloneEnabled',
      'enforce.auth.schemes',
      // Say yes or no to a start; see security.spec.ts.
      'authProvider.*',
      'ssl.authProvider',
      'ssl.crl',
      'ssl.ocsp',
      'sasl.serverconfig',
    ];
    for (const name of ['one.pem', 'other.pem']) files.write(name, '');
    for (const user of ['ann', 'bob']) files.write(user, `Server { ${DIGEST_LOGIN} user_${user}=x; };`);
    const before = JSON.stringify((await files.load(BASE)).config, withoutText);
    for (const spec of KEYS) {
      if (spec.status !== 'honoured' || exceptions.includes(spec.name)) continue;
      const current = spec.ours ?? spec.default;
      const opposite = { true: 'false', false: 'true', yes: 'no', no: 'yes', '': 'gz', SHA1: 'MD5' }[current ?? '?'];
      const sample = opposite !== undefined && spec.kind !== 'list' ? opposite : samples[spec.kind];
      const name = spec.name.replace('*', 'sasl');
      const file = `${BASE}\n${name}=${SPECIAL[spec.name] ?? sample}`;
      const after = JSON.stringify((await files.load(file)).config, withoutText);
      expect([spec.name, after === before]).toEqual([spec.name, false]);
    }
  });
});

const DIGEST_LOGIN = 'org.apache.zookeeper.server.auth.DigestLoginModule required';

/** A configuration in which every key that needs another one has it. */
const BASE = [
  'dataDir=/d',
  'clientPort=1',
  'enforce.auth.schemes=ip',
  'secureClientPort=2',
  'ssl.keyStore.location=one.pem',
  'ssl.trustStore.location=one.pem',
  'ssl.clientHostnameVerification=true',
  'webSocketPort=3',
  'java.security.auth.login.config=ann',
  'authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
  'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
  'admin.enableServer=true',
  'admin.portUnification=true',
  'audit.enable=true',
  'ssl.quorum.keyStore.location=one.pem',
].join('\n');

const SPECIAL: Readonly<Record<string, string>> = {
  maxSessionTimeout: '70000',
  'enforce.auth.enabled': 'true',
  'ssl.keyStore.location': 'other.pem',
  'ssl.keyStore.passwordPath': 'other.pem',
  'ssl.keyStore.type': 'JKS',
  'ssl.trustStore.location': 'other.pem',
  'ssl.trustStore.passwordPath': 'other.pem',
  'ssl.trustStore.type': 'JKS',
  'ssl.clientAuth': 'want',
  'ssl.clientHostnameVerification': 'false',
  'java.security.auth.login.config': 'bob',
  'metricsProvider.className': 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
  'admin.enableServer': 'false',
  'admin.portUnification': 'false',
  'admin.commandURL': '/other',
  'audit.enable': 'false',
};

function withoutText(key: string, value: unknown): unknown {
  return key === 'configText' ? undefined : value;
}
