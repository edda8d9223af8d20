import * as fc from 'fast-check';
import { EnsembleConfig } from './ensemble-config.js';
import { formatServerSpec, parseServerSpec } from './server-spec.js';
import { HierarchicalVerifier, MajorityVerifier, type QuorumVerifier, withSurvivor } from './verifiers.js';
import { type Candidate, NOBODY, beats, isQuorumOfAll } from './votes.js';

const ids = (...numbers: number[]): Set<bigint> => new Set(numbers.map(BigInt));
const range = (count: number): bigint[] => Array.from({ length: count }, (_, i) => BigInt(i + 1));

describe('a majority', () => {
  it.each([
    [1, [1], true],
    [1, [], false],
    [2, [1], false],
    [3, [1, 3], true],
    [3, [2], false],
    [4, [1, 2], false],
    [5, [1, 2, 5], true],
    [3, [1, 7, 8, 9], false],
  ])('of %i servers: %j is one: %s', (count, acks, expected) => {
    expect(new MajorityVerifier(range(count)).isQuorum(ids(...acks))).toBe(expected);
  });
});

describe('groups and weights', () => {
  const groups = new Map([
    [1n, ids(1, 2, 3)],
    [2n, ids(4, 5, 6)],
    [3n, ids(7, 8, 9)],
  ]);

  it.each([
    [[1, 2, 4, 5], true],
    [[1, 2, 3, 4, 7], false],
    [[1, 4, 7], false],
    [[2, 3, 8, 9], true],
    [[], false],
  ])('%j has a majority in a majority of groups: %s', (acks, expected) => {
    expect(new HierarchicalVerifier(range(9), groups, new Map()).isQuorum(ids(...acks))).toBe(expected);
  });

  it('does not count a group without weight', () => {
    const verifier = new HierarchicalVerifier(range(9), groups, new Map([7n, 8n, 9n].map((id) => [id, 0])));
    expect(verifier.isQuorum(ids(1, 2))).toBe(false);
    expect(verifier.isQuorum(ids(1, 2, 5, 6))).toBe(true);
    expect(verifier.weightOf(7n)).toBe(0);
    expect(verifier.weightOf(99n)).toBe(0);
    const half = new HierarchicalVerifier(
      range(6),
      new Map([...groups].slice(0, 2)),
      new Map([4n, 5n, 6n].map((id) => [id, 0])),
    );
    expect(half.isQuorum(ids(1, 2))).toBe(true);
  });

  it('does not count the weight of an observer, neither as given nor as needed', () => {
    const verifier = new HierarchicalVerifier(range(2), new Map([[1n, ids(1, 2, 3)]]), new Map([[3n, 9]]));
    expect(verifier.isQuorum(ids(1, 2))).toBe(true);
    expect(verifier.isQuorum(ids(1, 3))).toBe(false);
  });

  it('wants every voter in exactly one group', () => {
    expect(() => new HierarchicalVerifier(range(10), groups, new Map())).toThrow('server 10');
    expect(
      () =>
        new HierarchicalVerifier(
          range(2),
          new Map([
            [1n, ids(1, 2)],
            [2n, ids(2)],
          ]),
          new Map(),
        ),
    ).toThrow('two groups');
  });

  it.each([-1, 0.5, NaN])('wants no weight of %s', (weight) => {
    const one = new Map([[1n, ids(1)]]);
    expect(() => new HierarchicalVerifier(range(1), one, new Map([[1n, weight]]))).toThrow(`weight.1=${weight}`);
  });
});

describe('a survivor', () => {
  const groups = new Map([[1n, ids(1, 2)]]);

  it.each<[string, QuorumVerifier, bigint, number[], boolean]>([
    ['of two is a quorum', new MajorityVerifier(range(2)), 1n, [1], true],
    ['of two and an observer is a quorum', new MajorityVerifier(range(2)), 1n, [1, 3], true],
    ['of two with the other one is a quorum', new MajorityVerifier(range(2)), 1n, [1, 2], true],
    ['of two leaves the other one none', new MajorityVerifier(range(2)), 1n, [2], false],
    ['of three is no quorum', new MajorityVerifier(range(3)), 1n, [1], false],
    ['without a vote is no quorum', new MajorityVerifier(range(2)), 3n, [3], false],
    ['of a group of two is no quorum', new HierarchicalVerifier(range(2), groups, new Map()), 1n, [1], false],
  ])('%s', (_what, verifier, survivor, servers, expected) => {
    expect(withSurvivor(verifier, survivor).isQuorum(ids(...servers))).toBe(expected);
  });

  it('changes neither who has a vote nor what it weighs', () => {
    const verifier = withSurvivor(new MajorityVerifier(range(2)), 2n);
    expect([verifier.voters, verifier.weightOf(1n)]).toEqual([ids(1, 2), 1]);
  });
});

describe('any quorum system', () => {
  const system = fc.oneof(
    fc.integer({ min: 1, max: 9 }).map((count): QuorumVerifier => new MajorityVerifier(range(count))),
    fc
      .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 9 })
      .map((servers): QuorumVerifier => {
        const groups = new Map<bigint, Set<bigint>>();
        servers.forEach(([group], i) => {
          const members = groups.get(BigInt(group)) ?? new Set<bigint>();
          groups.set(BigInt(group), members.add(BigInt(i + 1)));
        });
        const weights = new Map(servers.map(([, weight], i) => [BigInt(i + 1), weight]));
        return new HierarchicalVerifier(range(servers.length), groups, weights);
      }),
  );
  const subset = fc.uniqueArray(fc.integer({ min: 1, max: 12 })).map((members) => ids(...members));

  it('has quorums that intersect in a voter', () => {
    fc.assert(
      fc.property(system, subset, subset, (verifier, a, b) => {
        if (!verifier.isQuorum(a) || !verifier.isQuorum(b)) return;
        expect([...a].some((id) => b.has(id) && verifier.voters.has(id))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps a quorum when more servers join in', () => {
    fc.assert(
      fc.property(system, subset, subset, (verifier, a, b) => {
        if (verifier.isQuorum(a)) expect(verifier.isQuorum(new Set([...a, ...b]))).toBe(true);
      }),
    );
  });
});

describe('the order of votes', () => {
  const verifier = new MajorityVerifier(range(3));
  const vote = (peerEpoch: bigint, zxid: bigint, leader: bigint): Candidate => ({ peerEpoch, zxid, leader });

  it.each([
    ['a later epoch', vote(2n, 1n, 1n), vote(1n, 9n, 3n), true],
    ['a longer log', vote(1n, 9n, 1n), vote(1n, 8n, 3n), true],
    ['a higher id', vote(1n, 9n, 3n), vote(1n, 9n, 1n), true],
    ['the same', vote(1n, 9n, 3n), vote(1n, 9n, 3n), false],
    ['a zxid with the top bit set, which is negative,', vote(1n, -1n, 3n), vote(1n, 9n, 1n), false],
    ['a server against nobody', vote(0n, 0n, 1n), vote(NOBODY, NOBODY, NOBODY), true],
  ])('%s wins over the other: %#', (_name, a, b, expected) => {
    expect(beats(verifier, a, b)).toBe(expected);
  });

  it('is total and transitive', () => {
    const any = fc.tuple(fc.bigInt(0n, 2n), fc.bigInt(0n, 3n), fc.bigInt(1n, 3n)).map((v) => vote(...v));
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        const isSame = a.peerEpoch === b.peerEpoch && a.zxid === b.zxid && a.leader === b.leader;
        expect(Number(beats(verifier, a, b)) + Number(beats(verifier, b, a))).toBe(isSame ? 0 : 1);
        if (beats(verifier, a, b) && beats(verifier, b, c)) expect(beats(verifier, a, c)).toBe(true);
      }),
    );
  });

  it('lets nobody without weight win', () => {
    const weighed = new HierarchicalVerifier(range(2), new Map([[1n, ids(1, 2)]]), new Map([[2n, 0]]));
    expect(beats(weighed, vote(5n, 5n, 2n), vote(0n, 0n, 1n))).toBe(false);
  });
});

it('asks for a quorum of every configuration on its way', () => {
  const both = [new MajorityVerifier(range(3)), new MajorityVerifier(ids(3, 4, 5))];
  expect(isQuorumOfAll(both, ids(1, 2))).toBe(false);
  expect(isQuorumOfAll(both, ids(2, 3, 4))).toBe(true);
  expect(isQuorumOfAll(both.slice(0, 1), ids(1, 2))).toBe(true);
  expect(isQuorumOfAll([], ids(1))).toBe(false);
});

describe('a server line', () => {
  it.each([
    ['h:2888:3888', 'h:2888:3888:participant'],
    ['h:2888:3888:observer', 'h:2888:3888:observer'],
    ['h:2888:3888;2181', 'h:2888:3888:participant;0.0.0.0:2181'],
    ['h:2888:3888:PARTICIPANT;10.0.0.1:2181', 'h:2888:3888:participant;10.0.0.1:2181'],
    ['[::1]:2888:3888;[::]:2181', '[0:0:0:0:0:0:0:1]:2888:3888:participant;[0:0:0:0:0:0:0:0]:2181'],
    ['[2001:DB8::00a:b]:1:2;3', '[2001:db8:0:0:0:0:a:b]:1:2:participant;0.0.0.0:3'],
    ['[1:2:3:4:5:6:7:8]:1:2', '[1:2:3:4:5:6:7:8]:1:2:participant'],
    ['[::1.2.3.4]:1:2', '[0:0:0:0:0:0:102:304]:1:2:participant'],
    ['[::ffff:1.2.3.4]:1:2', '1.2.3.4:1:2:participant'],
    ['[1:2:3:4:5:6:7::]:1:2', '[1:2:3:4:5:6:7:0]:1:2:participant'],
    ['[ffff:0:0:0:0:0:0:ffff]:1:2', '[ffff:0:0:0:0:0:0:ffff]:1:2:participant'],
    ['[1::ffff:1.2.3.4]:1:2', '[1:0:0:0:0:ffff:102:304]:1:2:participant'],
    ['[::ffff:255.0.0.255]:1:2', '255.0.0.255:1:2:participant'],
    ['[2001:db8::1]:1:2|30.0.0.1:1:2', '[2001:db8:0:0:0:0:0:1]:1:2|30.0.0.1:1:2:participant'],
    ['b:1:2|a:3:4:observer;5', 'a:3:4|b:1:2:observer;0.0.0.0:5'],
  ])('%s is printed as %s', (text, printed) => {
    expect(formatServerSpec(parseServerSpec(1n, text))).toBe(printed);
    expect(formatServerSpec(parseServerSpec(1n, printed))).toBe(printed);
  });

  it.each([
    'fe80::1%eth0',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '1::2::3',
    '1:2:3:4:5:6::7::',
    '12345::',
    'g::',
    '::1.2.3.256',
    '::1.2.3',
    '::1.2.3.4.5',
    '::0x1.2.3.4',
    '::1.2.3.',
  ])('keeps the host %s as it is, since it is no IPv6 address', (host) => {
    expect(formatServerSpec(parseServerSpec(1n, `[${host}]:1:2`))).toBe(`[${host}]:1:2:participant`);
  });

  it.each([
    'h',
    'h:1',
    'h:1:2:3:4',
    'h:x:2',
    'h:1:70000',
    'h:1:2:learner',
    '[::1:1:2',
    'h:1:2;a;b',
    'h:1:2;a:b:3',
    'h:1:1',
    'h:1:2:observer|g:1:2:participant',
  ])('%s is refused', (text) => {
    expect(() => parseServerSpec(1n, text)).toThrow(`server.1=${text}`);
  });
});

describe('a configuration', () => {
  const text =
    'server.1=127.0.0.1:23281:23881:participant\nserver.2=127.0.0.1:23282:23882:participant\n' +
    'server.3=127.0.0.1:23283:23883:observer\nversion=100000002';

  it('is printed as it was read', () => {
    const config = EnsembleConfig.parse(text);
    expect(config.text).toBe(text);
    expect([config.version, [...config.voters]]).toEqual([0x100000002n, [1n, 2n]]);
  });

  it('is read as Java properties: any order, comments, blanks, escapes', () => {
    const config = EnsembleConfig.parse(
      '# by hand\r\n! and so\nserver.2 = b\\:1\\:2\r\n\n  server.1: a:1:2:\\\n   observer\n',
    );
    expect(config.text).toBe('server.1=a:1:2:observer\nserver.2=b:1:2:participant\nversion=0');
  });

  it('is the same when versions or members are', () => {
    const config = EnsembleConfig.parse(text);
    expect(config.isSameAs(config.withVersion(9n))).toBe(true);
    expect(config.isSameAs(EnsembleConfig.parse('server.1=a:1:2\nversion=100000002'))).toBe(true);
    expect(config.isSameAs(EnsembleConfig.parse('server.1=a:1:2\nversion=1'))).toBe(false);
  });

  it('is printed in the order of the numbers, however it was written', () => {
    const written = [
      'server.10=c:1:2',
      'server.9=b:1:2',
      'server.-1=a:1:2',
      'group.3=10',
      'group.-2= 9:-1',
      'weight.10= 2',
    ];
    expect(EnsembleConfig.parse([...written, 'version= a'].join('\n')).text.split('\n')).toEqual([
      'server.-1=a:1:2:participant',
      'server.9=b:1:2:participant',
      'server.10=c:1:2:participant',
      'group.-2=-1:9',
      'group.3=10',
      'weight.-1=1',
      'weight.9=1',
      'weight.10=2',
      'version=a',
    ]);
  });

  it.each([
    ['weights alone: everybody is in no group', 'server.1=a:1:2\nweight.1=2', 'server 1'],
    ['a group of a server that is none', 'server.1=a:1:2\ngroup.1=1:x', 'group.1'],
  ])('is not made of %s', (_what, bad, message) => {
    expect(() => EnsembleConfig.parse(bad)).toThrow(message);
  });

  it('leaves other keys alone', () => {
    expect(EnsembleConfig.parse('server.1=a:1:2\ntickTime=2000\nweights.1=x').text).toBe(
      'server.1=a:1:2:participant\nversion=0',
    );
  });

  it('was never changed when it has no version', () => {
    expect(new EnsembleConfig(EnsembleConfig.parse('server.1=a:1:2').servers).version).toBe(0n);
  });

  it('has groups and weights', () => {
    const config = EnsembleConfig.parse('server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.1=0');
    expect(config.text.split('\n').slice(2)).toEqual(['group.1=1:2', 'weight.1=0', 'weight.2=1', 'version=0']);
    expect(config.verifier.isQuorum(ids(2))).toBe(true);
    expect(config.verifier.isQuorum(ids(1))).toBe(false);
  });

  it.each([
    ['server.x=a:1:2', 'server.x'],
    ['version=0x1', 'version=0x1'],
    ['server.1', 'not key=value'],
    ['server.1=a:1:2\ngroup.1=2', 'server 1'],
  ])('%s is refused', (bad, message) => {
    expect(() => EnsembleConfig.parse(bad)).toThrow(message);
  });

  // Looked at in a way that takes the square or the cube of their number, the test would not end.
  it.each([
    ['blanks and a separator of lines that is none', `server.1${' '.repeat(20_000)}b\u2028c`],
    ['blanks alone', `server.1${' '.repeat(1_000_000)}`],
    ['a key alone', 'a'.repeat(1_000_000)],
  ])('%s are refused, however many they are', (_what, text) => {
    expect(() => EnsembleConfig.parse(text)).toThrow();
  });
});
