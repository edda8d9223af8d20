import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../config-error.js';
import { indexKeys } from '../key-index.js';
import { KEYS } from '../keys/index.js';
import { loadConfig, type LoadedConfig } from '../load.js';
import { SettingReader } from '../setting-reader.js';
import { gatherSettings, type Flag } from '../settings.js';
import { buildEnsemble } from './build-ensemble.js';
import { readMembership } from './membership.js';

const LIMITS = 'initLimit=10\nsyncLimit=5';
const THREE = 'server.1=a:2888:3888;2181\nserver.2=b:2888:3888;2181\nserver.3=c:2888:3888;2181';
/** Lines 1 to 6; what a test adds is line 7. */
const BASE = `dataDir=data\n${LIMITS}\n${THREE}`;

describe('the configuration of an ensemble', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-ensemble-config-'));
    mkdirSync(join(directory, 'data'));
    write('data/myid', '1\n');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function write(name: string, text: string): void {
    writeFileSync(join(directory, name), text);
  }

  function load(file: string, flags: readonly Flag[] = []): Promise<LoadedConfig> {
    write('zoo.cfg', file);
    return loadConfig({ file: 'zoo.cfg', environment: {}, flags, workingDirectory: directory });
  }

  async function ensembleOf(file: string) {
    const { ensemble } = (await load(file)).config;
    if (ensemble === undefined) throw new Error('it would run standalone');
    return ensemble;
  }

  /** Without the name of the temporary directory. */
  function problemsOf(file: string): Promise<readonly string[]> {
    return load(file).then(
      () => [],
      (error: unknown) => {
        if (!(error instanceof ConfigError)) throw error;
        return error.problems.map((problem) => problem.replaceAll(`${directory}/`, ''));
      },
    );
  }

  async function warningsOf(file: string): Promise<readonly string[]> {
    return (await load(file)).warnings.filter((warning) => !warning.includes('is relative to'));
  }

  it('has a member list, this server in it, and the defaults of Apache ZooKeeper', async () => {
    const ensemble = await ensembleOf(BASE);
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
        snapshotSizeFactor: 0.33,
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
    expect(await warningsOf(BASE)).toEqual([]);
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
      const { config } = await load(`dataDir=data\n${LIMITS}\n${lines}`);
      expect(config.ensemble === undefined ? 'standalone' : 'ensemble').toBe(expected);
    });

    it('is not asked for its number when it runs standalone', async () => {
      rmSync(join(directory, 'data/myid'));
      expect(await problemsOf('dataDir=data\nserver.1=a:1:2')).toEqual([]);
    });
  });

  describe('the number of participants', () => {
    const list = (count: number, more = ''): string =>
      `dataDir=data\n${LIMITS}\n${Array.from({ length: count }, (_, i) => `server.${i + 1}=h${i}:1:2`).join('\n')}\n${more}`;

    it.each([
      [
        1,
        'standaloneEnabled=false',
        ['zoo.cfg:4: an ensemble of 1 survives no failure of a server; three are needed for that'],
      ],
      [2, '', ['zoo.cfg:4: an ensemble of 2 survives no failure of a server; three are needed for that']],
      [3, '', []],
      [4, '', ['zoo.cfg:4: an ensemble of 4 survives no more failures than one of 3; odd numbers are better']],
      [5, 'server.6=o:1:2:observer', []],
    ])('%i warns where it is a bad one', async (count, more, expected) => {
      expect(await warningsOf(list(count, more))).toEqual(expected);
    });
  });

  describe('member lines', () => {
    const multi = 'multiAddress.enabled=true\n';
    it.each([
      ['h:1:2', 'h:1:2:participant'],
      ['h:1:2:observer', 'h:1:2:observer'],
      ['h:1:2:OBSERVER;2181', 'h:1:2:observer;0.0.0.0:2181'],
      ['h:1:2;10.0.0.1:2181', 'h:1:2:participant;10.0.0.1:2181'],
      ['[::1]:1:2;[::]:2181', '[::1]:1:2:participant;[::]:2181'],
      ['b:1:2|a:3:4', 'a:3:4|b:1:2:participant'],
      ['b:1:2:observer|a:3:4:observer', 'a:3:4|b:1:2:observer'],
    ])('%s means %s', async (line, canonical) => {
      const { config } = await ensembleOf(`${BASE}\nserver.4=${line}\n${multi}`);
      expect(config.text).toContain(`server.4=${canonical}\n`);
    });

    it.each([
      ['server.4=a:2888', 'zoo.cfg:7: server.4=a:2888: expected host:quorumPort:electionPort[:role]'],
      [
        'server.4=a:2888:3888:learner',
        'zoo.cfg:7: server.4=a:2888:3888:learner: "learner" is neither participant nor observer',
      ],
      ['server.4=a:2888:2888', 'zoo.cfg:7: server.4=a:2888:2888: the quorum port and the election port are the same'],
      ['server.x=a:2888:3888', 'zoo.cfg:7: the id in server.x must be a whole number'],
      ['server.4=a:1:2|b:3:4', 'zoo.cfg:7: server.4 has 2 addresses, which needs multiAddress.enabled=true'],
      [
        'server.4=a:1:2:observer|b:3:4:participant',
        'zoo.cfg:7: server.4=a:1:2:observer|b:3:4:participant: one server cannot have two roles',
      ],
      ['group.1=1:2', 'zoo.cfg:7: server 3 is a participant and in no group'],
      ['group.1=1:2:3\ngroup.2=3', 'zoo.cfg:7: server 3 is in two groups'],
      ['group.1=1:2:x', 'zoo.cfg:7: group.1: "x" is not a number'],
      ['group.1=1:2:3\nweight.1=-1', 'zoo.cfg:7: weight.1=-1, allowed: 0, 1, 2, …'],
    ])('%s stops the start', async (line, problem) => {
      expect(await problemsOf(`${BASE}\n${line}`)).toEqual([problem]);
    });

    it('may name hosts that are called like a role', async () => {
      const { config } = await ensembleOf(`${BASE}\nserver.4=observer:1:2:participant`);
      expect(config.servers.get(4n)?.role).toBe('participant');
    });

    it('may be grouped and weighed', async () => {
      const { config } = await ensembleOf(`${BASE}\ngroup.1=1:2\ngroup.2=3\nweight.3=0`);
      expect(config.verifier.isQuorum(new Set([1n, 2n]))).toBe(true);
      expect(config.verifier.isQuorum(new Set([1n, 3n]))).toBe(false);
    });

    it('may stand on the command line', async () => {
      const set = (name: string, value: string): Flag => ({ style: 'key', name, value, where: '--set' });
      const { config } = await load(BASE, [set('server.3', 'other:1:2'), set('syncLimit', '7')]);
      expect(config.ensemble?.config.servers.get(3n)?.addresses[0]?.host).toBe('other');
      expect(config.ensemble?.syncLimitTicks).toBe(7);
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
      expect(await problemsOf(file)).toEqual([problem]);
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
      if (text === undefined) rmSync(join(directory, 'data/myid'));
      else write('data/myid', text);
      expect(await problemsOf(BASE)).toEqual([problem]);
    });

    it.each(['1', ' 1 ', '1\r\nsecond line'])('but not %p as myid', async (text) => {
      write('data/myid', text);
      expect((await ensembleOf(BASE)).serverId).toBe(1n);
    });
  });

  it('takes the role of the list, and says so when peerType is another', async () => {
    const file = `${BASE}\npeerType=observer`;
    expect((await ensembleOf(file)).role).toBe('participant');
    expect(await warningsOf(file)).toEqual([
      'zoo.cfg:7: peerType is observer, but server.1 is listed as participant (zoo.cfg:4); the list counts',
    ]);
  });

  it('serves clients where the member line of this server says', async () => {
    const other = 'server.1=a:1:2;10.0.0.1:2190\nserver.2=b:1:2;9\nserver.3=c:1:2';
    const { config } = await load(`dataDir=data\n${LIMITS}\n${other}`);
    expect([config.clientPort, config.clientPortAddress]).toEqual([2190, '10.0.0.1']);
  });

  it('serves clients at clientPort when the member line says nothing, and keeps that out of the list', async () => {
    const { config } = await load(`dataDir=data\n${LIMITS}\nserver.1=a:1:2\nserver.2=b:1:2\nclientPort=2190`);
    expect(config.clientPort).toBe(2190);
    expect(config.ensemble?.config.servers.get(1n)?.client).toBeUndefined();
  });

  describe('a dynamic file', () => {
    const POINTER = `dataDir=data\n${LIMITS}\ndynamicConfigFile=zoo.cfg.dynamic.100000002`;

    it('holds the members, and their version in its name', async () => {
      write('zoo.cfg.dynamic.100000002', THREE);
      const ensemble = await ensembleOf(POINTER);
      expect([ensemble.config.version, ensemble.config.servers.size, ensemble.isStatic]).toEqual([
        0x100000002n,
        3,
        false,
      ]);
      expect(ensemble.lastSeen).toBeUndefined();
    });

    it.each([
      ['zoo.cfg.dynamic', 0n],
      ['members', 0n],
      ['zoo.cfg.dynamic.7f00000001', 0x7f00000001n],
      ['zoo.face', 0xfacen],
    ])('called %s has the version %s', async (name, version) => {
      write(name, THREE);
      const { config } = await ensembleOf(`dataDir=data\n${LIMITS}\ndynamicConfigFile=${name}`);
      expect(config.version).toBe(version);
    });

    it('may be followed by one that was only seen, with its version inside', async () => {
      write('zoo.cfg.dynamic.100000002', THREE);
      write('zoo.cfg.dynamic.next', `${THREE}\nserver.4=d:1:2;2181\nversion=100000009`);
      const { lastSeen } = await ensembleOf(POINTER);
      expect([lastSeen?.version, lastSeen?.servers.size]).toEqual([0x100000009n, 4]);
    });

    it.each([
      [
        'a version inside',
        `${THREE}\nversion=5`,
        '',
        'zoo.cfg.dynamic.100000002:4: version does not belong into a dynamic file: the end of its name is the version',
      ],
      [
        'another key',
        `${THREE}\ntickTime=5`,
        '',
        'zoo.cfg.dynamic.100000002:4: tickTime does not belong into a dynamic file, only server, group and weight lines do',
      ],
      [
        'a bad line',
        'server.1=a',
        '',
        'zoo.cfg.dynamic.100000002:1: server.1=a: expected host:quorumPort:electionPort[:role]',
      ],
      [
        'members in both files',
        THREE,
        '\nserver.9=i:1:2',
        'zoo.cfg:5: member lines belong into dynamicConfigFile (zoo.cfg.dynamic.100000002) once that is set',
      ],
      [
        'a group in the other file',
        THREE,
        '\ngroup.1=1',
        'zoo.cfg:5: member lines belong into dynamicConfigFile (zoo.cfg.dynamic.100000002) once that is set',
      ],
      [
        'no file',
        undefined,
        '',
        'zoo.cfg:4: dynamicConfigFile: zoo.cfg.dynamic.100000002: cannot be read: there is no such file',
      ],
    ])('stops the start with %s', async (_title, text, more, problem) => {
      if (text !== undefined) write('zoo.cfg.dynamic.100000002', text);
      expect(await problemsOf(`${POINTER}${more}`)).toEqual([problem]);
    });

    it('stops the start when what was seen cannot be read', async () => {
      write('zoo.cfg.dynamic.100000002', THREE);
      write('zoo.cfg.dynamic.next', `${THREE}\nversion=0x5`);
      expect(await problemsOf(POINTER)).toEqual(['zoo.cfg.dynamic.next:4: version must be hexadecimal']);
    });
  });

  describe('what nothing acts on yet', () => {
    const unwired = KEYS.filter((spec) => spec.isUnwired === true);

    it('is a warning when it is set, and not when it is set to what happens anyway', async () => {
      const known = unwired.find((spec) => spec.kind === 'whole' && spec.default !== undefined);
      if (known === undefined) return;
      const set = (value: string): Promise<readonly string[]> => warningsOf(`${BASE}\n${known.name}=${value}`);
      expect(await set('17')).toEqual([`settings without effect: not supported by this version: ${known.name}`]);
      expect(await set(known.default ?? '')).toEqual([]);
    });

    it('is only for ensembles: a standalone server notes it', async () => {
      const { warnings, notes } = await load('dataDir=./data\nleaderServes=no');
      expect([warnings, notes]).toEqual([[], ['settings without effect: used by ensembles only: leaderServes']]);
    });

    it('names only keys that exist, and that ensembles have', async () => {
      const { UNWIRED } = await import('../keys/unwired.js');
      const isKnown = (name: string): boolean =>
        name.endsWith('*')
          ? KEYS.some((spec) => spec.name.startsWith(name.slice(0, -1)))
          : indexKeys().byName(name) !== undefined;
      expect(UNWIRED.filter((name) => !isKnown(name))).toEqual([]);
      expect(unwired.filter((spec) => !['ensemble', 'unsupported'].includes(spec.status))).toEqual([]);
    });
  });

  const SAMPLES: Readonly<Record<string, string>> = {
    whole: '77',
    port: '77',
    ratio: '0.5',
    path: 'other.pem',
    list: 'TLSv1.2',
    text: 'Other',
    true: 'false',
    false: 'true',
    yes: 'no',
    need: 'want',
    sslQuorum: 'false',
    portUnification: 'false',
    'quorum.auth.enableSasl': 'false',
    'quorum.auth.serverRequireSasl': 'false',
    'quorum.auth.learnerRequireSasl': 'false',
    'ssl.quorum.keyStore.type': 'JKS',
    'ssl.quorum.trustStore.type': 'JKS',
  };

  it('has a place for every key that ensembles look at', () => {
    write('one.pem', '');
    write('other.pem', '');
    const digest = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
    write(
      'logins',
      `QuorumServer { ${digest} user_a="b"; }; QuorumLearner { ${digest} username="a" password="b"; };` +
        `Other { ${digest} user_c="d" username="c" password="d"; };`,
    );
    const rich = [
      LIMITS,
      'sslQuorum=true',
      'portUnification=true',
      'ssl.quorum.keyStore.location=one.pem',
      'ssl.quorum.trustStore.location=one.pem',
      'quorum.auth.enableSasl=true',
      'quorum.auth.learnerRequireSasl=true',
      'quorum.auth.serverRequireSasl=true',
      'java.security.auth.login.config=logins',
    ].join('\n');
    /** The member list is read elsewhere. */
    const elsewhere = ['group.*', 'weight.*', 'version'];
    // Whether it is acted on is another question.
    const keys = KEYS.map((spec) => ({ ...spec, isUnwired: false }));
    const resultOf = (more: string): string => {
      const { settings } = gatherSettings({
        file: { text: `${rich}\n${more}`, label: 'f' },
        environment: {},
        flags: [],
      });
      const reader = new SettingReader(settings, indexKeys(keys));
      const lines = THREE.split('\n').map((line) => ({ key: line.slice(0, 8), value: line.slice(9), where: 'f' }));
      const membership = readMembership(lines, { version: 0n, allowsSeveralAddresses: false }, reader.problems);
      if (membership === undefined) throw new Error(reader.problems.join());
      const context = { membership, lastSeen: undefined, serverId: 1n, tickTimeMs: 2000, workingDirectory: directory };
      const result = buildEnsemble(reader, context);
      return JSON.stringify({ ...result, config: undefined, serverId: undefined, problems: reader.problems });
    };
    const before = resultOf('');
    expect(before).toContain('"problems":[]');
    for (const spec of KEYS.filter(({ status, name }) => status === 'ensemble' && !elsewhere.includes(name))) {
      const sample = SAMPLES[spec.name] ?? SAMPLES[spec.ours ?? spec.default ?? ''] ?? SAMPLES[spec.kind] ?? '';
      expect([spec.name, resultOf(`${spec.name}=${sample}`) === before]).toEqual([spec.name, false]);
    }
  });

  it.each([
    ['sslQuorum=true', 'sslQuorum'],
    ['quorum.auth.enableSasl=true', 'quorum.auth.enableSasl'],
  ])('does not start without protection that %s asks for', async (line, name) => {
    const problems = await problemsOf(`${BASE}\n${line}`);
    const isUnwired = indexKeys().byName(name)?.isUnwired === true;
    expect(problems.includes(`zoo.cfg:7: ${name}: this version does not protect connections between members`)).toBe(
      isUnwired,
    );
    expect(problems).not.toEqual([]);
  });
});
