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
    expect(found).toEqual({ election_time: '1 in 200 ms', unavailable_time: '1 in 500 ms', ...expected });
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
