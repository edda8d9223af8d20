import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { BASE, EnsembleFiles, LIMITS } from '../../../test/ensemble-files.js';

describe('the configuration of an ensemble', () => {
  let files: EnsembleFiles;

  beforeEach(() => {
    files = new EnsembleFiles();
  });

  afterEach(() => files.remove());

  it('has a member list, this server in it, and the defaults of Apache ZooKeeper', async () => {
    const ensemble = await files.ensembleOf(BASE);
    expect(ensemble.config.text).toBe(
      'server.1=a:2888:3888:participant;0.0.0.0:2181\nserver.2=b:2888:3888:participant;0.0.0.0:2181\n' +
        'server.3=c:2888:3888:participant;0.0.0.0:2181\nversion=0',
    );
    expect({ ...ensemble, config: undefined }).toEqual({
      serverId: 1n,
      config: undefined,
      lastSeen: undefined,
      role: 'participant',
      isReconfigEnabled: false,
      isStandaloneEnabled: true,
      isStatic: true,
      initLimitTicks: 10,
      syncLimitTicks: 5,
      connectToLeaderLimitTicks: 10,
      isListeningOnAllAddresses: false,
      election: {
        connectTimeoutMs: 5000,
        handshakeTimeoutMs: 15_000,
        portBindAttempts: 3,
        minNotificationMs: 200,
        maxNotificationMs: 60_000,
        isKeptAlive: false,
      },
      leader: {
        servesClients: true,
        maxWaitForEpochMs: undefined,
        maxConcurrentSnapSyncs: 10,
        maxConcurrentDiffSyncs: 100,
        isSnapshotForced: false,
        commitLogCount: 500,
        snapshotSizeFactor: undefined,
      },
      learner: { connectRetryMs: 100, checksAclsEarly: false },
      observer: {
        keepsLog: true,
        reconnectDelayMs: 0,
        electionDelayMs: 200,
        masterPort: undefined,
        masterMaxQueuedBytes: 33_554_432,
      },
      multiAddress: { isEnabled: false, isReachabilityChecked: true, reachabilityTimeoutMs: 1000 },
      sessions: { areLocal: false, areUpgraded: false },
      isReadOnlyModeEnabled: false,
      canVoteEmpty: true,
      oracleFile: undefined,
      tls: undefined,
      sasl: undefined,
    });
    expect(await files.warningsOf(BASE)).toEqual([]);
  });

  it.each([
    ['off where nothing is said, as at Apache’s', '', false],
    ['on where that is said', '\nextendedTypesEnabled=true', true],
    ['off where that is said', '\nextendedTypesEnabled=false', false],
  ])('has TTL znodes %s', async (_title, line, expected) => {
    expect((await files.load(`${BASE}${line}`)).config.extendedTypesEnabled).toBe(expected);
  });

  describe('who runs in an ensemble', () => {
    const one = 'server.1=a:1:2';
    it.each([
      ['no member', '', 'standalone'],
      ['one participant', one, 'standalone'],
      ['one participant, standaloneEnabled=false', `${one}\nstandaloneEnabled=false`, 'ensemble'],
      ['two participants', `${one}\nserver.2=b:1:2`, 'ensemble'],
      [
        'a participant and an observer, standaloneEnabled=false',
        `${one}\nserver.2=b:1:2:observer\nstandaloneEnabled=false`,
        'ensemble',
      ],
    ])('%s', async (_title, lines, expected) => {
      const { config } = await files.load(`dataDir=data\n${LIMITS}\n${lines}`);
      expect(config.ensemble === undefined ? 'standalone' : 'ensemble').toBe(expected);
    });

    it('is not asked for its number when it runs standalone', async () => {
      rmSync(join(files.directory, 'data/myid'));
      expect(await files.problemsOf('dataDir=data\nserver.1=a:1:2')).toEqual([]);
    });
  });

  describe('what stops the start', () => {
    it.each([
      [
        'no initLimit',
        BASE.replace('initLimit=10\n', ''),
        'initLimit is not set: an ensemble needs it, in ticks of tickTime, such as initLimit=10',
      ],
      [
        'no syncLimit',
        BASE.replace('syncLimit=5\n', ''),
        'syncLimit is not set: an ensemble needs it, in ticks of tickTime, such as syncLimit=5',
      ],
      [
        'a syncLimit of nothing',
        `${BASE}\nsyncLimit=0`,
        'zoo.cfg:7: syncLimit must be at least one tick in an ensemble',
      ],
      [
        'another election',
        `${BASE}\nelectionAlg=1`,
        'zoo.cfg:7: electionAlg must be a whole number from 3 to 3, got "1"',
      ],
      [
        'another role',
        `${BASE}\npeerType=learner`,
        'zoo.cfg:7: peerType must be one of participant, observer; got "learner"',
      ],
      [
        'observers alone',
        'dataDir=data\nserver.1=a:1:2:observer',
        'zoo.cfg:2: observers need an ensemble to observe; there is no participant',
      ],
      [
        'an observer of one that runs standalone',
        'dataDir=data\nserver.1=a:1:2\nserver.2=b:1:2:observer',
        'zoo.cfg:2: observers need an ensemble to observe; there is one participant, which runs standalone',
      ],
      [
        'nobody',
        'dataDir=data\nstandaloneEnabled=false',
        'zoo.cfg:2: standaloneEnabled=false needs a server.N line of a participant',
      ],
      [
        'another client port',
        `${BASE}\nclientPort=9`,
        'zoo.cfg:4: server.1 names client port 2181, but clientPort is 9 (zoo.cfg:7)',
      ],
      [
        'another client address',
        `${BASE}\nclientPortAddress=x`,
        'zoo.cfg:4: server.1 names client address 0.0.0.0, but clientPortAddress is x (zoo.cfg:7)',
      ],
      ['a version that is none', `${BASE}\nversion=x`, 'zoo.cfg:7: version must be a hexadecimal number, got "x"'],
      [
        'SASL asked for, and off',
        `${BASE}\nquorum.auth.learnerRequireSasl=true`,
        'zoo.cfg:7: quorum.auth.learnerRequireSasl=true needs quorum.auth.enableSasl=true',
      ],
    ])('%s', async (_title, file, problem) => {
      expect(await files.problemsOf(file)).toEqual([problem]);
    });

    it.each([
      [
        'none',
        undefined,
        'data/myid: there is no such file: a server of an ensemble needs it, with its number N of server.N',
      ],
      ['an empty one', '', 'data/myid: the first line must be the number of this server, got ""'],
      ['a word', 'one', 'data/myid: the first line must be the number of this server, got "one"'],
      ['a negative number', '-1', 'data/myid: the first line must be the number of this server, got "-1"'],
      ['too large a number', '256', 'data/myid: the number of this server must be from 0 to 254, got 256'],
      [
        'a number for TTL znodes',
        '255',
        'data/myid: the number of this server must be from 0 to 254, got 255; extendedTypesEnabled=false allows 255',
      ],
      ['the number of nobody', '7', 'zoo.cfg:4: there is no line server.7, which myid in data names'],
    ])('as myid: %s', async (_title, text, problem) => {
      if (text === undefined) rmSync(join(files.directory, 'data/myid'));
      else files.write('data/myid', text);
      expect(await files.problemsOf(BASE)).toEqual([problem]);
    });

    it.each(['1', ' 1 ', '1\r\nsecond line'])('but not %p as myid', async (text) => {
      files.write('data/myid', text);
      expect((await files.ensembleOf(BASE)).serverId).toBe(1n);
    });
  });

  it('takes the role of the list, and says so when peerType is another', async () => {
    const file = `${BASE}\npeerType=observer`;
    expect((await files.ensembleOf(file)).role).toBe('participant');
    expect(await files.warningsOf(file)).toEqual([
      'zoo.cfg:7: peerType is observer, but server.1 is listed as participant (zoo.cfg:4); the list counts',
    ]);
  });

  it('serves clients where the member line of this server says', async () => {
    const other = 'server.1=a:1:2;10.0.0.1:2190\nserver.2=b:1:2;9\nserver.3=c:1:2';
    const { config } = await files.load(`dataDir=data\n${LIMITS}\n${other}`);
    expect([config.clientPort, config.clientPortAddress]).toEqual([2190, '10.0.0.1']);
  });

  it('serves clients at clientPort when the member line says nothing, and keeps that out of the list', async () => {
    const { config } = await files.load(`dataDir=data\n${LIMITS}\nserver.1=a:1:2\nserver.2=b:1:2\nclientPort=2190`);
    expect(config.clientPort).toBe(2190);
    expect(config.ensemble?.config.servers.get(1n)?.client).toBeUndefined();
  });
});
