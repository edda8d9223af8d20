import { EnsembleStats, type RoleAndPhase } from './ensemble-stats.js';

type Step = readonly [atMs: number, role: RoleAndPhase['role'], phase: string, isServing?: 'serving'];

function after(...steps: readonly Step[]): EnsembleStats {
  const stats = new EnsembleStats();
  for (const [atMs, role, phase, isServing] of steps) {
    stats.changed({ role, phase, isServing: isServing !== undefined }, atMs);
  }
  return stats;
}

const times = ({ count, sum }: { count: number; sum: number }): string => `${count} in ${sum} ms`;

/** A server that starts at 0, elects for 200 ms and serves at 500. */
const beginning = (role: 'leader' | 'follower' | 'observer'): readonly Step[] => [
  [0, 'looking', 'election'],
  [200, role, 'discovery'],
  [260, role, 'synchronization'],
  [500, role, 'broadcast', 'serving'],
];

describe('the times of an ensemble', () => {
  it.each<['leader' | 'follower' | 'observer', Readonly<Record<string, string>>]>([
    [
      'leader',
      { leader_unavailable_time: '1 in 500 ms', follower_sync_time: '0 in 0 ms', observer_sync_time: '0 in 0 ms' },
    ],
    [
      'follower',
      { leader_unavailable_time: '0 in 0 ms', follower_sync_time: '1 in 240 ms', observer_sync_time: '0 in 0 ms' },
    ],
    [
      'observer',
      { leader_unavailable_time: '0 in 0 ms', follower_sync_time: '0 in 0 ms', observer_sync_time: '1 in 240 ms' },
    ],
  ])('of a server that became a %s', (role, expected) => {
    const stats = after(...beginning(role));
    const found = Object.fromEntries(
      Object.entries(stats.summaries()).map(([name, summary]) => [name, times(summary)]),
    );
    const always = { election_time: '1 in 200 ms', unavailable_time: '1 in 500 ms' };
    const never = { inflight_snap_count: '0 in 0 ms', inflight_diff_count: '0 in 0 ms' };
    expect(found).toEqual({ ...always, ...never, ...expected });
    expect(stats.counts.looking_count).toBe(1);
  });

  it('count a time without service once, however many elections it takes', () => {
    const stats = after(
      ...beginning('follower'),
      [1000, 'looking', 'election'],
      [1100, 'follower', 'discovery'],
      [1300, 'looking', 'election'],
      [1350, 'leader', 'discovery'],
      [1400, 'leader', 'broadcast', 'serving'],
    );
    expect(times(stats.unavailableTimes)).toBe('2 in 900 ms');
    expect(times(stats.leaderUnavailableTimes)).toBe('1 in 400 ms');
    expect(times(stats.electionTimes)).toBe('3 in 350 ms');
    expect(stats.counts.looking_count).toBe(3);
  });

  it('do not count what is told twice', () => {
    const stats = after([0, 'looking', 'election'], [50, 'looking', 'election'], [200, 'leader', 'discovery']);
    expect([stats.counts.looking_count, times(stats.electionTimes)]).toEqual([1, '1 in 200 ms']);
  });
});

describe('the latencies of an ensemble', () => {
  it('run from a proposal to its commit, in order', () => {
    const stats = after(...beginning('leader'));
    for (const atMs of [600, 601, 610]) stats.proposed(atMs);
    for (const atMs of [604, 604]) stats.committed(atMs);
    expect([stats.quorumLatency.count, stats.quorumLatency.sumMs]).toEqual([2, 7]);
    expect([stats.counts.proposal_count, stats.counts.commit_count]).toEqual([3, 2]);
  });

  it('end with the role: what was proposed and is committed by a later leader is nobody’s latency', () => {
    const stats = after(...beginning('leader'));
    stats.proposed(600);
    for (const [atMs, role, phase, serving] of beginning('leader')) {
      stats.changed({ role, phase, isServing: serving !== undefined }, 1000 + atMs);
    }
    stats.proposed(2000);
    stats.committed(2003);
    expect([stats.quorumLatency.count, stats.quorumLatency.sumMs]).toEqual([1, 3]);
  });

  it('run from the time of a transaction to when it is applied, unless clocks are apart', () => {
    const stats = new EnsembleStats();
    stats.applied(1000, 1012);
    stats.applied(1000, 990);
    expect([stats.propagationLatency.count, stats.propagationLatency.maxMs]).toEqual([1, 12]);
  });
});
