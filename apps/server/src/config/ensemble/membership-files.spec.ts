import type { StateStore } from '@zk/contracts';
import { EnsembleConfig } from '@zk/quorum';
import { indexKeys } from '../key-index.js';
import { SettingReader } from '../setting-reader.js';
import { gatherSettings } from '../settings.js';
import { loadMembers } from './load-members.js';
import { MembershipFiles } from './membership-files.js';

/** What three Apache ZooKeeper 3.9.5 servers and an observer had, and wrote. */
const MEMBERS = [
  'server.1=127.0.0.1:26586:26596:participant;127.0.0.1:26606',
  'server.2=127.0.0.1:26587:26597:participant;127.0.0.1:26607',
  'server.3=127.0.0.1:26588:26598:participant;127.0.0.1:26608',
];
const OBSERVER = 'server.4=127.0.0.1:26589:26599:observer;127.0.0.1:26609';
const STATIC = [
  '# kept by hand',
  'tickTime=2000',
  'clientPort=26606',
  'clientPortAddress=127.0.0.1',
  'clientPortListenBacklog=100',
  'peerType=participant',
  'initLimit=10',
  'syncLimit=5',
  '  server.1 : 127.0.0.1:26586:26596:participant;\\',
  '    127.0.0.1:26606',
  ...MEMBERS.slice(1),
  OBSERVER,
  'reconfigEnabled=true',
  '',
  '',
].join('\n');
const FIRST = 0x100000000n;
const SECOND = 0x100000008n;

const configOf = (lines: readonly string[], version: bigint): EnsembleConfig =>
  EnsembleConfig.parse(lines.join('\n')).withVersion(version);
const initial = configOf([...MEMBERS, OBSERVER], 0n);
const first = initial.withVersion(FIRST);
const second = configOf(MEMBERS, SECOND);

/** Files in memory; from the given write or removal on, nothing reaches them. */
class Files implements StateStore {
  readonly texts = new Map<string, string>([['zoo.cfg', STATIC]]);

  constructor(private allowed = Infinity) {}

  async read(name: string): Promise<string | undefined> {
    return Promise.resolve(this.texts.get(name));
  }

  async write(name: string, text: string): Promise<void> {
    this.count();
    return Promise.resolve(void this.texts.set(name, text));
  }

  async remove(name: string): Promise<void> {
    this.count();
    return Promise.resolve(void this.texts.delete(name));
  }

  private count(): void {
    if (this.allowed-- <= 0) throw new Error('the machine has crashed');
  }
}

function keeperOf(files: Files, config = initial, lastSeen?: EnsembleConfig): MembershipFiles {
  return new MembershipFiles(files, { name: 'zoo.cfg', directory: '/etc/zk', serverId: 1n, config, lastSeen });
}

/** What a server that starts makes of the files. */
function restart(files: Files): {
  config: string | undefined;
  lastSeen: string | undefined;
  problems: readonly string[];
} {
  const { settings } = gatherSettings({
    file: { text: files.texts.get('zoo.cfg') ?? '', label: 'zoo.cfg' },
    environment: {},
    flags: [],
  });
  const reader = new SettingReader(settings, indexKeys());
  const { membership, lastSeen } = loadMembers(reader, {
    settings,
    configFile: '/etc/zk/zoo.cfg',
    workingDirectory: '/',
    readFile: (path) => files.texts.get(path.replace('/etc/zk/', '')),
  });
  return { config: membership?.config.text, lastSeen: lastSeen?.text, problems: reader.problems };
}

describe('the files of a configuration', () => {
  it('are what Apache ZooKeeper writes for its first configuration', async () => {
    const files = new Files();
    const keeper = keeperOf(files);
    await keeper.backUp();
    await keeper.seen(first);
    expect(files.texts.get('zoo.cfg.dynamic.next')).toBe([...MEMBERS, OBSERVER, 'version=100000000'].join('\n'));
    await keeper.committed(first);
    expect([...files.texts.keys()].sort()).toEqual(['zoo.cfg', 'zoo.cfg.bak', 'zoo.cfg.dynamic.100000000']);
    expect(files.texts.get('zoo.cfg.bak')).toBe(STATIC);
    expect(files.texts.get('zoo.cfg.dynamic.100000000')).toBe([...MEMBERS, OBSERVER].join('\n'));
  });

  it('keep the order and the comments of the static file, and what members do not say', async () => {
    const files = new Files();
    await keeperOf(files).committed(first);
    expect(files.texts.get('zoo.cfg')).toBe(
      [
        '# kept by hand',
        'tickTime=2000',
        'clientPortListenBacklog=100',
        'initLimit=10',
        'syncLimit=5',
        'reconfigEnabled=true',
        'dynamicConfigFile=/etc/zk/zoo.cfg.dynamic.100000000',
        '',
      ].join('\n'),
    );
  });

  it('keep clientPort for a server whose line names no client address', async () => {
    const files = new Files();
    const without = [...MEMBERS, OBSERVER].map((line) => line.replace(/;.*/, ''));
    await keeperOf(files).committed(configOf(without, FIRST));
    expect(files.texts.get('zoo.cfg')).toContain('clientPort=26606\nclientPortAddress=127.0.0.1\n');
  });

  it('point to the next configuration and leave the file of the former', async () => {
    const files = new Files();
    const keeper = keeperOf(files);
    await keeper.committed(first);
    await keeper.committed(second);
    expect([...files.texts.keys()].sort()).toEqual([
      'zoo.cfg',
      'zoo.cfg.dynamic.100000000',
      'zoo.cfg.dynamic.100000008',
    ]);
    expect(files.texts.get('zoo.cfg')?.match(/^dynamicConfigFile=.*$/gm)).toEqual([
      'dynamicConfigFile=/etc/zk/zoo.cfg.dynamic.100000008',
    ]);
    expect(restart(files)).toEqual({ config: second.text, lastSeen: undefined, problems: [] });
  });

  it('sort their lines as text', async () => {
    const files = new Files();
    const lines = ['server.10=h:1:2:participant', 'server.9=h:1:2:participant', 'group.1=9:10', 'weight.9=2'];
    await keeperOf(files).seen(configOf(lines, FIRST));
    expect(files.texts.get('zoo.cfg.dynamic.next')?.split('\n')).toEqual([
      'group.1=9:10',
      'server.10=h:1:2:participant',
      'server.9=h:1:2:participant',
      'version=100000000',
      'weight.10=1',
      'weight.9=2',
    ]);
  });

  it.each<[string, (keeper: MembershipFiles) => Promise<void>]>([
    ['an older one that is seen', (keeper) => keeper.seen(initial)],
    ['the same that is seen again', (keeper) => keeper.seen(first)],
    ['the same that is committed again', (keeper) => keeper.committed(first)],
  ])('do not change for %s', async (_title, call) => {
    const files = new Files(0);
    await call(keeperOf(files, first));
    expect([...files.texts.keys()]).toEqual(['zoo.cfg']);
  });

  it('keep what was seen while an earlier configuration becomes the committed one', async () => {
    const files = new Files();
    const keeper = keeperOf(files);
    await keeper.seen(second);
    await keeper.committed(first);
    expect(restart(files)).toEqual({ config: first.text, lastSeen: second.text, problems: [] });
  });

  it('are written in the order of the calls', async () => {
    const files = new Files();
    const keeper = keeperOf(files);
    await Promise.all([keeper.seen(first), keeper.committed(first), keeper.seen(second), keeper.committed(second)]);
    expect(restart(files)).toEqual({ config: second.text, lastSeen: undefined, problems: [] });
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('say one configuration or the other after a crash at write %i', async (allowed) => {
    const files = new Files(allowed);
    const keeper = keeperOf(files);
    await Promise.allSettled([
      keeper.seen(first),
      keeper.committed(first),
      keeper.seen(second),
      keeper.committed(second),
    ]);
    const { config, lastSeen, problems } = restart(files);
    expect(problems).toEqual([]);
    const possible = [
      [initial.text, undefined],
      [first.text, first.text],
      [first.text, undefined],
      [first.text, second.text],
      [second.text, second.text],
      [second.text, undefined],
    ];
    expect(possible).toContainEqual([config, lastSeen]);
  });

  it('can be written again after a disk was full', async () => {
    const files = new Files(2);
    const keeper = keeperOf(files);
    await keeper.seen(first);
    await expect(keeper.committed(first)).rejects.toThrow('crashed');
    Object.assign(files, { allowed: Infinity });
    await keeper.committed(first);
    expect(restart(files)).toEqual({ config: first.text, lastSeen: undefined, problems: [] });
  });

  it('name the static file when it is gone', async () => {
    const files = new Files();
    files.texts.clear();
    await expect(keeperOf(files).committed(first)).rejects.toThrow('/etc/zk/zoo.cfg is gone');
  });
});
