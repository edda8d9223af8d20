/** The runs of `npm run simulate` without `--servers`: ensembles of peers, without the servers around them. */
import { INVARIANTS, PLANTED, Simulation, type SimulationResult, plantedOptions } from '@zk/simulation';

export interface PeerRuns {
  readonly seed: number;
  readonly seeds: number;
  readonly from: number;
  readonly steps: number;
  readonly faults: number;
  readonly voters: number;
  readonly groups: number;
  readonly planted: boolean;
  readonly bug: string | undefined;
  readonly trace: boolean;
}

/** A planted bug has to be found within so many seeds. */
const PLANTED_SEEDS = 200;
const LAST_LINES = 60;

/** @returns the exit code */
export function simulatePeers(options: PeerRuns): number {
  if (options.planted) return plantedBugs(options);
  return options.seed > 0 ? oneSeed(options) : manySeeds(options);
}

function run(
  { steps, faults, voters, groups }: PeerRuns,
  seed: number,
  bug: string | undefined,
  trace?: (line: string) => void,
): SimulationResult {
  const planted = bug === undefined ? {} : plantedOptions(bug);
  const size = { ...(voters > 0 ? { voters } : {}), ...(groups > 0 ? { groups } : {}) };
  return new Simulation({ seed, steps, faults, ...planted, ...size, ...(trace === undefined ? {} : { trace }) }).run();
}

function oneSeed(options: PeerRuns): number {
  const lines: string[] = [];
  const result = run(options, options.seed, options.bug, (line) => lines.push(line));
  for (const line of options.trace ? lines : lines.slice(-LAST_LINES)) console.log(line);
  console.log(summary(options, result));
  return result.violation === undefined ? 0 : 1;
}

function summary(options: PeerRuns, result: SimulationResult): string {
  const { seed, steps, simulatedMs, committed, acknowledged, violation } = result;
  const what = `seed ${seed}: ${steps} steps, ${(simulatedMs / 1000).toFixed(1)} s, ${committed} committed, ${acknowledged} acknowledged`;
  return violation === undefined
    ? `${what}, no violation`
    : `${what}\n${violation.message}\nreplay: ${replay(options, seed)}`;
}

function replay(options: PeerRuns, seed: number): string {
  const bug = options.bug === undefined ? '' : ` --bug ${options.bug}`;
  const voters = options.voters > 0 ? ` --voters ${options.voters}` : '';
  const groups = options.groups > 0 ? ` --groups ${options.groups}` : '';
  return `npm run simulate -- --seed ${seed} --steps ${options.steps} --faults ${options.faults}${voters}${groups}${bug}`;
}

function manySeeds(options: PeerRuns): number {
  console.log(
    `seeds ${options.from} to ${options.from + options.seeds - 1}, ${options.steps} steps and ${options.faults} faults each`,
  );
  console.log(`invariants: ${Object.keys(INVARIANTS).join(', ')}`);
  const startedMs = performance.now();
  const counts = new Map<string, number>();
  const total = { steps: 0, simulatedMs: 0, committed: 0, acknowledged: 0 };
  let failed = 0;
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    const result = run(options, seed, options.bug);
    total.steps += result.steps;
    total.simulatedMs += result.simulatedMs;
    total.committed += result.committed;
    total.acknowledged += result.acknowledged;
    for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    if (result.violation === undefined) continue;
    failed++;
    console.log(summary(options, result));
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
function plantedBugs(options: PeerRuns): number {
  let missed = 0;
  for (const [name, { what }] of Object.entries(PLANTED)) {
    const found = findBug(options, name);
    if (found === undefined) missed++;
    const where =
      found === undefined ? `NOT FOUND in ${PLANTED_SEEDS} seeds` : `seed ${found.seed}, ${found.violation!.message}`;
    console.log(`${name}: ${what}\n    ${where}`);
  }
  const all = Object.keys(PLANTED).length;
  console.log(`${all - missed} of ${all} planted bugs found, each within ${PLANTED_SEEDS} seeds`);
  return missed === 0 ? 0 : 1;
}

function findBug(options: PeerRuns, name: string): SimulationResult | undefined {
  for (let seed = options.from; seed < options.from + PLANTED_SEEDS; seed++) {
    const result = run(options, seed, name);
    if (result.violation !== undefined) return result;
  }
  return undefined;
}
