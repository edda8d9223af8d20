import { indexKeys } from '../key-index.js';
import { KEYS } from '../keys/index.js';
import { SettingReader } from '../setting-reader.js';
import { gatherSettings } from '../settings.js';
import { buildEnsemble } from './build-ensemble.js';
import { readMembership } from './membership.js';
import { BASE, EnsembleFiles, LIMITS, THREE } from '../../../test/ensemble-files.js';

describe('the keys of ensembles', () => {
  let files: EnsembleFiles;

  beforeEach(() => {
    files = new EnsembleFiles();
  });

  afterEach(() => files.remove());

  it('are only for ensembles: a standalone server notes them', async () => {
    const { warnings, notes } = await files.load('dataDir=./data\nleaderServes=no');
    expect([warnings, notes]).toEqual([[], ['settings without effect: used by ensembles only: leaderServes']]);
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
    files.write('one.pem', '');
    files.write('other.pem', '');
    const digest = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
    files.write(
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
    const resultOf = (more: string): string => {
      const { settings } = gatherSettings({
        file: { text: `${rich}\n${more}`, label: 'f' },
        environment: {},
        flags: [],
      });
      const reader = new SettingReader(settings, indexKeys());
      const lines = THREE.split('\n').map((line) => ({ key: line.slice(0, 8), value: line.slice(9), where: 'f' }));
      const membership = readMembership(lines, { version: 0n, allowsSeveralAddresses: false }, reader.problems);
      if (membership === undefined) throw new Error(reader.problems.join());
      const context = {
        membership,
        lastSeen: undefined,
        serverId: 1n,
        tickTimeMs: 2000,
        workingDirectory: files.directory,
      };
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
    ['sslQuorum=true', /sslQuorum needs a certificate and its key: set ssl\.quorum\.keyStore\.location/],
    ['portUnification=true', /portUnification needs a certificate and its key/],
    ['quorum.auth.enableSasl=true', /quorum\.auth\.enableSasl=true needs java\.security\.auth\.login\.config/],
    ['quorum.auth.learnerRequireSasl=true', /learnerRequireSasl=true needs quorum\.auth\.enableSasl=true/],
  ])('are too few with %s alone', async (line, problem) => {
    expect(await files.problemsOf(`${BASE}\n${line}`)).toEqual([expect.stringMatching(problem)]);
  });
});
