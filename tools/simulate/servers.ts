/** The runs of `npm run simulate -- --servers`: whole servers with their clients. */
import { INVARIANTS, PLANTED, ServerSimulation, type ServerSimulationResult, plantedBug } from '@zk/server-simulation';

export interface ServerRuns {
  /** 0: 3 or 5, as the seed has it. */
  readonly servers: number;
  /** Moments at which the membership changes; -1: as the seed has it. */
  readonly changes: number;
  /** 0: many. */
  readonly seed: number;
  readonly seeds: number;
  readonly from: number;
  readonly faults: number;
  readonly durationMs: number;
  readonly planted: boolean;
  readonly bug: string | undefined;
  readonly trace: boolean;
}

/** A planted bug has to be found within so many seeds. */
const PLANTED_SEEDS = 200;
const LAST_LINES = 80;
const PROGRESS_MS = 5000;

/** @returns the exit code */
export async function simulateServers(runs: ServerRuns): Promise<number> {
  if (runs.planted) return plantedBugs(runs);
  return runs.seed > 0 ? oneSeed(runs) : manySeeds(runs);
}

function run(
  { servers, changes, faults, durationMs }: ServerRuns,
  seed: number,
  bug: string | undefined,
  trace?: (line: string) => void,
): Promise<ServerSimulationResult> {
  const options = {
    seed,
    faults,
    durationMs,
    ...(servers > 0 && { servers }),
    ...(changes >= 0 && { reconfigurations: changes }),
    ...(bug !== undefined && plantedBug(bug)),
    ...(trace && { trace }),
  };
  return new ServerSimulation(options).run();
}

async function oneSeed(runs: ServerRuns): Promise<number> {
  const lines: string[] = [];
  const result = await run(runs, runs.seed, runs.bug, (line) => lines.push(line));
  for (const line of runs.trace ? lines : lines.slice(-LAST_LINES)) console.log(line);
  console.log(summary(runs, result));
  return result.violation === undefined ? 0 : 1;
}

function summary(runs: ServerRuns, result: ServerSimulationResult): string {
  const { seed, servers, simulatedMs, committed, acknowledged, answered, events, violation } = result;
  const what =
    `seed ${seed}: ${servers} servers, ${(simulatedMs / 1000).toFixed(1)} s, ${committed} transactions, ` +
    `${acknowledged} writes acknowledged, ${answered} reads, ${events} events`;
  return violation === undefined
    ? `${what}, no violation`
    : `${what}\n${violation.message}\nreplay: ${replay(runs, seed)}`;
}

function replay({ servers, changes, faults, durationMs, bug }: ServerRuns, seed: number): string {
  const planted = `${changes < 0 ? '' : ` --changes ${changes}`}${bug === undefined ? '' : ` --bug ${bug}`}`;
  return `npm run simulate -- --servers ${servers} --seed ${seed} --faults ${faults} --duration ${durationMs}${planted}`;
}

/** What many runs add up to. */
class Totals {
  seeds = 0;
  failed = 0;
  readonly counts = new Map<string, number>();
  private simulatedMs = 0;
  private readonly startedMs = performance.now();
  private shownMs = this.startedMs;

  add({
    violation,
    simulatedMs,
    counts,
    steps,
    committed,
    acknowledged,
    answered,
    events,
  }: ServerSimulationResult): void {
    this.seeds++;
    if (violation !== undefined) this.failed++;
    this.simulatedMs += simulatedMs;
    const all = { steps, 'transactions committed': committed, 'writes acknowledged': acknowledged };
    const more = { 'reads answered': answered, 'watched events': events };
    for (const [what, count] of [...counts, ...Object.entries({ ...all, ...more })])
      this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  /** Now and then. */
  showProgress(of: number): void {
    if (performance.now() - this.shownMs < PROGRESS_MS) return;
    this.shownMs = performance.now();
    console.log(`${this.seeds} of ${of} seeds, ${this.failed} failed, ${this.speed}`);
  }

  get speed(): string {
    const seconds = (performance.now() - this.startedMs) / 1000;
    const simulated = this.simulatedMs / 1000;
    return `${simulated.toFixed(0)} s simulated in ${seconds.toFixed(1)} s: ${(simulated / seconds).toFixed(0)} s per second`;
  }
}

async function manySeeds(runs: ServerRuns): Promise<number> {
  const { from, seeds, faults, durationMs } = runs;
  console.log(`whole servers, seeds ${from} to ${from + seeds - 1}, ${durationMs} ms and ${faults} faults each`);
  console.log(`invariants: ${Object.keys(INVARIANTS).join(', ')}`);
  const totals = new Totals();
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await run(runs, seed, runs.bug);
    totals.add(result);
    if (result.violation !== undefined) console.log(summary(runs, result));
    totals.showProgress(seeds);
  }
  for (const [what, count] of [...totals.counts].sort()) console.log(`${String(count).padStart(9)}  ${what}`);
  console.log(totals.speed);
  const { failed } = totals;
  console.log(`${failed === 0 ? 'no violation' : 'violations'}: ${seeds - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** The proof that the checkers bite. */
async function plantedBugs(runs: ServerRuns): Promise<number> {
  let missed = 0;
  for (const [name, { what }] of Object.entries(PLANTED)) {
    const found = await findBug(runs, name);
    if (found === undefined) missed++;
    const where =
      found === undefined ? `NOT FOUND in ${PLANTED_SEEDS} seeds` : `seed ${found.seed}, ${found.violation!.message}`;
    console.log(`${name}: ${what}\n    ${where}`);
  }
  const all = Object.keys(PLANTED).length;
  console.log(`${all - missed} of ${all} planted bugs found, each within ${PLANTED_SEEDS} seeds`);
  return missed === 0 ? 0 : 1;
}

async function findBug(runs: ServerRuns, name: string): Promise<ServerSimulationResult | undefined> {
  for (let seed = runs.from; seed < runs.from + PLANTED_SEEDS; seed++) {
    const result = await run(runs, seed, name);
    if (result.violation !== undefined) return result;
  }
  return undefined;
}
