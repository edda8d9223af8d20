import { indexKeys, variableOf } from './key-index.js';
import { KEYS } from './keys/index.js';
import { effectiveDefault } from './key-spec.js';
import {
  readBoolean,
  readChoice,
  readDuration,
  readFlag,
  readPort,
  readRatio,
  readWhole,
  readYesNo,
} from './values.js';

describe('the key table', () => {
  const names = KEYS.map((spec) => spec.name);

  it('names each key once', () => {
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('gives no two keys the same environment variable', () => {
    const variables = names.filter((name) => !name.endsWith('*')).map(variableOf);
    expect(variables.filter((name, at) => variables.indexOf(name) !== at)).toEqual([]);
  });

  it('explains every default that differs from Apache', () => {
    expect(KEYS.filter((spec) => spec.ours !== undefined && spec.why === undefined)).toEqual([]);
    expect(KEYS.filter((spec) => spec.ours === spec.default && spec.ours !== undefined)).toEqual([]);
  });

  it('has only defaults that its own rules accept', () => {
    const readers = {
      whole: readWhole,
      port: readPort,
      ratio: readRatio,
      boolean: readBoolean,
      flag: readFlag,
      'yes-no': readYesNo,
      choice: readChoice,
      duration: readDuration,
    } as const;
    for (const spec of KEYS) {
      for (const text of [spec.default, effectiveDefault(spec)]) {
        if (text === undefined || !(spec.kind in readers)) continue;
        const result = readers[spec.kind as keyof typeof readers](spec, text);
        expect([spec.name, text, 'problem' in result ? result.problem : undefined]).toEqual([
          spec.name,
          text,
          undefined,
        ]);
      }
    }
  });

  it('describes every key with a sentence', () => {
    expect(KEYS.filter((spec) => !/^[A-Za-z`0-9].*[.]$/.test(spec.meaning))).toEqual([]);
  });
});

describe('indexKeys', () => {
  const index = indexKeys();

  it.each([
    ['a plain key', 'tickTime', 'tickTime'],
    ['a family', 'server.1', 'server.*'],
    ['the exact key before its family', 'metricsProvider.className', 'metricsProvider.className'],
    ['a key of the family', 'metricsProvider.reporter', 'metricsProvider.*'],
  ])('finds %s by name', (_title, name, expected) => {
    expect(index.byName(name)?.name).toBe(expected);
  });

  it.each(['server.', 'TICKTIME', 'zookeeper.forceSync', ''])('does not find %p by name', (name) => {
    expect(index.byName(name)).toBeUndefined();
  });

  it.each([
    ['zookeeper.forceSync', 'forceSync'],
    ['jute.maxbuffer', 'jute.maxbuffer'],
    ['zookeeper.jute.maxbuffer.extrasize', 'jute.maxbuffer.extrasize'],
    ['fsync.warningthresholdms', 'fsync.warningthresholdms'],
    ['zookeeper.fsync.warningthresholdms', 'fsync.warningthresholdms'],
    ['zookeeper.observer.syncEnabled', 'syncEnabled'],
    ['zookeeper.authProvider.sasl', 'authProvider.*'],
  ])('finds %s by property', (property, expected) => {
    expect(index.byProperty(property)?.name).toBe(expected);
  });

  it.each(['tickTime', 'zookeeper.tickTime', 'forceSync', 'zookeeper.jute.maxbuffer'])(
    'knows that %s is no property',
    (property) => {
      expect(index.byProperty(property)).toBeUndefined();
    },
  );

  it.each([
    ['ZK_TICKTIME', 'tickTime'],
    ['zk_tickTime', 'tickTime'],
    ['ZK_4LW_COMMANDS_WHITELIST', '4lw.commands.whitelist'],
    ['ZK_JUTE_MAXBUFFER', 'jute.maxbuffer'],
    ['ZK_REQUEST_THROTTLE_MAX_REQUESTS', 'request_throttle_max_requests'],
    ['ZK_FIPS_MODE', 'fips-mode'],
  ])('finds the environment variable %s', (variable, expected) => {
    expect(index.byVariable(variable)?.name).toBe(expected);
  });
});
