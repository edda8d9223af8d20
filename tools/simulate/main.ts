/** `npm run simulate`: whole ensembles in virtual time, one per seed. See README.md. */
import { INVARIANTS, PLANTED, Simulation, type SimulationResult, plantedOptions } from '@zk/simulation';
import { flag, number, optionalText, parseOptions } from '../lib/options.js';

const options = parseOptions('simulate', 'Runs ensembles under seeds, with faults, and checks them after every step.', {
  seed: number(0, 'n', 'run this seed only, and print what happens'),
  seeds: number(2_000, 'n', 'how many seeds'),
  from: number(1, 'n', 'the first seed'),
  steps: number(2_000, 'n', 'events of each before everything is healed'),
  faults: number(3, 'n', 'moments at which something goes wrong'),
  voters: number(0, 'n', '3 or 5, or any number; 0 leaves it to the seed'),
  groups: number(0, 'n', 'hierarchical quorums with so many groups'),
  planted: flag('plant every known bug, and find each'),
  bug: optionalText('name', 'plant this bug'),
  trace: flag('with --seed: every transition, not only the last ones'),
});

/** A planted bug has to be found within so many seeds. */
const PLANTED_SEEDS = 200;
const LAST_LINES = 60;

const size = {
  ...(options.voters > 0 ? { voters: options.voters } : {}),
  ...(options.groups > 0 ? { groups: options.groups } : {}),
};

process.exit(options.planted ? plantedBugs() : options.seed > 0 ? oneSeed(options.seed) : manySeeds());

function run(seed: number, bug: string | undefined, trace?: (line: string) => void): SimulationResult {
  const planted = bug === undefined ? {} : plantedOptions(bug);
  const { steps, faults } = options;
  return new Simulation({ seed, steps, faults, ...planted, ...size, ...(trace === undefined ? {} : { trace }) }).run();
}

function oneSeed(seed: number): number {
  const lines: string[] = [];
  const result = run(seed, options.bug, (line) => lines.push(line));
  for (const line of options.trace ? lines : lines.slice(-LAST_LINES)) console.log(line);
  console.log(summary(result));
  return result.violation === undefined ? 0 : 1;
}

function summary(result: SimulationResult): string {
  const { seed, steps, simulatedMs, committed, acknowledged, violation } = result;
  const what = `seed ${seed}: ${steps} steps, ${(simulatedMs / 1000).toFixed(1)} s, ${committed} committed, ${acknowledged} acknowledged`;
  return violation === undefined ? `${what}, no violation` : `${what}\n${violation.message}\nreplay: ${replay(seed)}`;
}

function replay(seed: number): string {
  const bug = options.bug === undefined ? '' : ` --bug ${options.bug}`;
  const voters = options.voters > 0 ? ` --voters ${options.voters}` : '';
  const groups = options.groups > 0 ? ` --groups ${options.groups}` : '';
  return `npm run simulate -- --seed ${seed} --steps ${options.steps} --faults ${options.faults}${voters}${groups}${bug}`;
}

function manySeeds(): number {
  console.log(
    `seeds ${options.from} to ${options.from + options.seeds - 1}, ${options.steps} steps and ${options.faults} faults each`,
  );
  console.log(`invariants: ${Object.keys(INVARIANTS).join(', ')}`);
  const startedMs = performance.now();
  const counts = new Map<string, number>();
  const total = { steps: 0, simulatedMs: 0, committed: 0, acknowledged: 0 };
  let failed = 0;
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    const result = run(seed, options.bug);
    total.steps += result.steps;
    total.simulatedMs += result.simulatedMs;
    total.committed += result.committed;
    total.acknowledged += result.acknowledged;
    for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    if (result.violation === undefined) continue;
    failed++;
    console.log(summary(result));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  for (const [what, count] of [...counts].sort()) console.log(`${String(count).padStart(9)}  ${what}`);
  console.log(
    `${total.steps} steps, ${total.committed} transactions committed, ${total.acknowledged} acknowledged to clients`,
  );
  const ratio = total.simulatedMs / 1000 / seconds;
  console.log(
    `${(total.simulatedMs / 1000).toFixed(0)} s simulated in ${seconds.toFixed(1)} s: ${ratio.toFixed(0)} s per second`,
  );
  console.log(
    failed === 0
      ? `no violation: ${options.seeds} passed, 0 failed`
      : `violations: ${options.seeds - failed} passed, ${failed} failed`,
  );
  return failed === 0 ? 0 : 1;
}

/** The proof that the checkers bite. */
function plantedBugs(): number {
  let missed = 0;
  for (const [name, { what }] of Object.entries(PLANTED)) {
    const found = findBug(name);
    if (found === undefined) missed++;
    const where =
      found === undefined ? `NOT FOUND in ${PLANTED_SEEDS} seeds` : `seed ${found.seed}, ${found.violation!.message}`;
    console.log(`${name}: ${what}\n    ${where}`);
  }
  const all = Object.keys(PLANTED).length;
  console.log(`${all - missed} of ${all} planted bugs found, each within ${PLANTED_SEEDS} seeds`);
  return missed === 0 ? 0 : 1;
}

function findBug(name: string): SimulationResult | undefined {
  for (let seed = options.from; seed < options.from + PLANTED_SEEDS; seed++) {
    const result = run(seed, name);
    if (result.violation !== undefined) return result;
  }
  return undefined;
}
