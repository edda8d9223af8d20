import { PLANTED, Simulation, plantedRules } from '../src/index.js';

/** Seeds that once failed, with what they taught. They run as they ran then. */
const regressions: readonly (readonly [seed: number, steps: number, faults: number, why: string])[] = [
  [4, 2000, 3, 'an election that is being closed asked to be woken in the past'],
  [952, 2000, 3, 'a leader that was paused is established after its successor, which nobody notices'],
  [103_132, 6000, 12, 'a log that recovered must not take what was proposed before its owner heard of the failure'],
];

it.each(regressions)('seed %i (%i steps, %i faults): %s', (seed, steps, faults) => {
  expect(new Simulation({ seed, steps, faults }).run().violation).toBeUndefined();
});

it.each([3, 5])('sixty seeds with %i voters violate nothing', (voters) => {
  for (let seed = 5001; seed <= 5060; seed++) {
    const result = new Simulation({ seed, voters, steps: 1500 }).run();
    expect([seed, result.violation?.message]).toEqual([seed, undefined]);
  }
});

it('a seed replays to the same lines', () => {
  const run = (): string[] => {
    const lines: string[] = [];
    const result = new Simulation({ seed: 17, faults: 6, trace: (line) => lines.push(line) }).run();
    return [...lines, JSON.stringify({ ...result, counts: [...result.counts] })];
  };
  const first = run();
  expect(first.length).toBeGreaterThan(20);
  expect(run()).toEqual(first);
});

describe('a planted bug is found within 200 seeds', () => {
  it.each(Object.keys(PLANTED))('%s', (name) => {
    for (let seed = 1; seed <= 200; seed++) {
      if (new Simulation({ seed, rules: plantedRules(name) }).run().violation !== undefined) return;
    }
    throw new Error(`${name} was not found`);
  });
});
