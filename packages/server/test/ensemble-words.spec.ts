import { defaultServerOptions } from '../src/index.js';
import { EnsembleConfig } from '@zk/quorum';
import { utf8Bytes, utf8Text } from '@zk/jute';
import type { ClientConnection } from '../src/client-connection.js';
import { EnsembleStats } from '../src/ensemble-stats.js';
import type { EnsembleView, LeadingView } from '../src/ensemble-view.js';
import { FourLetterWords } from '../src/four-letter/words.js';
import { Harness } from './harness.js';

const CONFIG = EnsembleConfig.parse(
  [
    'server.1=127.0.0.1:26586:26596:participant;127.0.0.1:26606',
    'server.2=127.0.0.1:26587:26597:participant;127.0.0.1:26607',
    'server.3=a:1:2|b:3:4:participant;127.0.0.1:26608',
    'server.4=127.0.0.1:26589:26599:observer;127.0.0.1:26609',
    'version=100000000',
  ].join('\n'),
);

const LEADING: LeadingView = {
  learners: 3,
  syncedFollowers: 2,
  syncedNonVotingFollowers: 0,
  syncedObservers: 1,
  pendingSyncs: 0,
  sinceMs: 0,
  proposalBytes: { last: 87, min: 48, max: 91 },
};

describe('four-letter words in an ensemble', () => {
  let harness: Harness;
  let view: EnsembleView;

  beforeEach(async () => {
    harness = await Harness.inVirtualTime().start();
    view = {
      serverId: 1n,
      mode: 'follower',
      phase: 'broadcast',
      syncMode: undefined,
      config: CONFIG,
      initLimitTicks: 10,
      syncLimitTicks: 5,
      master: 3n,
      leading: undefined,
      observersServed: undefined,
      stats: new EnsembleStats(),
    };
  });

  afterEach(() => harness.stop());

  async function ask(word: string, change: Partial<EnsembleView> = {}): Promise<string> {
    const { server, storage, time } = harness;
    const options = { ...defaultServerOptions, fourLetterWords: ['*'] };
    const words = new FourLetterWords(server, storage, options, time, () => ({ ...view, ...change }));
    let answer: Promise<Uint8Array> | undefined;
    const connection: Pick<ClientConnection, 'answerInPlainText'> & { client: { received: number } } = {
      client: { received: 0 },
      answerInPlainText: (give) => (answer = give()),
    };
    const bytes = utf8Bytes(word);
    words.handle(connection as ClientConnection, bytes, 0, bytes.length);
    if (answer === undefined) throw new Error(`${word} is no word`);
    return utf8Text(await answer);
  }

  async function metricsOf(change: Partial<EnsembleView> = {}): Promise<Map<string, string>> {
    const lines = (await ask('mntr', change)).trimEnd().split('\n');
    return new Map(lines.map((line) => line.slice('zk_'.length).split('\t') as [string, string]));
  }

  it.each<[EnsembleView['mode'], string]>([
    ['follower', 'rw'],
    ['leader', 'rw'],
    ['observer', 'rw'],
    ['read-only', 'ro'],
  ])('isro of a server that is %s: %s', async (mode, expected) => {
    expect(await ask('isro', { mode })).toBe(expected);
  });

  it.each<[EnsembleView['mode']]>([['follower'], ['observer']])(
    'srvr of one that is %s ends with its node count',
    async (mode) => {
      expect((await ask('srvr', { mode })).split('\n').slice(-4)).toEqual([
        'Zxid: 0x0',
        `Mode: ${mode}`,
        'Node count: 5',
        '',
      ]);
    },
  );

  it('srvr of a leader tells the sizes of proposals', async () => {
    expect((await ask('srvr', { mode: 'leader', leading: LEADING })).split('\n').slice(-4)).toEqual([
      'Mode: leader',
      'Node count: 5',
      'Proposal sizes last/min/max: 87/48/91',
      '',
    ]);
  });

  it.each(['srvr', 'stat'])('%s of a read-only server says so before anything else', async (word) => {
    const lines = (await ask(word, { mode: 'read-only' })).split('\n');
    expect(lines[0]).toMatch(/^Zookeeper version: /);
    expect(lines[1]).toBe('READ-ONLY mode; serving only read-only clients');
    expect(lines).toContain('Mode: read-only');
  });

  describe('conf', () => {
    const tail = async (change: Partial<EnsembleView> = {}): Promise<string> => {
      const text = await ask('conf', change);
      return text.slice(text.indexOf('serverId='));
    };

    it('has the limits, the ports and the members, and no newline at its end', async () => {
      expect(await tail()).toBe(
        'serverId=1\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\nelectionPort=26596\nquorumPort=26586\npeerType=0\n' +
          `membership: \n${CONFIG.text}`,
      );
    });

    it('has peerType 1 for an observer', async () => {
      expect(await tail({ serverId: 4n, mode: 'observer' })).toContain('\npeerType=1\nmembership: \n');
    });

    it('has all ports of a server with several addresses', async () => {
      expect(await tail({ serverId: 3n })).toContain('\nelectionPort=2|4\nquorumPort=1|3\n');
    });

    it('leaves the members out on a read-only server', async () => {
      expect((await tail({ mode: 'read-only' })).endsWith('\nquorumPort=26586\npeerType=0\n')).toBe(true);
    });
  });

  describe('dump', () => {
    it('of a learner lists all sessions with their timeouts, for it is the leader who ends them', async () => {
      harness.server.database.sessions = new Map([
        [0x3000179f5920000n, 30_000],
        [0x1000179f53b0000n, 10_000],
      ]);
      expect((await ask('dump')).split('\n').slice(0, 5)).toEqual([
        'SessionTracker dump:',
        'Global Sessions(2):',
        '0x1000179f53b0000\t10000ms',
        '0x3000179f5920000\t30000ms',
        'ephemeral nodes dump:',
      ]);
    });

    it('of a leader lists when they end', async () => {
      expect((await ask('dump', { mode: 'leader' })).split('\n')[1]).toBe('Session Sets (0)/(0):');
    });
  });

  describe('mntr', () => {
    it.each<[Partial<EnsembleView>, string, string | undefined]>([
      [{ mode: 'leader' }, 'leader', 'leading - broadcast'],
      [{}, 'follower', 'following - broadcast'],
      [{ phase: 'synchronization', syncMode: 'diff' }, 'follower', 'following - synchronization - diff'],
      [{ phase: 'synchronization' }, 'follower', 'following - synchronization'],
      [{ mode: 'observer' }, 'observer', 'observing - broadcast'],
      [{ mode: 'read-only', phase: 'election' }, 'read-only', undefined],
    ])('of %j says that it is a %s: %s', async (change, state, peer) => {
      const lines = (await ask('mntr', change)).split('\n');
      expect(lines[1]).toBe(`zk_server_state\t${state}`);
      expect(lines[2]?.startsWith('zk_peer_state\t') ? lines[2].slice('zk_peer_state\t'.length) : undefined).toBe(peer);
    });

    it('of a leader knows its learners', async () => {
      await harness.time.advance(1500);
      const metrics = await metricsOf({ mode: 'leader', leading: LEADING });
      const expected = {
        quorum_size: '3',
        learners: '3',
        synced_followers: '2',
        synced_non_voting_followers: '0',
        synced_observers: '1',
        pending_syncs: '0',
        leader_uptime: String(Math.round(harness.time.monotonicMs())),
        last_proposal_size: '87',
        min_proposal_size: '48',
        max_proposal_size: '91',
      };
      expect(Object.fromEntries(Object.keys(expected).map((name) => [name, metrics.get(name)]))).toEqual(expected);
    });

    it.each<[string, Partial<EnsembleView>, string | undefined]>([
      ['quorum_size', {}, '3'],
      ['quorum_size', { mode: 'read-only' }, undefined],
      ['observer_master_id', {}, undefined],
      ['observer_master_id', { mode: 'observer' }, '3'],
      ['synced_observers', {}, undefined],
      ['synced_observers', { observersServed: 2 }, '2'],
      ['learners', {}, undefined],
    ])('has %s with %j as %s', async (name, change, expected) => {
      expect((await metricsOf(change)).get(name)).toBe(expected);
    });

    it('counts all sessions of the ensemble', async () => {
      harness.server.database.sessions = new Map([[1n, 1000]]);
      expect((await metricsOf()).get('global_sessions')).toBe('1');
    });

    it('counts what the server went through, until srst', async () => {
      view.stats.changed({ role: 'looking', phase: 'election', isServing: false }, 100);
      view.stats.changed({ role: 'follower', phase: 'broadcast', isServing: true }, 350);
      view.stats.synchronizing('snap', 1);
      view.stats.synchronizing('trunc', 2);
      view.stats.synchronizing('diff', 3);
      view.stats.proposed(400);
      view.stats.acknowledged(2n, 5);
      view.stats.acknowledged(-1n, 6);
      view.stats.committed(403);
      view.stats.proposalReceived(0, 7);
      view.stats.commitReceived(0, 8);
      view.stats.applied(0, 9);
      const read = async (): Promise<(string | undefined)[]> => {
        const metrics = await metricsOf();
        const names = [
          'looking_count',
          'snap_count',
          'diff_count',
          'sum_inflight_snap_count',
          'sum_inflight_diff_count',
          'learner_proposal_received_count',
          'learner_commit_received_count',
          'sum_election_time',
          'cnt_follower_sync_time',
          'p50_quorum_ack_latency',
          'p95_proposal_latency',
          'p99_commit_propagation_latency',
          'p999_propagation_latency',
        ];
        return names.map((name) => metrics.get(name));
      };
      const ackLatencies = async (): Promise<string[]> =>
        [...(await metricsOf())].filter(([name]) => /^p50_-?\d+_ack_latency$/.test(name)).map((line) => line.join(' '));
      expect(await read()).toEqual(['1', '1', '2', '1', '5', '1', '1', '250', '1', '3', '7', '8', '9']);
      expect(await ackLatencies()).toEqual(['p50_2_ack_latency 5', 'p50_-1_ack_latency 6']);
      await ask('srst');
      expect(await ackLatencies()).toEqual([]);
      expect(new Set(await read())).toEqual(new Set(['0']));
    });
  });
});
