import { FAULTS, PLANTED, Simulation, type SimulationOptions, plantedOptions } from '../src/index.js';

/** What went wrong in runs before clocks did. */
const withoutClocks = Object.keys(FAULTS).filter((name) => !name.startsWith('clock'));
/** What there was before reconfigurations. */
const fixedMembers = {
  faultKinds: withoutClocks,
  reconfigurations: 0,
  isFuzzy: false,
  groups: 0,
  hasObserverMasters: false,
};
/** One change of the membership after the other. */
const restless = {
  faultKinds: withoutClocks,
  faults: 6,
  reconfigurations: 8,
  spares: 2,
  hasObserverMasters: false,
};

/** Seeds that once failed, with what they taught. They run as they ran then. */
const regressions: readonly (readonly [seed: number, options: Partial<SimulationOptions>, why: string])[] = [
  [4, fixedMembers, 'an election that is being closed asked to be woken in the past'],
  [952, fixedMembers, 'a leader that was paused is established after its successor, which nobody notices'],
  [
    103_132,
    { ...fixedMembers, steps: 6000, faults: 12 },
    'a log that recovered must not take what was proposed before its owner heard of the failure',
  ],
  [100_070, restless, 'whoever has not heard of a pending configuration cannot vote for its members'],
  [100_275, restless, 'a server that gets a vote by hearing of one, in the middle of an election, has to use it'],
];

it.each(regressions)('seed %i (%j): %s', (seed, options) => {
  expect(new Simulation({ seed, ...options }).run().violation).toBeUndefined();
});

describe.each<[string, Partial<SimulationOptions>]>([
  ['with three voters', { voters: 3 }],
  ['with five voters', { voters: 5 }],
  ['with three groups', { voters: 5, groups: 3 }],
  ['with observers', { observers: 2, hasObserverMasters: false }],
  ['with observers that followers serve', { observers: 3, hasObserverMasters: true }],
  ['with many reconfigurations', { reconfigurations: 12, spares: 2 }],
])('%s', (_what, options) => {
  it('thirty seeds violate nothing', () => {
    for (let seed = 5001; seed <= 5030; seed++) {
      const result = new Simulation({ seed, steps: 1500, ...options }).run();
      expect([seed, result.violation?.message]).toEqual([seed, undefined]);
    }
  });
});

it('a seed replays to the same lines', () => {
  const run = (): string[] => {
    const lines: string[] = [];
    const options = { seed: 17, faults: 6, reconfigurations: 4, isFuzzy: true };
    const result = new Simulation({ ...options, trace: (line) => lines.push(line) }).run();
    return [...lines, JSON.stringify({ ...result, counts: [...result.counts] })];
  };
  const first = run();
  expect(first.length).toBeGreaterThan(20);
  expect(run()).toEqual(first);
});

describe('a planted bug is found within 200 seeds', () => {
  it.each(Object.keys(PLANTED))('%s', (name) => {
    let violation: unknown;
    for (let seed = 1; seed <= 200 && violation === undefined; seed++) {
      violation = new Simulation({ seed, ...plantedOptions(name) }).run().violation;
    }
    expect(violation).toBeDefined();
  });
});

it('a run has all that it is meant to have', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const { counts } = new Simulation({ seed, faults: 6 }).run();
    for (const what of counts.keys()) seen.add(what);
  }
  const synchronizations = ['DIFF', 'SNAP', 'TRUNC', 'log read'];
  const changes = ['observer at a master', 'reconfiguration', 'activation', 'handover'];
  const faults = Object.keys(FAULTS).map((name) => `fault ${name}`);
  expect([...seen]).toEqual(expect.arrayContaining([...synchronizations, ...changes, ...faults]));
});
